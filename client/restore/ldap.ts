import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../../core/errors.ts';
import type { ManifestTable } from '../../core/manifest.ts';
import type { ServiceContainer } from '../service-container.ts';
import { type DataService, type DataServiceOptions, restoreFailed } from './data-service.ts';
import { ldapChanges } from './ldap-changes.ts';
import { loadSchema, missingSchema } from './ldap-schema.ts';

/** Label of a service whose slapd.d lies elsewhere. */
const configLabel = 'dyn-data.ldap-config';
const defaultConfig = '/etc/ldap/slapd.d';

type NamingContext = {
  readonly suffix: string;
  readonly directory: string;
  readonly rootDn: string | undefined;
  /** An overlay of its database keeps memberOf in the entries. */
  readonly keepsMemberOf: boolean;
};

// Only these attributes leave the container: the configuration holds the administrators' password hashes.
const readConfig = `slapcat -F "$1" -n 0 -o ldif-wrap=no 2>/dev/null | grep -iE '^(dn|olcSuffix|olcDbDirectory|olcRootDN|olcOverlay):'`;
const countEntries = `slapcat -F "$1" -b "$2" -o ldif-wrap=no 2>/dev/null | LC_ALL=C grep -c '^dn:'`;
const firstNames = `slapcat -F "$1" -b "$2" -o ldif-wrap=no 2>/dev/null | grep '^dn:' | head -n 3`;

// slapadd -q writes through a map of its file, and so is ended by SIGBUS (128 + 7) where the disk has no room for a page of it.
// slapd is stopped. A server without the overlay does not know memberOf; the lines of an entry are not folded. What slapadd writes is owned by root, and must be the server's own again.
const load = `set -e
test -e "$1/cn=config.ldif" || exit 80
owner="$(stat -c %u:%g "$2")"
rm -f "$2"/*.mdb
add() { slapadd -q -F "$1" -b "$2" 2>&1 >/dev/null; }
failed=
if [ "$4" = leave-out ]; then said="$(LC_ALL=C grep -aviE '^memberOf:' | add "$1" "$3")" || failed=$?
else said="$(add "$1" "$3")" || failed=$?; fi
case "$failed:$said" in 135:*|*'No space left on device'*) exit 81 ;; esac
test -z "$failed" || exit "$failed"
chown -R "$owner" "$2"`;
const configNotShared = 80;
const noSpaceLeft = 81;

/** How long a server runs before it is taken for the one that stays. */
const settledSeconds = 3;
const readyPollMs = 300;
/** Whole seconds that the newest slapd has run; nothing where none is seen. The 22nd field is its start after the machine's, in hundredths. */
const youngestServer = `for process in /proc/[0-9]*; do
  test "$(cat "$process/comm" 2>/dev/null)" = slapd || continue
  set -- $(cat "$process/stat" 2>/dev/null)
  test $# -lt 22 || echo $(($(cut -d. -f1 /proc/uptime) - \${22} / 100))
done | sort -n | head -n 1`;

/** Less than nothing where the machine's clock is not the container's. */
const isYoung = (seconds: string): boolean => seconds !== '' && Number(seconds) >= 0 && Number(seconds) < settledSeconds;

/** LDIF on standard input, added or applied as the administrator: with the password that the container was given, else as its own root. */
const modify = `password="\${LDAP_ADMIN_PASSWORD-}"
if [ -n "\${LDAP_ADMIN_PASSWORD_FILE-}" ]; then password="$(cat "$LDAP_ADMIN_PASSWORD_FILE")"; fi
for uri in ldapi:/// ldap://127.0.0.1 ldap://127.0.0.1:1389; do
  if ldapsearch -x -H "$uri" -b '' -s base >/dev/null 2>&1; then break; fi
done
if [ -z "$password" ]; then exec ldapmodify -a -Q -Y EXTERNAL -H "$uri"; fi
umask 077
secret="$(mktemp)"
trap 'rm -f "$secret"' EXIT
printf %s "$password" > "$secret"
ldapmodify -a -x -H "$uri" -D "$1" -y "$secret"`;

