import type { KeyFacts, Made } from './anonymizer.ts';
import type { AlikeValues, ComputedKey, LiveColumn, LiveTable } from './api.ts';
import type { Problems } from './rule-maker.ts';

/** For each unique key that a column is of and whose values its rule may take for one: the question whether there are such. */
export function alikeValues(rule: string, one: Made, column: LiveColumn, table: LiveTable): AlikeValues[] {
  const { folds, stage } = one;
  if (folds === undefined || column.exactCase !== true || column.type !== 'text') return [];
  const keys = (table.uniqueKeys ?? []).filter(
    ({ columns, computed }) => computed?.[column.name] === undefined && columns.includes(column.name),
  );
  const result = (value: Uint8Array): Buffer => Buffer.from(one.apply(value, []) ?? []);
  return keys.map(({ columns }) => ({
    rule,
    folds,
    within: columns.filter((name) => name !== column.name),
    // What a rule makes of a value that it does not see a row of is not known.
    isSame: (a, b) => stage !== undefined || result(a).equals(result(b)),
  }));
}

/** Keys of one column as it is are checked where its anonymizer is made. A key of several stays unique where each of them does. */
export function checkUniqueKeys(table: LiveTable, made: readonly Made[], place: string, problems: Problems): void {
  for (const key of table.uniqueKeys ?? []) {
    for (const name of key.columns) {
      const how = key.computed?.[name];
      const isPlain = key.columns.length === 1 && key.wholeValues && how === undefined;
      const one = made[table.columns.findIndex((column) => column.name === name)];
      const why =
        one &&
        (key.equalNulls === true && one.makesNull !== undefined ? nullsBreak : isPlain ? undefined : breaksKey(one, how, key.wholeValues));
      const what = how === undefined ? 'is part of the unique key' : 'is one that a unique index computes with';
      if (why) problems.invalid.push(`${place}.${name}: its rule ${why}, and the column ${what} (${key.columns.join(', ')})`);
    }
  }
}

const nullsBreak = 'makes NULL of values that are told apart';

/** Why a key may not stay unique with a column's rule. */
function breaksKey(one: KeyFacts, how: ComputedKey | undefined, wholeValues: boolean): string | undefined {
  if (one.keeps === true) return undefined;
  if (typeof how === 'object') {
    const leaf = one.leafAt?.(how.leaf);
    return leaf ? breaksKey(leaf, 'chosen', wholeValues) : 'changes every part of a value';
  }
  if (!one.unique) return 'can give two values the same result';
  if (how === 'part') return 'changes every part of a value';
  if (!wholeValues) return one.makesNull === 'every' ? undefined : 'changes how a value begins';
  if (how === 'chosen' && one.makesNull !== undefined) return nullsBreak;
  return how !== undefined && one.caseTells === true ? 'can give two values results that differ in case alone' : undefined;
}
