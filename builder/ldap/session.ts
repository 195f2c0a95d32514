import type { Client, Entry } from 'ldapts';
import type { DirectoryEntry, DirectoryPlan } from '../../anonymizers/index.ts';
import type { LdapSourceConfig } from '../../core/index.ts';
import { anyExtraction, type Extraction, type SourceSession } from '../extraction.ts';
import { hashKey } from '../key-hash.ts';
import type { Sample } from '../sample.ts';
import { translated } from '../translated.ts';
import { ldapError, openConnection } from './connection.ts';
import { everything, pages, pagesOfAll, toDirectoryEntry } from './entries.ts';
import { appendEntry } from './ldif.ts';
import { readSchema } from './schema.ts';
import { ldapSurvey } from './survey.ts';

/**
 * An LDAP source: its naming contexts over one connection. LDAP has no snapshots, so `contextCSN` is compared before and after.
 * @throws DynDataError see SourceSession
 */
export async function connectLdap(
  name: string,
  config: LdapSourceConfig,
  password: string,
  signal: AbortSignal,
  { answerTimeoutMs }: { readonly answerTimeoutMs?: number } = {},
): Promise<SourceSession> {
  signal.throwIfAborted();
  const guarded = <T>(work: () => Promise<T>): Promise<T> => translated((error) => ldapError(name, error), work);
  const client = await openConnection(name, config, password, answerTimeoutMs);
  let csnAtPoint = '';
  let attributes: string[] = [];
  const bases = [config.base].flat();
  const estimatedRows = new Map<string, number>();
  const positions = async (): Promise<string> => {
    const found: string[] = [];
    for (const base of bases) found.push(await readContextCsn(client, base));
    // A server that keeps no contextCSN gives no proof.
    return found.every((position) => position !== '') ? found.join(' ') : '';
  };
  const server = await guarded(() => readServer(client));

  return {
    name,
    kind: 'ldap',
    server,
    parallelism: 1,
    openPoint: () =>
      guarded(async () => {
        csnAtPoint = await positions();
        const consistency = { method: 'context-csn-compared' as const, consistent: csnAtPoint !== '', notCovered: [] };
        return { at: new Date(), position: csnAtPoint, lockedMs: 0, consistency };
      }),
    describe: (describeSignal) =>
      guarded(async () => {
        const found = new Set<string>();
        for (const base of bases) {
          let entries = 0;
          for await (const page of pages(client, base, { filter: everything, values: false, buffers: [] }, describeSignal)) {
            entries += page.length;
            for (const { dn: _dn, ...rest } of page) for (const attribute of Object.keys(rest)) found.add(attribute);
          }
          estimatedRows.set(base, entries);
        }
        attributes = [...found].sort();
        // Other products' definitions are not written as OpenLDAP reads them.
        const schema = server.product === 'OpenLDAP' ? [await readSchema(name, client, bases[0] ?? '')] : [];
        return {
          live: { name, kind: 'ldap', bases, attributes },
          databases: bases.map((base) => ({ name: base, create: '' })),
          files: async () => ({ before: schema, after: [] }),
        };
      }),
    observe: (policy, sink, observeSignal) =>
      guarded(async () => {
        const { leaks } = policy.directory(name);
        if (leaks.attributes.length === 0) return;
        for await (const page of pagesOfAll(
          client,
          bases,
          { filter: everything, values: true, buffers: leaks.attributes, only: true },
          observeSignal,
        )) {
          for (const entry of page) leaks.observe(toDirectoryEntry(entry), sink.watch);
          await sink.ready();
        }
      }),
    extractions: (policy) =>
      bases.map((base) =>
        anyExtraction(directoryExtraction(name, base, client, attributes, estimatedRows.get(base) ?? 0, policy.directory(name))),
      ),
    sample: (rows, sampleSignal) =>
      sampleDirectory(pagesOfAll(client, bases, { filter: everything, values: true, buffers: attributes }, sampleSignal), name, rows),
    survey: ldapSurvey(name, client, bases),
    // The question connects again. What is read after it is of the same point if nothing has changed, which `changed` tells.
    recover: () =>
      guarded(async () => {
        await positions();
        return true;
      }),
    changed: () => guarded(async () => (await positions()) !== csnAtPoint),
    [Symbol.asyncDispose]: async () => {
      await client.unbind().catch(() => undefined);
    },
  };
}

function directoryExtraction(
  sourceName: string,
  base: string,
  client: Client,
  attributes: readonly string[],
  estimatedRows: number,
  plan: DirectoryPlan,
): Extraction<DirectoryEntry> {
  const baseDepth = dnDepth(base);
  return {
    schema: base,
    name: base,
    load: `slapadd -q -b '${base.replaceAll("'", "'\\''")}'`,
    columns: attributes,
    fileExtension: 'ldif',
    estimatedRows,
    async *read(signal) {
      try {
        for await (const page of pages(client, base, { filter: plan.where ?? everything, values: true, buffers: attributes }, signal))
          yield page.map(toDirectoryEntry);
      } catch (error) {
        signal.throwIfAborted();
        throw ldapError(sourceName, error);
      }
    },
    mask: (entry) => plan.transform(entry),
    encode: (entry, out) => appendEntry(out, entry),
    keyHash: (entry) => hashKey([Buffer.from(entry.dn.toLowerCase())]),
    order: () => '',
    // One stream of chunks per depth, and depths load in order: parents before children whatever order the server answered in.
    stream: (entry) => dnDepth(entry.dn) - baseDepth,
  };
}

/** Of each kind of entry, which is what classes it has, the first `perKind`. */
async function* sampleDirectory(read: AsyncIterable<readonly Entry[]>, sourceName: string, perKind: number): AsyncGenerator<Sample> {
  const kinds = new Map<string, number>();
  const entries: DirectoryEntry[] = [];
  try {
    for await (const page of read) {
      for (const entry of page.map(toDirectoryEntry)) {
        const classes = entry.attributes.get('objectClass') ?? [];
        const kind = classes
          .map((value) => Buffer.from(value).toString('utf8').toLowerCase())
          .sort()
          .join();
        const count = kinds.get(kind) ?? 0;
        kinds.set(kind, count + 1);
        if (count < perKind) entries.push(entry);
      }
    }
  } catch (error) {
    throw ldapError(sourceName, error);
  }
  yield { kind: 'directory', entries };
}

async function readContextCsn(client: Client, base: string): Promise<string> {
  const { searchEntries } = await client.search(base, { scope: 'base', attributes: ['contextCSN'], filter: '(objectClass=*)' });
  const value = searchEntries[0]?.contextCSN ?? [];
  return (Array.isArray(value) ? value.map(String).sort() : [String(value)]).join(' ');
}

async function readServer(client: Client): Promise<{ product: string; version: string }> {
  const { searchEntries } = await client.search('', { scope: 'base', attributes: ['*', '+'], filter: '(objectClass=*)' });
  const root = searchEntries[0] ?? { dn: '' };
  const text = (key: string): string => String(root[key] ?? '');
  if (text('vendorName')) return { product: text('vendorName'), version: text('vendorVersion') || 'unknown' };
  return { product: text('objectClass').includes('OpenLDAProotDSE') ? 'OpenLDAP' : 'LDAP', version: 'unknown' };
}

/** Number of RDNs. */
export function dnDepth(dn: string): number {
  if (dn === '') return 0;
  let depth = 1;
  for (let index = 0; index < dn.length; index += 1) {
    if (dn[index] === '\\') index += 1;
    else if (dn[index] === ',') depth += 1;
  }
  return depth;
}
