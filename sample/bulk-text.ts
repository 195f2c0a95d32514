/** One value of a row as text; numbers and bigints in decimal. */
export type Cell = string | number | bigint | null;

const special = /[\\\t\n\r]/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

const textOf = (cell: Cell): string => {
  if (cell === null) return '\\N';
  if (typeof cell !== 'string') return String(cell);
  return special.test(cell) ? cell.replaceAll(/[\\\t\n\r]/g, (character) => escapes[character] ?? character) : cell;
};

/** About how many UTF-16 units make one piece of the stream. */
const pieceLength = 64 * 1024;

/**
 * Rows in the text form that MySQL's LOAD DATA (default options) and PostgreSQL's COPY (text) both read, in pieces of about 64 KiB.
 * Nothing is made before it is asked for, so memory stays bounded whatever the number of rows.
 */
export function* bulkText(rows: Iterable<readonly Cell[]>): Generator<Buffer> {
  let piece = '';
  for (const row of rows) {
    for (let at = 0; at < row.length; at++) piece += (at === 0 ? '' : '\t') + textOf(row[at] ?? null);
    piece += '\n';
    if (piece.length >= pieceLength) {
      yield Buffer.from(piece);
      piece = '';
    }
  }
  if (piece !== '') yield Buffer.from(piece);
}

/** Rows 0 … count−1, each made when it is asked for. */
export function* rowsOf(count: number, row: (index: number) => readonly Cell[]): Generator<readonly Cell[]> {
  for (let index = 0; index < count; index++) yield row(index);
}
