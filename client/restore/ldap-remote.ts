import type { ImageReader } from '../image-reader.ts';
import { type DataServiceOptions, restoreFailed } from './data-service.ts';
import type { Loaded } from './loaded.ts';
import type { Refusal, TargetService } from './target-service.ts';

/** How to log in stands in the container of the clients. */
const login = `. /run/dyn-data/login
with() { command="$1"; shift; "$command" -x -H "$DYN_DATA_URL" -D "$DYN_DATA_USER" -y /run/dyn-data/password "$@"; }`;
/** The first names at and below a base, at most three. */
const firstNames = `${login}
with ldapsearch -LLL -o ldif-wrap=no -M -z 3 -b "$1" -s sub '(objectClass=*)' 1.1 2>/dev/null
code=$?
if [ "$code" = 4 ] || [ "$code" = 32 ]; then exit 0; fi
exit "$code"`;
const countEntries = `${login}
with ldapsearch -LLL -o ldif-wrap=no -M -E pr=1000/noprompt -b "$1" -s sub '(objectClass=*)' 1.1 2>/dev/null | LC_ALL=C grep -c '^dn:'`;
const removeAll = `${login}
with ldapdelete -M -r "$1" >/dev/null 2>&1
code=$?
if [ "$code" = 32 ]; then exit 0; fi
exit "$code"`;
/**
 * What the server makes itself and lets nobody write, whatever his rights. Lines of an entry are not folded. Printed is the result's code, and
 * of the words, which could quote data, those of a disk that cannot be written.
 */
const load = `${login}
LC_ALL=C grep -aviE '^(structuralObjectClass|entryCSN|memberOf):' | {
  with ldapadd -M -e relax 2>&1 >/dev/null
  echo "result $?"
} | LC_ALL=C grep -aoE 'txn_commit failed|^result [0-9]+$'`;

/**
 * A directory that is no container, over its protocol: slower than `slapadd`, and as somebody who may write everything, such as its rootdn. Its schema
 * must be there, since only its configuration can change that. `entryCSN` becomes the server's own.
 */
export function createRemoteLdap({ container, source }: Pick<DataServiceOptions, 'container' | 'source'>): TargetService {
  const run = (script: string, base: string, input?: AsyncIterable<Uint8Array>) =>
    container.exec(['sh', '-c', script, 'sh', base], input ? { input } : {});
  const codeOf = (exitCode: number | null): string => `LDAP result ${exitCode ?? 'unknown: it was stopped'}`;
  return {
    async connect(): Promise<Refusal | undefined> {
      const [table] = source.tables;
      const found = await run(firstNames, table?.name ?? '');
      if (found.exitCode === 0) return undefined;
      return { code: codeOf(found.exitCode), isRefused: found.exitCode === 49 || found.exitCode === 50 };
    },
    async occupied() {
      const occupied: string[] = [];
      for (const { name } of source.tables) {
        const names = (await run(firstNames, name)).stdout.split('\n').filter((line) => /^dn:/.test(line));
        // Servers make the base entry and its administrator by themselves; more than that is somebody's data.
        if (names.length > 2) occupied.push(`naming context ${name}`);
      }
      return occupied;
    },
    settings: async () => ({}),
    putBack: async () => undefined,
    async restore(reader: ImageReader, onLoaded: (chunk: Loaded) => void) {
      for (const table of source.tables) {
        const removed = await run(removeAll, table.name);
        if (removed.exitCode !== 0) throw restoreFailed(container, `Emptying the naming context ${table.name}`, codeOf(removed.exitCode));
        const input = reader.table(table, onLoaded);
        const [words = '', result] = /^(.*\n)?result (\d+)$/m.exec((await run(load, table.name, input)).stdout)?.slice(1) ?? [];
        const code = result === undefined ? null : Number(result);
        if (code === 0) continue;
        const why = [16, 17, 21, 65].includes(code ?? 0) ? '; a schema that the entries use may not be configured there' : '';
        const told = words === '' ? '' : `, ${words.trim()}`;
        throw restoreFailed(container, `Loading the naming context ${table.name}`, `${codeOf(code)}${told}${why}`);
      }
    },
    async counts() {
      return Promise.all(source.tables.map(async ({ name }) => Number((await run(countEntries, name)).stdout.trim())));
    },
  };
}
