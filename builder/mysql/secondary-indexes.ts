import { endOfQuoted, firstOpening, splitDefinitions } from './create-table.ts';

/**
 * Takes the secondary indexes out of the text of SHOW CREATE TABLE, to be made in one ALTER TABLE when the rows are there: sorting all
 * keys once costs a fraction of finding the place of each. What it is not sure of stays: a table that keeps an index for a reason of its
 * own keeps all that the server would print behind it, so that SHOW CREATE TABLE is the same afterwards.
 *
 * - Only InnoDB: other engines copy the table for every ALTER TABLE.
 * - An AUTO_INCREMENT column has to be the first of some index: where that is not the primary key, all indexes stay.
 * - Without a primary key the server stores rows in the order of a unique one: unique indexes stay, which the server prints before the others.
 * - One statement makes one full-text index at most: where there are several, they stay, and the server prints them last in any case.
 * - Anything that is no column, no constraint and no index of a known kind (MariaDB's vector indexes and periods): all stay.
 */
export function splitIndexes(create: string): { readonly create: string; readonly indexes: readonly string[] } {
  const open = firstOpening(create);
  const { parts, close } = splitDefinitions(create, open + 1);
  const kinds = parts.map(kindOf);
  const primary = parts[kinds.indexOf('primary')];
  const counted = parts.find((part, index) => kinds[index] === 'column' && /\bAUTO_INCREMENT\b/.test(withoutQuoted(part)));
  const unchanged = { create, indexes: [] };
  if (!/^\) ENGINE=InnoDB\b/.test(create.slice(close)) || kinds.includes('other')) return unchanged;
  if (counted !== undefined && (primary === undefined || firstColumn(primary) !== nameOf(counted))) return unchanged;
  const moving = new Set<Kind>(['index']);
  if (primary !== undefined) moving.add('unique');
  if (kinds.filter((kind) => kind === 'fulltext').length === 1) moving.add('fulltext');
  const moves = (index: number): boolean => moving.has(kinds[index] as Kind);
  const indexes = parts.filter((_part, index) => moves(index)).map((part) => part.trim());
  if (indexes.length === 0) return unchanged;
  const kept = parts.filter((_part, index) => !moves(index)).map((part) => part.trimEnd());
  return { create: `${create.slice(0, open + 1)}${kept.join(',')}\n${create.slice(close)}`, indexes };
}

const name = '`(?:[^`]|``)*`';

type Kind = 'column' | 'primary' | 'unique' | 'index' | 'fulltext' | 'constraint' | 'other';

function kindOf(part: string): Kind {
  const text = part.trimStart();
  if (text.startsWith('`')) return 'column';
  if (text.startsWith('PRIMARY KEY ')) return 'primary';
  if (text.startsWith('UNIQUE KEY ')) return 'unique';
  if (text.startsWith('FULLTEXT KEY ')) return 'fulltext';
  if (/^(?:SPATIAL )?KEY /.test(text)) return 'index';
  if (new RegExp(`^(?:CONSTRAINT ${name} )?(?:CHECK|FOREIGN KEY) `).test(text)) return 'constraint';
  return 'other';
}

const nameOf = (column: string): string | undefined => new RegExp(`^\\s*(${name})`).exec(column)?.[1];
const firstColumn = (key: string): string | undefined => new RegExp(`^\\s*PRIMARY KEY \\((${name})`).exec(key)?.[1];

function withoutQuoted(text: string): string {
  let result = '';
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index] ?? '';
    if (char === '`' || char === "'" || char === '"') index = endOfQuoted(text, index);
    else result += char;
  }
  return result;
}
