import type { Made } from './anonymizer.ts';
import type { LiveColumn, LiveSource, LiveTable, OtherSpellings } from './api.ts';
import { keyOf } from './unique-keys.ts';

/**
 * For each foreign key that a column is of and whose comparison may take for one what the column's rule does not: the question whether there is
 * such. Of numbers and other types the bytes decide. A rule that neither is keyed nor keeps values apart tells spellings apart no more than the key.
 */
export function otherSpellings(
  rule: string,
  one: Pick<Made, 'keeps' | 'deterministic' | 'unique' | 'inOrder' | 'folds' | 'stage' | 'apply'>,
  column: LiveColumn,
  of: LiveTable,
  source: Exclude<LiveSource, { kind: 'ldap' }>,
): OtherSpellings[] {
  if (column.type !== 'text' || one.keeps === true || one.inOrder === true || !(one.deterministic === true || one.unique)) return [];
  return (of.foreignKeys ?? []).flatMap((foreignKey) => {
    const { columns, schema, table, targetColumns } = foreignKey;
    const targetName = targetColumns[columns.indexOf(column.name)];
    const parent = source.tables.find((other) => other.schema === schema && other.name === table);
    const target = parent?.columns.find(({ name }) => name === targetName);
    if (!target || (column.exactBytes === true && target.exactBytes === true)) return [];
    return [{ rule, foreignKey, keyOf: keyOf(one) }];
  });
}
