import { createNamingTypes, type DirectoryEntry, type DirectoryPlan } from '../../anonymizers/index.ts';
import type { LdapSourceConfig } from '../../core/index.ts';
import { anyExtraction, type Extraction, type SourceSession } from '../extraction.ts';
import { hashKey } from '../key-hash.ts';
import { createLending } from '../lending.ts';
import type { Sample } from '../sample.ts';
import { translated } from '../translated.ts';
import { ldapError, openConnection } from './connection.ts';
import { dnAttributesOf } from './dn-syntax.ts';
import { entriesBelow, everything, readTexts } from './entries.ts';
import { createEntryWriter } from './ldif.ts';
import { createNameCheck } from './name-check.ts';
import { readSubschema, schemaFile } from './schema.ts';
import type { Search } from './search.ts';
import { ldapSurvey } from './survey.ts';
import { createEntryReader, type WireEntry } from './wire-entries.ts';

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
  let connection = await openConnection(name, config, password, answerTimeoutMs);
  const search: Search = (...asked) => connection.search(...asked);
  /** One search at a time. */
  const borrow = createLending([search]);
  let csnAtPoint = '';
  let attributes: string[] = [];
  const bases = [config.base].flat();
  const estimatedRows = new Map<string, number>();
  const positions = async (positionSignal: AbortSignal): Promise<string> => {
    const found: string[] = [];
    for (const base of bases) found.push(await readContextCsn(search, base, positionSignal));
    // A server that keeps no contextCSN gives no proof.
    return found.every((position) => position !== '') ? found.join(' ') : '';
  };
  const server = await guarded(() => readServer(search, signal));
  const checkNames = async ({ names, where = everything }: DirectoryPlan, namesSignal: AbortSignal): Promise<void> => {
    if (!names) return;
    const check = createNameCheck(names);
    const { entry } = createEntryReader();
    for await (const batch of entriesBelow(search, bases, { filter: where, values: true, only: names.attributes }, namesSignal))
      for (const wire of batch) check.add(entry(wire));
    check.report();
  };

  return {
    name,
    kind: 'ldap',
    server,
    parallelism: 1,
    openPoint: (pointSignal) =>
      guarded(async () => {
        csnAtPoint = await positions(pointSignal);
        const consistency = { method: 'context-csn-compared' as const, consistent: csnAtPoint !== '', notCovered: [] };
        return { at: new Date(), position: csnAtPoint, lockedMs: 0, consistency };
      }),
    describe: (describeSignal) =>
      guarded(async () => {
        const found = new Set<string>();
        const { addAttributes, dn: dnOf } = createEntryReader();
        const naming = createNamingTypes();
        for (const base of bases) {
          let entries = 0;
          const baseDepth = dnDepth(base);
          for await (const batch of entriesBelow(search, [base], { filter: everything, values: false }, describeSignal)) {
            entries += batch.length;
            for (const wire of batch) {
              addAttributes(wire, found);
              const dn = dnOf(wire);
              if (dnDepth(dn) > baseDepth) naming.add(dn);
            }
          }
          estimatedRows.set(base, entries);
        }
        attributes = [...found].sort();
        const subschema = await readSubschema(name, search, bases[0] ?? '', describeSignal);
        // Other products' definitions are not written as OpenLDAP reads them.
        const schema = server.product === 'OpenLDAP' ? [schemaFile(subschema)] : [];
        const dnAttributes = dnAttributesOf(subschema.get('attributetypes') ?? []);
        return {
          live: { name, kind: 'ldap', bases, attributes, dnAttributes, namingTypes: naming.types() },
          databases: bases.map((base) => ({ name: base, create: '' })),
          files: async () => ({ before: schema, after: [] }),
        };
      }),
    observe: (policy, sink, observeSignal) =>
      guarded(async () => {
        await using _lent = await borrow();
        const plan = policy.directory(name);
        const { leaks, identities } = plan;
        const { known } = policy;
        // All entries are read here; what `where` leaves out, whose name is nobody's matter, only the server tells.
        const names = plan.where === undefined ? plan.names : undefined;
        if (plan.where !== undefined) await checkNames(plan, observeSignal);
        const only = [...new Set([...leaks.attributes, ...((known && identities?.attributes) ?? []), ...(names?.attributes ?? [])])];
        if (only.length === 0) return;
        const check = names && createNameCheck(names);
        const { entry: entryOf } = createEntryReader();
        for await (const batch of entriesBelow(search, bases, { filter: everything, values: true, only }, observeSignal)) {
          for (const wire of batch) {
            const entry = entryOf(wire);
            leaks.observe(entry, sink.watch);
            if (known) identities?.observe(entry, known);
            check?.add(entry);
          }
          await sink.ready();
        }
        check?.report();
      }),
    checkNames: (policy, namesSignal) =>
      guarded(async () => {
        await using _lent = await borrow();
        await checkNames(policy.directory(name), namesSignal);
      }),
    extractions: (policy) =>
      bases.map((base) =>
        anyExtraction(directoryExtraction(name, base, search, attributes, estimatedRows.get(base) ?? 0, policy.directory(name))),
      ),
    sample: (rows, sampleSignal) =>
      sampleDirectory(entriesBelow(search, bases, { filter: everything, values: true }, sampleSignal), name, rows),
    async survey(ask) {
      await using lent = await borrow();
      return await ask(ldapSurvey(name, lent.item, bases));
    },
    // What is read on the new connection is of the same point if nothing has changed, which `changed` tells.
    recover: () =>
      guarded(async () => {
        await connection[Symbol.asyncDispose]();
        connection = await openConnection(name, config, password, answerTimeoutMs);
        return true;
      }),
    changed: (changedSignal) => guarded(async () => (await positions(changedSignal)) !== csnAtPoint),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

/** As it may leave this process, and whether `up --empty` carries it. */
type MaskedEntry = { readonly entry: DirectoryEntry; readonly isReference: boolean };

function directoryExtraction(
  sourceName: string,
  base: string,
  search: Search,
  attributes: readonly string[],
  estimatedRows: number,
  plan: DirectoryPlan,
): Extraction<WireEntry, MaskedEntry> {
  const baseDepth = dnDepth(base);
  const { entry: entryOf } = createEntryReader();
  const appendEntry = createEntryWriter();
  return {
    schema: base,
    name: base,
    load: `slapadd -q -b '${base.replaceAll("'", "'\\''")}'`,
    columns: attributes,
    fileExtension: 'ldif',
    estimatedRows,
    parts: [
      {
        start: '',
        async *read(signal) {
          try {
            yield* entriesBelow(search, [base], { filter: plan.where ?? everything, values: true }, signal);
          } catch (error) {
            signal.throwIfAborted();
            throw ldapError(sourceName, error);
          }
        },
      },
    ],
    // One by one: the many small objects of an entry are then garbage before the next collection.
    mask(wire) {
      const real = entryOf(wire);
      return { entry: plan.transform(real), isReference: plan.isReference(real) };
    },
    encode: ({ entry }, out) => appendEntry(out, entry),
    keyHash: ({ entry }) => hashKey([Buffer.from(entry.dn.toLowerCase())]),
    order: () => '',
    // Two streams of chunks per depth, and depths load in order: parents before children whatever order the server answered in.
    stream: ({ entry, isReference }) => 2 * (dnDepth(entry.dn) - baseDepth) + (isReference ? 0 : 1),
    isReference: (stream) => stream % 2 === 0,
  };
}

/** Of each kind of entry, which is what classes it has, the first `perKind`. */
async function* sampleDirectory(read: AsyncIterable<readonly WireEntry[]>, sourceName: string, perKind: number): AsyncGenerator<Sample> {
  const kinds = new Map<string, number>();
  const entries: DirectoryEntry[] = [];
  try {
    const reader = createEntryReader();
    for await (const batch of read) {
      for (const { bytes, start, end } of batch) {
        // A copy: an entry that is kept would hold on to everything that came with it.
        const entry = reader.entry({ bytes: bytes.slice(start, end), start: 0, end: end - start });
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

async function readContextCsn(search: Search, base: string, signal: AbortSignal): Promise<string> {
  const values = (await readTexts(search, base, ['contextCSN'], signal)).get('contextcsn') ?? [];
  return [...values].sort().join(' ');
}

async function readServer(search: Search, signal: AbortSignal): Promise<{ product: string; version: string }> {
  const root = await readTexts(search, '', ['*', '+'], signal);
  const text = (name: string): string => root.get(name)?.join() ?? '';
  if (text('vendorname')) return { product: text('vendorname'), version: text('vendorversion') || 'unknown' };
  return { product: text('objectclass').includes('OpenLDAProotDSE') ? 'OpenLDAP' : 'LDAP', version: 'unknown' };
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
