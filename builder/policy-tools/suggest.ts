import { compilePolicy, type DirectoryEntry, parseKey, parsePolicy, type Value } from '../../anonymizers/index.ts';
import type { PolicySuggestion } from '../../core/index.ts';
import type { BuildEnvironment } from '../environment.ts';
import { type LiveSystem, withLiveSystem } from './live-system.ts';
import { type Refusal, readRefusal } from './refusal.ts';
import { suggestDirectory } from './suggest-directory.ts';
import { suggestTables } from './suggest-tables.ts';
import { isDecided, type Line, linesOf, type SuggestedSource, type Suggestion } from './suggestion.ts';
import { writeSuggestion } from './write-suggestion.ts';

/** Read from either end of each table; of a directory, of each kind of entry. */
const sampledRows = 250;
/** A line moves on at most once for each of its few rules, and each round moves every refused line. */
const mostRounds = 8;

/** Nothing is anonymized with it: it is only there because a policy cannot be compiled without a key. */
const anyKey = '0123456789abcdef'.repeat(4);

/**
 * Writes a starting policy. It is held against the live system as a build would, and a rule the compiler refuses is never in it.
 * @throws DynDataError SECRET_MISSING, those of the sources, CANCELLED
 */
export function suggestPolicy(environment: BuildEnvironment, signal: AbortSignal): Promise<PolicySuggestion> {
  return withLiveSystem(environment, signal, async (system) => {
    const bare = refusalOf('version: 1\nsources: {}\n', system);
    const sources: SuggestedSource[] = [];
    for (const { session, live } of system) {
      const rows = new Map<string, readonly (readonly Value[])[]>();
      let entries: readonly DirectoryEntry[] = [];
      for await (const sample of session.sample(sampledRows, signal)) {
        if (sample.kind === 'directory') entries = sample.entries;
        else rows.set(`${sample.schema}\0${sample.name}`, sample.rows);
      }
      if (live.kind === 'ldap') {
        const prefix = `${live.name} attribute `;
        const attributes = bare.undecided.flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []));
        sources.push(suggestDirectory(live, entries, attributes));
      } else sources.push(suggestTables(live, rows));
    }
    return settle({ environment: environment.name, sources }, system);
  });
}

/** Moves refused lines on until the compiler refuses none, leaves out what included policies decide, and writes the result. */
function settle(first: Suggestion, system: LiveSystem): PolicySuggestion {
  const suggestion = withoutIncluded(first, system);
  let refusal = refusalOf(writeSuggestion(suggestion, []), system);
  for (let round = 0; refusal.invalid.length > 0 && round < mostRounds; round += 1) {
    if (!moveOn(suggestion, refusal)) break;
    refusal = refusalOf(writeSuggestion(suggestion, []), system);
  }
  const lines = linesOf(suggestion);
  const open = [...new Set(allLines(suggestion).map(({ place }) => place))];
  const proposed = definitionsOf(suggestion);
  const others = refusal.undecided.filter(
    (line) => !open.some((place) => line === place || line.startsWith(`${place} `)) && !proposed.some((name) => line.includes(name)),
  );
  const text = writeSuggestion(suggestion, notesOf(others, refusal.invalid));
  return {
    version: 1,
    environment: suggestion.environment,
    text,
    decided: lines.filter(isDecided).length,
    undecided: lines.filter((line) => !isDecided(line)).length + proposed.length + others.length,
  };
}

/** Names of what stands in the text as a proposal, beside columns. */
function definitionsOf({ sources }: Suggestion): string[] {
  return sources.flatMap((source) =>
    source.kind === 'sql' ? source.definitions.flatMap(({ kind, name }) => (kind === 'comment' ? [] : [name])) : [],
  );
}

/** Columns that an included policy decides are not suggested again. */
function withoutIncluded(suggestion: Suggestion, system: LiveSystem): Suggestion {
  const included = suggestion.sources.filter((source) => source.kind === 'sql' && source.include.length > 0);
  if (included.length === 0) return suggestion;
  const empty = (source: SuggestedSource): SuggestedSource => (source.kind === 'sql' ? { ...source, tables: [] } : source);
  const alone = refusalOf(writeSuggestion({ ...suggestion, sources: included.map(empty) }, []), system);
  const isOpen = (line: Line): boolean => alone.undecided.some((open) => open === line.place || open.startsWith(`${line.place} `));
  return {
    ...suggestion,
    sources: suggestion.sources.map((source) =>
      source.kind === 'sql' && included.includes(source)
        ? { ...source, tables: source.tables.map((table) => ({ ...table, lines: table.lines.filter(isOpen) })) }
        : source,
    ),
  };
}

function refusalOf(text: string, system: LiveSystem): Refusal {
  try {
    compilePolicy({ policy: parsePolicy(text, 'the suggestion'), key: parseKey(anyKey), sources: system.map(({ live }) => live) });
    return { invalid: [], undecided: [], patch: [] };
  } catch (error) {
    return readRefusal(error);
  }
}

/** False where no line is to blame. */
function moveOn(suggestion: Suggestion, { invalid }: Refusal): boolean {
  let moved = false;
  for (const line of allLines(suggestion)) {
    if (!invalid.some((problem) => problem.startsWith(`${line.place}:`))) continue;
    moved ||= line.taken <= line.choice.rules.length;
    line.taken += 1;
  }
  return moved;
}

function allLines({ sources }: Suggestion): Line[] {
  return sources.flatMap((source) =>
    source.kind === 'sql'
      ? source.tables.flatMap(({ lines }) => lines)
      : [...source.attributes, ...source.classes.flatMap(({ lines }) => lines), ...source.dn],
  );
}

function notesOf(undecided: readonly string[], invalid: readonly string[]): string[] {
  return [
    ...(undecided.length > 0
      ? ['Not decided either; "dyn-data policy check" prints a patch for these:', ...undecided.map((line) => `  ${line}`)]
      : []),
    ...(invalid.length > 0 ? ['To be corrected:', ...invalid.map((line) => `  ${line}`)] : []),
  ];
}
