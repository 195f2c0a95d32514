import {
  type CompiledPolicy,
  type DetectorRule,
  type Key,
  type LeakFacts,
  type LeakRule,
  type LiveSource,
  type Policy,
  phoneCountries,
  pseudonymWords,
} from '../../anonymizers/index.ts';
import { DynDataError, type ManifestLeakScan } from '../../core/index.ts';
import type { AnyExtraction, SchemaFile, SourceSession } from '../extraction.ts';
import type { Chunk } from '../pack.ts';
import { allowanceFor, createFindings, type Findings, refuseLeaks } from './findings.ts';
import { fieldAt, fieldValue, lineAt, lineValue } from './places.ts';
import { createScanThread, type ScanThread } from './scan-thread-client.ts';
import type { Framing } from './scanner.ts';
import { watchKeys } from './watch-list.ts';

/** A leak scan on its way: made first of all, and started when the plan stands. Disposing it frees its memory. */
export type PreparedLeakScan = AsyncDisposable & {
  /** @throws DynDataError POLICY_INVALID for an allowance whose place there is none of */
  start(policy: Policy, compiled: CompiledPolicy, key: Key, sources: readonly LiveSource[]): LeakScan;
};

export type LeakScan = {
  /** Takes the real values of a source, before anything is written. */
  observe(session: Pick<SourceSession, 'observe' | 'checkNames'>, signal: AbortSignal): Promise<void>;
  /** A fresh count for one reading of a source. */
  source(live: LiveSource): SourceScan;
  /**
   * What goes into the manifest. @param scannedBytes of all that was written, each byte once
   * @throws DynDataError LEAK_FOUND
   */
  outcome(sources: readonly SourceScan[], scannedBytes: number): Promise<ManifestLeakScan>;
};

