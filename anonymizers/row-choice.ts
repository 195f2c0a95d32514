import { refuse } from './anonymizer.ts';
import type { LiveTable, Value } from './api.ts';
import type { Key } from './key.ts';
import { readRule } from './policy.ts';
import type { SourceRules } from './references.ts';
import type { Problems } from './rule-maker.ts';
import { createSipHash } from './siphash.ts';
import type { TableRules } from './table-rules.ts';

type Sample = { readonly share: number; readonly columns: readonly number[] };

/** The columns that a sample goes by, and its share of 2³². @throws DynDataError POLICY_INVALID */
function readSample(table: LiveTable, { rows }: TableRules): Sample | undefined {
  if (typeof rows === 'string') return undefined;
  const share = Math.round((Number.parseFloat(rows.sample) / 100) * 2 ** 32);
  const { by } = rows;
  if (by === undefined) {
    if (!table.key || table.key.length === 0) refuse('a sample goes by the key, and the table has none; write {sample: …, by: a column}');
    return { share, columns: table.key };
  }
  const index = table.columns.findIndex(({ name }) => name === by);
  return index < 0 ? refuse(`the sample goes by the column "${by}", which the table has not`) : { share, columns: [index] };
}

/**
 * Chooses rows of a sample: a function of the values of its columns under the key, so that a row that is in today is in tomorrow, and
 * tables that are sampled by values of one meaning (a key, and a column that refers to it) choose alike. A row without a value is taken.
 * @throws DynDataError POLICY_INVALID for a sample by columns that the table has not.
 */
export function createRowChoice(table: LiveTable, rules: TableRules, key: Key): ((row: readonly Value[]) => boolean) | undefined {
  const sample = readSample(table, rules);
  if (!sample) return undefined;
  const { share, columns } = sample;
  const prf = createSipHash(key.subKey('rows/sample/1'));
  const tag = new Uint32Array(4);
  let joined = new Uint8Array(256);
  return (row) => {
    let length = 0;
    for (let at = 0; at < columns.length; at++) {
      const value = row[columns[at] as number];
      if (value === null || value === undefined) {
        if (columns.length === 1) return true;
        continue;
      }
      if (joined.length < length + value.length + 4) {
        const larger = new Uint8Array((length + value.length + 4) * 2);
        larger.set(joined);
        joined = larger;
      }
      joined.set(value, length);
      length += value.length;
      // The length stands behind each value but a lone one, so that no two keys are written alike.
      if (columns.length > 1) for (let shift = 0; shift < 32; shift += 8) joined[length++] = (value.length >>> shift) & 255;
    }
    prf(joined, length, tag);
    return (tag[0] as number) < share;
  };
}

/** Refuses choices of rows that would leave rows without the row they refer to. */
export function checkRowReferences(rules: SourceRules, problems: Problems): void {
  const { source, tables } = rules;
  for (const table of source.tables) {
    const own = tables.get(table);
    if (!own || own.rows === 'none') continue;
    for (const name of own.follows) {
      if (!source.tables.some((other) => other.name === name)) {
        problems.invalid.push(`${source.name} ${table.schema}.${table.name}: follows "${name}", and there is no such table`);
      }
    }
    for (const foreignKey of table.foreignKeys ?? []) {
      const parent = source.tables.find(({ schema, name }) => schema === foreignKey.schema && name === foreignKey.table);
      const parentRules = parent && tables.get(parent);
      if (!parent || !parentRules) continue;
      if (foreignKey.columns.some((column) => leavesNull(table, own, column))) continue;
      if (own.reference && !parentRules.reference) {
        problems.invalid.push(
          `${source.name} ${table.schema}.${table.name}: is carried by "up --empty" (reference), and its rows refer to ${parent.name}, which is not. Write "reference: true" there too.`,
        );
      }
      if (own.follows.includes(parent.name) || (parentRules.rows === 'all' && parentRules.where === undefined)) continue;
      if (isSampledAlike(table, own, foreignKey.columns, parent, parentRules, foreignKey.targetColumns)) continue;
      problems.invalid.push(
        `${source.name} ${table.schema}.${table.name}: its rows refer to ${parent.name}, of which rows are left out. Carry it empty, take {sample: …, by: ${foreignKey.columns[0]}} with at most the share of ${parent.name}, give ${foreignKey.columns[0]} the rule null, or write "follows: [${parent.name}]" where its own "where" sees to it.`,
      );
    }
  }
}

function leavesNull(table: LiveTable, { rules }: TableRules, column: string): boolean {
  const rule = rules.get(column);
  return rule !== undefined && readRule(rule).name === 'null' && table.columns.some(({ name, nullable }) => name === column && nullable);
}

function isSampledAlike(
  child: LiveTable,
  childRules: TableRules,
  columns: readonly string[],
  parent: LiveTable,
  parentRules: TableRules,
  targetColumns: readonly string[],
): boolean {
  if (columns.length !== 1 || parentRules.where !== undefined || parentRules.rows === 'none') return false;
  try {
    const own = readSample(child, childRules);
    const theirs = readSample(parent, parentRules);
    if (!own || !theirs || own.columns.length !== 1 || theirs.columns.length !== 1) return false;
    const isSame = child.columns[own.columns[0] as number]?.name === columns[0];
    return isSame && parent.columns[theirs.columns[0] as number]?.name === targetColumns[0] && own.share <= theirs.share;
  } catch {
    // A sample that cannot be read is named where its table is compiled.
    return true;
  }
}