/** OpenLDAP, through its own `slapadd` on the stopped server's volumes: many times faster than adding entry by entry. */
export function createLdapService({ container, source, labels, restart, oneOff, beginStep }: DataServiceOptions): DataService {
  const config = labels[configLabel] ?? defaultConfig;
  // A restore changes the schema, never the naming contexts, so they are read once.
  let known: Promise<NamingContext[]> | undefined;
  const contextOf = async (table: Pick<ManifestTable, 'name'>): Promise<NamingContext> => {
    known ??= namingContexts(container, config);
    const contexts = await known;
    const found = contexts.find(({ suffix }) => normalDn(suffix) === normalDn(table.name));
    if (found) return found;
    throw new DynDataError(
      'RESTORE_FAILED',
      `The service ${container.service} has no naming context ${table.name} (it has ${contexts.map(({ suffix }) => suffix).join(', ') || 'none'}). Set its base to the source's, for osixia/openldap with LDAP_BASE_DN, remove its volumes with \`dyn-data down -v\` and run \`dyn-data up\` again; a configuration outside ${defaultConfig} is named by the label ${configLabel}.`,
    );
  };
  const notShared = (directory: string): DynDataError =>
    new DynDataError(
      'RESTORE_FAILED',
      `The configuration of the service ${container.service} (${config}) is not on a volume, so slapadd cannot see it while the server is stopped. Give ${config} and ${directory} volumes in the compose file and run \`dyn-data up\` again.`,
    );
  const shell = (script: string, ...args: string[]) => container.exec(['sh', '-c', script, 'sh', ...args]);

  return {
    async waitReady(timeoutMs) {
      const deadlineMs = performance.now() + timeoutMs;
      // Images fill a first server, which answers too, then stop it and start the one that stays.
      for (;;) {
        const age = (await shell(youngestServer)).stdout.trim();
        if (!isYoung(age) || performance.now() > deadlineMs) return;
        await sleep(readyPollMs);
      }
    },
    async dataDirectory() {
      const [table] = source.tables;
      if (!table) throw restoreFailed(container, 'Looking for the data directory', 'the snapshot has no naming context');
      return (await contextOf(table)).directory;
    },
    async occupied() {
      const found: string[] = [];
      for (const table of source.tables) {
        const { suffix, rootDn } = await contextOf(table);
        const names = (await shell(firstNames, config, suffix)).stdout
          .split('\n')
          .filter((line) => line !== '')
          .map(ldifValue);
        // Images make the base entry and its administrator by themselves; more than that is somebody's data.
        const own = [suffix, rootDn ?? `cn=admin,${suffix}`].map(normalDn);
        if (names.some((name) => !own.includes(normalDn(name)))) found.push(`naming context ${suffix}`);
      }
      return found;
    },
    settings: async () => ({}),
    putBack: async () => undefined,
    async restore(reader, onLoaded) {
      beginStep('schema');
      const contexts = await Promise.all(source.tables.map(async (table) => ({ table, context: await contextOf(table) })));
      let carried = '';
      for (const file of source.before) carried += await reader.text(file);
      const schema = await missingSchema(container, config, carried);
      if (schema === undefined) throw restoreFailed(container, 'Reading the schema', 'ldapsearch gives no cn=Subschema');
      await restart.stop();
      if (schema.changes) {
        const configured = await oneOff(
          loadSchema,
          [config, schema.ldif === '' ? 'none' : 'some'],
          Readable.from([Buffer.from(schema.ldif)]),
        );
        if (configured.exitCode === configNotShared) throw notShared(contexts[0]?.context.directory ?? '');
        if (configured.exitCode !== 0)
          throw restoreFailed(container, "Loading the source's schema", `slapadd ended with ${configured.exitCode ?? 'a signal'}`);
      }
      beginStep('rows');
      for (const { table, context } of contexts) {
        const input = reader.table(table, onLoaded);
        const hasMemberOf = table.columns === undefined || table.columns.some((one) => one.toLowerCase().split(';')[0] === 'memberof');
        const memberOf = hasMemberOf && !context.keepsMemberOf ? 'leave-out' : 'keep';
        const { exitCode } = await oneOff(load, [config, context.directory, context.suffix, memberOf], input);
        if (exitCode === configNotShared) throw notShared(context.directory);
        if (exitCode === noSpaceLeft) throw restoreFailed(container, `Loading the naming context ${table.name}`, 'no space left on device');
        if (exitCode !== 0) {
          const unknown = schema.unknown(table.columns ?? []);
          const why =
            unknown.length === 0
              ? 'a schema that the entries use may not be configured there'
              : `the server does not know ${unknown.join(', ')}: configure the overlay that defines them, or drop them in the policy`;
          throw restoreFailed(
            container,
            `Loading the naming context ${table.name}`,
            `slapadd ended with ${exitCode ?? 'a signal'}; ${why}`,
          );
        }
      }
      beginStep('restart');
      await restart.start();
    },
    async runScript(text, onLine) {
      const [table] = source.tables;
      const { suffix, rootDn = `cn=admin,${suffix}` } = await contextOf(table ?? { name: '' });
      const result = await container.exec(['sh', '-c', modify, 'sh', rootDn], { input: text, onLine });
      return result.exitCode === 0 ? undefined : `LDAP result ${result.exitCode ?? 'unknown: it was stopped'}`;
    },
    changes: async () => ldapChanges(container, await Promise.all(source.tables.map(async (table) => (await contextOf(table)).directory))),
    async counts() {
      const counts: number[] = [];
      for (const table of source.tables)
        counts.push(Number((await shell(countEntries, config, (await contextOf(table)).suffix)).stdout.trim()));
      return counts;
    },
    async missing() {
      const missing: string[] = [];
      for (const table of source.tables) {
        const names = await shell(firstNames, config, (await contextOf(table)).suffix);
        if (names.stdout.trim() === '') missing.push(table.name);
      }
      return missing;
    },
  };
}