export type SourceScan = {
  /** Scans each chunk before it goes on, the next ones being made meanwhile. One with a finding does not go on: it must not reach the store. */
  chunks(extraction: Pick<AnyExtraction, 'schema' | 'name'>, framing: Framing, chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk>;
  /** False where the file must not be stored. */
  isClean(file: SchemaFile): Promise<boolean>;
  readonly found: Findings;
  readonly exempt: Findings;
};

/** Where something was found: the field's first byte, and the names under which an allowance can stand. */
type Located = { readonly start: number; readonly places: readonly [string, ...string[]]; readonly isOwn: IsOwn };
/**
 * Whether a finding is a result that the rule of its place makes. Of a document, this gives what else is written there: the finding counts if
 * it is in that as well.
 */
type IsOwn = (rule: LeakRule) => boolean | Uint8Array;
type Locate = (bytes: Uint8Array, offset: number) => Located;

/**
 * The leak scan of one build: first it takes the real values of identity columns as keyed hashes, then it looks at every byte that is written
 * for them and for what has the form of a secret.
 */
export function prepareLeakScan(): PreparedLeakScan {
  const thread = createScanThread();
  return {
    start: (policy, compiled, key, sources) => startLeakScan(thread, policy, compiled, key, sources),
    [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
  };
}

function startLeakScan(thread: ScanThread, policy: Policy, compiled: CompiledPolicy, key: Key, sources: readonly LiveSource[]): LeakScan {
  const allowances = policy.leak_scan?.allow ?? [];
  checkPlaces(
    allowances.map(({ place }) => place),
    sources,
  );
  const country = phoneCountries.find(({ iso }) => iso === policy.country.toUpperCase());
  if (!country) throw new DynDataError('INTERNAL', 'The policy was compiled with an unknown country. Please report it.');
  thread.start({
    keys: watchKeys(key),
    country,
    common: commonWords(sources),
    phonePermutations: compiled.phonePermutations,
    accountPermutations: compiled.accountPermutations,
    literals: compiled.literals,
  });

  /** True where nothing was found that the policy does not allow. */
  const isClean = async (
    bytes: Uint8Array,
    framing: Framing,
    locate: Locate,
    { found, exempt }: SourceScan,
    phoneColumns?: readonly number[],
  ): Promise<boolean> => {
    // A value that a rule finds several times, as it is and decoded, counts once.
    const seen = new Set<string>();
    let clean = true;
    for (const { rule, offset } of await thread.scan(bytes, framing, phoneColumns)) {
      const { start, places, isOwn } = locate(bytes, offset);
      const id = `${start} ${rule}`;
      if (seen.has(id)) continue;
      seen.add(id);
      const own = isOwn(rule);
      if (own === true) continue;
      if (own !== false && !(await thread.scan(own, 'text')).some((again) => again.rule === rule)) continue;
      const allowance = allowanceFor(allowances, places, rule);
      (allowance ? exempt : found).add(allowance?.place ?? places[0], rule);
      clean &&= allowance !== undefined;
    }
    return clean;
  };

  return {
    observe: (session, signal) => session.observe(compiled, thread.sink, signal),
    source(live) {
      const self: SourceScan = {
        found: createFindings(),
        exempt: createFindings(),
        chunks(extraction, framing, chunks) {
          const locate = live.kind === 'ldap' ? locateAttribute(live.name, compiled) : locateColumn(live, extraction, compiled);
          const phoneColumns =
            live.kind === 'ldap' ? [] : phoneColumnsOf(compiled.table(live.name, extraction.schema, extraction.name).leaks);
          return cleanOnes(chunks, ({ bytes }) => isClean(bytes, framing, locate, self, phoneColumns));
        },
        isClean({ name, text }) {
          const locate: Locate = (bytes, offset) => ({
            start: lineAt(bytes, offset).start,
            places: [`${live.name} schema ${name}`, `${live.name} schema`],
            // Four numbers with dots in a directory's schema are an object identifier, such as 2.5.4.3 of cn.
            isOwn: (rule) => live.kind === 'ldap' && rule === 'ip',
          });
          return isClean(Buffer.from(text), 'text', locate, self);
        },
      };
      return self;
    },
    async outcome(scans, scannedBytes) {
      refuseLeaks(scans.flatMap(({ found }) => found.all));
      const { values, indistinct, ambiguous, overflow, falsePositiveRate } = await thread.counts();
      return {
        watched: values,
        indistinct,
        ambiguous,
        overflow,
        falsePositivesPerTrillion: Math.ceil(falsePositiveRate * 1e12),
        scannedBytes,
        findings: 0,
        exemptions: scans.flatMap(({ exempt }) =>
          exempt.all.map(({ place, rule, count }) => ({
            place,
            rule,
            count,
            reason: allowanceFor(allowances, [place], rule)?.reason ?? '',
          })),
        ),
      };
    },
  };
}

/** Chunks of one table that are being scanned while the next one is made. */
const chunksAhead = 2;

/** The chunks that pass, in their order; the others give their memory back. */
async function* cleanOnes(chunks: AsyncIterable<Chunk>, passes: (chunk: Chunk) => Promise<boolean>): AsyncGenerator<Chunk> {
  const pending: { readonly chunk: Chunk; readonly passed: Promise<boolean> }[] = [];
  const settle = async function* (most: number): AsyncGenerator<Chunk> {
    while (pending.length > most) {
      const { chunk, passed } = pending.shift() as (typeof pending)[number];
      if (await passed) yield chunk;
      else chunk.release();
    }
  };
  for await (const chunk of chunks) {
    const passed = passes(chunk);
    // A failure is reported when its turn comes; until then it must not count as unhandled.
    passed.catch(() => undefined);
    pending.push({ chunk, passed });
    yield* settle(chunksAhead - 1);
  }
  yield* settle(0);
}

/** @param facts of the rules that the place can have; which of several it has is not known here */
function isResult(facts: readonly (LeakFacts | undefined)[], written: () => Uint8Array): IsOwn {
  return (rule) => {
    const own = facts.flatMap((each) => (each && !rule.startsWith('known-') && each.produces.has(rule as DetectorRule) ? [each] : []));
    if (own.some(({ without }) => without === undefined)) return true;
    return (own.length === 1 && own[0]?.without?.(written(), rule as DetectorRule)) || false;
  };
}

/** Of the rule `phone` alone: each real value of theirs is watched, so that one is found there too. */
function phoneColumnsOf(leaks: readonly (LeakFacts | undefined)[]): number[] {
  return leaks.flatMap((facts, column) => (facts?.whole === 'phone' ? [column] : []));
}

function locateColumn(live: LiveSource, { schema, name }: Pick<AnyExtraction, 'schema' | 'name'>, compiled: CompiledPolicy): Locate {
  const columns = live.kind === 'ldap' ? [] : (live.tables.find((table) => table.schema === schema && table.name === name)?.columns ?? []);
  const { leaks } = compiled.table(live.name, schema, name);
  return (bytes, offset) => {
    const { start, column } = fieldAt(bytes, offset);
    const columnName = columns[column]?.name ?? `column ${column + 1}`;
    return {
      start,
      places: [`${live.name} ${schema}.${name}.${columnName}`, `${live.name} ${name}.${columnName}`],
      isOwn: isResult(leaks.slice(column, column + 1), () => fieldValue(bytes, start)),
    };
  };
}

function locateAttribute(sourceName: string, compiled: CompiledPolicy): Locate {
  const { leaks } = compiled.directory(sourceName);
  return (bytes, offset) => {
    const { start, label } = lineAt(bytes, offset);
    return {
      start,
      places: [`${sourceName} attribute ${label}`, `${sourceName} ${label}`],
      isOwn: isResult(leaks.factsOf(label), () => lineValue(bytes, start)),
    };
  };
}

function checkPlaces(places: readonly string[], sources: readonly LiveSource[]): void {
  const known = new Set(
    sources.flatMap((source) => [
      `${source.name} schema`,
      ...(source.kind === 'ldap'
        ? ['dn', ...source.attributes].flatMap((attribute) => [`${source.name} attribute ${attribute}`, `${source.name} ${attribute}`])
        : source.tables.flatMap(({ schema, name, columns }) =>
            columns.flatMap((column) => [`${source.name} ${schema}.${name}.${column.name}`, `${source.name} ${name}.${column.name}`]),
          )),
    ]),
  );
  const wrong = places.filter((place) => !known.has(place) && !/^\S+ schema \S+$/.test(place));
  if (wrong.length === 0) return;
  throw new DynDataError('POLICY_INVALID', 'The policy allows the leak scan findings in places that do not exist. Nothing was read.', {
    details: wrong.map((place) => `leak_scan ${place}: there is no such place; write "source table.column" or "source attribute name"`),
  });
}

/** Words that are in the output without being anybody's: of anonymizers, and of the structure. */
function commonWords(sources: readonly LiveSource[]): ReadonlySet<string> {
  const words = new Set(pseudonymWords());
  const add = (text: string): void => {
    words.add(text.toLowerCase());
    for (const word of text.toLowerCase().split(/[^\p{L}\p{N}]+/u)) if (word !== '') words.add(word);
  };
  for (const source of sources) {
    add(source.name);
    if (source.kind === 'ldap') for (const text of [...source.bases, ...source.attributes]) add(text);
    else {
      for (const { schema, name, columns } of source.tables) {
        add(schema);
        add(name);
        for (const column of columns) for (const text of [column.name, column.sqlType]) add(text);
      }
    }
  }
  return words;
}
