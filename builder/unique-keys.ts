import type { UniqueKey } from '../anonymizers/index.ts';

/** One part of a unique index, as a server's catalog has it. */
export type KeyPart = {
  /** Absent where the part is an expression. */
  readonly column?: string;
  /** SQL, as the server prints it. */
  readonly expression?: string;
  /** True where only the first characters count. */
  readonly isPrefix: boolean;
};

/**
 * What a unique index asks of the columns that are stored: its own, and those that its expressions and generated columns are computed from.
 * @param generated expressions of generated columns, by name
 * @returns undefined for one that depends on no stored column
 */
export function uniqueKeyOf(
  parts: readonly KeyPart[],
  stored: ReadonlySet<string>,
  generated: ReadonlyMap<string, string>,
): UniqueKey | undefined {
  const columns = new Set<string>();
  let computed: UniqueKey['computed'];
  const addExpression = (expression: string, from: readonly string[]): void => {
    const read = readExpression(expression, (name) => stored.has(name) || generated.has(name));
    if (computed === undefined || loss[read.computed] > loss[computed]) computed = read.computed;
    for (const name of read.columns) addColumn(name, from);
  };
  const addColumn = (name: string, from: readonly string[]): void => {
    if (stored.has(name)) columns.add(name);
    const expression = generated.get(name);
    if (expression !== undefined && !from.includes(name)) addExpression(expression, [...from, name]);
  };
  for (const { column, expression } of parts) {
    if (column !== undefined) addColumn(column, []);
    else if (expression !== undefined) addExpression(expression, []);
  }
  if (columns.size === 0) return undefined;
  const wholeValues = parts.every(({ isPrefix }) => !isPrefix);
  return { columns: [...columns], wholeValues, ...(computed === undefined ? {} : { computed }) };
}

type Computed = NonNullable<UniqueKey['computed']>;

const loss: Readonly<Record<Computed, number>> = { folded: 0, chosen: 1, part: 2 };
const folding = new Set(['lower', 'upper', 'lcase', 'ucase', 'trim', 'btrim', 'ltrim', 'rtrim']);
const choosing = new Set(['coalesce', 'ifnull', 'nullif', 'if', 'nvl', 'concat', 'case', 'when', 'then', 'else', 'end']);
const connecting = new Set(['is', 'not', 'null', 'and', 'or', 'true', 'false', 'both', 'from']);

/** Literals, as PostgreSQL, MySQL (which escapes their quotes in its catalog) and MariaDB print them, with a character set before them. */
const literal = /(?:\b_\w+ *)?\\?'(?:''|\\\\|\\[^'\\]|[^'\\])*\\?'/g;
/** A cast without a length leaves the value whole. */
const cast = /::(?:"[^"]*"|[a-z_][\w.]*)(?: varying| precision| with(?:out)? time zone)?(?:\[\])?(?!\s*\()/gi;
const piece = /"((?:[^"]|"")*)"(?!\s*\()|`((?:[^`]|``)*)`|([\p{L}_][\p{L}\p{N}_$]*)(\s*\()?|\|\||[<>=!]+|[(),.\d\s]+|./gsu;

/** The columns that stand in an expression, and what it leaves of their values; what is not known counts as a part. */
function readExpression(expression: string, isColumn: (name: string) => boolean): { columns: Set<string>; computed: Computed } {
  const columns = new Set<string>();
  let computed: Computed = 'folded';
  const atLeast = (found: Computed): void => {
    if (loss[found] > loss[computed]) computed = found;
  };
  for (const [text, double, back, word, call] of expression.replaceAll(literal, ' ').replaceAll(cast, '').matchAll(piece)) {
    const quoted = double?.replaceAll('""', '"') ?? back?.replaceAll('``', '`');
    const name = word?.toLowerCase() ?? '';
    if (quoted !== undefined) {
      if (isColumn(quoted)) columns.add(quoted);
    } else if (word !== undefined && call === undefined && isColumn(word)) columns.add(word);
    else if (folding.has(name)) atLeast('folded');
    else if (choosing.has(name)) atLeast('chosen');
    else if (connecting.has(name) || /^(?:\|\||[<>=!]+)$/.test(text)) atLeast('chosen');
    else if (!/^[(),.\d\s]+$/.test(text)) atLeast('part');
  }
  return { columns, computed };
}