/** Data directories of all naming contexts of the service. */
export async function ldapDataDirectories(container: ServiceContainer, labels: Readonly<Record<string, string>>): Promise<string[]> {
  return (await namingContexts(container, labels[configLabel] ?? defaultConfig)).map(({ directory }) => directory);
}

async function namingContexts(container: ServiceContainer, config: string): Promise<NamingContext[]> {
  const result = await container.exec(['sh', '-c', readConfig, 'sh', config]);
  const entries: Map<string, string>[] = [];
  for (const line of result.stdout.split('\n')) {
    if (/^dn:/i.test(line)) entries.push(new Map());
    const attribute = line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase();
    const entry = entries.at(-1);
    if (attribute !== '' && !entry?.has(attribute)) entry?.set(attribute, ldifValue(line));
  }
  const memberOf = entries.filter((entry) => /^(?:\{\d+\})?memberof$/i.test(entry.get('olcoverlay') ?? '')).map(nameOf);
  const keepsMemberOf = (database: string): boolean =>
    memberOf.some((overlay) => overlay.endsWith(`,${database}`) || overlay.includes('}frontend,cn=config'));
  return entries.flatMap((entry) => {
    const suffix = entry.get('olcsuffix');
    const directory = entry.get('olcdbdirectory');
    if (suffix === undefined || directory === undefined) return [];
    return [{ suffix, directory, rootDn: entry.get('olcrootdn'), keepsMemberOf: keepsMemberOf(nameOf(entry)) }];
  });
}

function nameOf(entry: ReadonlyMap<string, string>): string {
  return (entry.get('dn') ?? '').toLowerCase();
}

/** The value of an LDIF line, `name: text` or `name:: base64`. */
function ldifValue(line: string): string {
  const colon = line.indexOf(':');
  if (line[colon + 1] === ':') return Buffer.from(line.slice(colon + 2).trim(), 'base64').toString();
  return line.slice(colon + 1).trim();
}

/** DNs compare without case and without spaces around their separators. */
function normalDn(dn: string): string {
  return dn
    .split(',')
    .map((part) =>
      part
        .split('=')
        .map((piece) => piece.trim())
        .join('='),
    )
    .join(',')
    .toLowerCase();
}
