import type { KeyFacts, Made } from './anonymizer.ts';
import type { AlikeValues, ComputedKey, LiveColumn, LiveTable } from './api.ts';
import { createNormalizer } from './normalize.ts';
import type { Problems } from './rule-maker.ts';

/** For each unique key that a column is of and whose values its rule may take for one: the question whether there are such. */
export function alikeValues(rule: string, one: Made, column: LiveColumn, table: LiveTable): AlikeValues[] {
  return (table.uniqueKeys ?? []).flatMap(({ columns, computed = {}, equalNulls = false }): AlikeValues[] => {
    if (!columns.includes(column.name)) return [];
    const within = columns.filter((name) => name !== column.name);
    const how = computed[column.name];
    if (typeof how === 'object') {
      const leaf = one.leafAt?.(how.leaf);
      if (leaf?.folds === undefined) return [];
      return [{ rule: leaf.name, folds: leaf.folds, leaf: how.leaf, within, equalNulls, caseTells: true, keyOf: keyOf(leaf) }];
    }
    if (how !== undefined || one.folds === undefined || column.type !== 'text') return [];
    return [{ rule, folds: one.folds, within, equalNulls, caseTells: column.exactCase === true, keyOf: keyOf(one) }];
  });
}

/** What a rule makes of a value; where it needs the row, and so that is not known, the value without what it may fold. */
export function keyOf({ folds, stage, apply }: Pick<Made, 'folds' | 'stage' | 'apply'>): AlikeValues['keyOf'] {
  if (stage === undefined) return (value) => latin1(apply(value, []) ?? new Uint8Array());
  if (folds === undefined) return latin1;
  const normalizer = createNormalizer();
  return (value) => {
    const folded = normalizer.bytes.subarray(0, normalizer.folded(value));
    return folds === 'signs'
      ? Buffer.from(folded)
          .toString('utf8')
          .replaceAll(/[^\p{L}\p{N}]/gu, '')
      : latin1(folded);
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
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
