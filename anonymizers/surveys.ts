import { DynDataError } from '../core/index.ts';
import type { AlikeValues, KeyedLeaves, OtherSpellings, Survey } from './api.ts';
import { createSuggestions } from './suggestions.ts';

/** How many different values there are, counted up to a bound, in how many rows. */
type Counted = { readonly values: number; readonly rows: number };

/**
 * What the source answered: paths that no rule decides, how many values there are for `fewValuesRefused` and at each path of `keyedLeaves`,
 * how many values that the rule cannot tell from another one, and how many that it tells from the one they refer to.
 */
export type SurveyAnswer = {
  readonly survey: Survey;
  readonly paths: readonly string[];
  readonly counted?: Counted;
  readonly leaves?: ReadonlyMap<string, Counted>;
  readonly alike?: number;
  readonly apart?: number;
};

/** Distinct values are counted up to one more than this. */
export const fewValues = 20;
/** Rows with a value are counted up to this. */
export const enoughRows = 1000;

/** Values that are like another one, and such as are not like the one they refer to, are looked for up to this. */
export const enoughAlike = 100;

/** Without the paths that may have few values; undefined where no other is left. */
export function leavesExcept(leaves: KeyedLeaves | undefined, mayBeFew: (path: string) => boolean): KeyedLeaves | undefined {
  const rules = new Map([...(leaves?.rules ?? [])].filter(([path]) => !mayBeFew(path)));
  if (!leaves || rules.size === 0) return undefined;
  return {
    rules,
    visit: (value, see) =>
      leaves.visit(value, (path, leaf) => {
        if (rules.has(path)) see(path, leaf);
      }),
  };
}

/** What a source answers of documents, counted in those it gave. */
export function countLeaves({ visit }: KeyedLeaves, documents: readonly Uint8Array[]): Map<string, Counted> {
  const found = new Map<string, { readonly different: Set<string>; rows: number }>();
  for (const document of documents) {
    visit(document, (path, leaf) => {
      const one = found.get(path) ?? { different: new Set(), rows: 0 };
      found.set(path, one);
      one.rows += 1;
      if (one.different.size <= fewValues) one.different.add(Buffer.from(leaf).toString('latin1'));
    });
  }
  return new Map([...found].map(([path, { different, rows }]) => [path, { values: different.size, rows }]));
}

/** How many values get another result than the one they refer to, up to a bound. */
export function countApart({ keyOf }: OtherSpellings, pairs: readonly (readonly [Uint8Array, Uint8Array])[]): number {
  let apart = 0;
  for (const [value, referred] of pairs) {
    if (keyOf(value) !== keyOf(referred)) apart += 1;
    if (apart === enoughAlike) break;
  }
  return apart;
}

/** Few values in many rows: how often each occurs says which one it is. In few rows there is nothing to count. */
function isTelling({ values, rows }: Counted): boolean {
  return values <= fewValues && rows >= 200 && rows >= values * 10;
}

/**
 * Refuses what only the values themselves could show, all at once.
 * @throws DynDataError POLICY_INVALID for a rule on a column with few distinct values, for one that cannot tell values of a unique key
 * apart, and for one that tells values of a foreign key from those they refer to; POLICY_UNDECIDED for JSON paths without a rule, with a patch.
 */
export function reportSurveys(answers: readonly SurveyAnswer[]): void {
  const refused = answers.flatMap(({ survey, counted, leaves = new Map<string, Counted>(), alike = 0, apart = 0 }) => [
    ...(counted && isTelling(counted) ? [tooFew(survey.place, survey.column, counted, survey.fewValuesRefused)] : []),
    ...[...leaves].flatMap(([path, found]) =>
      isTelling(found) ? [tooFew(`${survey.place} ${path}`, `${survey.column} ${path}`, found, survey.keyedLeaves?.rules.get(path))] : [],
    ),
    ...(alike > 0 && survey.alike ? [tooAlike(survey.place, alike, survey.alike)] : []),
    ...(apart > 0 && survey.otherSpellings ? [tornApart(survey.place, survey.column, apart, survey.otherSpellings)] : []),
  ]);
  const suggestions = createSuggestions();
  const undecided = answers.flatMap(({ survey, paths }) =>
    paths.map((path) => {
      const rule = survey.suggestFor(path);
      if (survey.tableKey === undefined) suggestions.attributePath(survey.source, survey.column, path, rule);
      else suggestions.path(survey.source, survey.tableKey, survey.column, path, rule);
      return `${survey.place} ${path}`;
    }),
  );
  const patch =
    undecided.length === 0 ? [] : ['', 'A patch for the policy; look at every line before you take it:', ...suggestions.lines()];
  if (refused.length > 0) {
    throw new DynDataError('POLICY_INVALID', 'The policy does not fit the values. Nothing was taken. Correct what is named below.', {
      details: [...refused, ...(undecided.length === 0 ? [] : ['', 'Not decided:', ...undecided, ...patch])],
    });
  }
  if (undecided.length > 0) {
    throw new DynDataError(
      'POLICY_UNDECIDED',
      `The policy does not decide ${undecided.length} JSON paths. Nothing was taken. Add a rule for each to the policy; a patch stands below.`,
      { details: [...undecided, ...patch] },
    );
  }
}

function tooFew(place: string, key: string, { values }: Counted, rule: string | undefined): string {
  const name = key.includes(' ') ? JSON.stringify(key) : key;
  return `${place}: has only ${values} different values, so "${rule}" would show which row has which by how often each occurs. Generalise or drop it (null, constant, shuffle), or write the reason why it may: low_cardinality: {${name}: "…"}`;
}

function tooAlike(column: string, pairs: number, { rule, folds, leaf }: AlikeValues): string {
  const what = folds === 'signs' ? 'case, blanks, signs or how a letter is written' : 'case, blanks or how a letter is written';
  const place = leaf === undefined ? column : `${column} ${leaf}`;
  return `${place}: its unique key holds ${many(pairs)} times two values that differ only in ${what}, and "${rule}" gives both the same result, so the key would not hold any more. Correct them at the source, or take "token" or "hash", which keep them apart`;
}

function tornApart(place: string, column: string, pairs: number, { rule, foreignKey }: OtherSpellings): string {
  const { columns, table, targetColumns } = foreignKey;
  const target = `${table}.${targetColumns[columns.indexOf(column)]}`;
  const key = columns.length === 1 ? 'its foreign key' : `its foreign key (${columns.join(', ')})`;
  return `${place}: ${key} holds ${many(pairs)} times a value that is spelled otherwise than the one of ${target} that it refers to (in case, accents, blanks or how a letter is written), and "${rule}" gives both different results, so rows would lose each other. Write at the source what ${target} has, or take for ${target} a rule that gives both the same result (email, login and others do so for case and blanks, none but keep for accents)`;
}

function many(pairs: number): string {
  return pairs >= enoughAlike ? `at least ${pairs}` : `${pairs}`;
}
