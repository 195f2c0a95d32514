import type { ComputedKey, UniqueKey } from '../anonymizers/index.ts';

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
  const computed = new Map<string, ComputedKey>();
  const isColumn = (name: string): boolean => stored.has(name) || generated.has(name);
  const addColumn = (name: string, how: ComputedKey | undefined, from: readonly string[]): void => {
    if (stored.has(name)) {
      columns.add(name);
      if (how !== undefined) computed.set(name, worse(computed.get(name), how));
    }
    const expression = generated.get(name);
    if (expression !== undefined && !from.includes(name)) addExpression(expression, how, [...from, name]);
  };
  const addExpression = (expression: string, outer: ComputedKey | undefined, from: readonly string[]): void => {
    const read = readExpression(expression, isColumn);
    for (const name of read.columns) addColumn(name, worse(outer, read.computed), from);
  };
  for (const { column, expression } of parts) {
    if (column !== undefined) addColumn(column, undefined, []);
    else if (expression !== undefined) addExpression(expression, undefined, []);
  }
  if (columns.size === 0) return undefined;
  const wholeValues = parts.every(({ isPrefix }) => !isPrefix);
  return { columns: [...columns], wholeValues, ...(computed.size === 0 ? {} : { computed: Object.fromEntries(computed) }) };
}

/** What is left of a value of which two are taken, one of the other or beside it. */
function worse(a: ComputedKey | undefined, b: ComputedKey): ComputedKey {
  if (a === undefined) return b;
  if (typeof a === 'object' || typeof b === 'object') return sameLeaf(a, b) ? a : a === 'folded' ? b : b === 'folded' ? a : 'part';
  return loss[a] > loss[b] ? a : b;
}

function sameLeaf(a: ComputedKey, b: ComputedKey): boolean {
  return typeof a === 'object' && typeof b === 'object' && a.leaf === b.leaf;
}

type Computed = Exclude<ComputedKey, object>;

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
function readExpression(expression: string, isColumn: (name: string) => boolean): { columns: Set<string>; computed: ComputedKey } {
  const leaf = readLeaf(expression);
  if (leaf && isColumn(leaf.column)) return { columns: new Set([leaf.column]), computed: { leaf: leaf.path } };
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

const leafPiece = /'((?:[^']|'')*)'|"((?:[^"]|"")*)"|->>?|#>>|::[a-z_]+(?:\[\])?|[\p{L}_][\p{L}\p{N}_$]*|[()\s]+|./gsu;
/** Longer than every result that has to be unique. */
const longCast = /(?: as char\((\d+)\)(?: charset \w+)?\))?/.source;
const extracted = new RegExp(
  `^\\(*(?:(?:cast|json_unquote|lower|upper|lcase|ucase)\\()*json_extract\\(\`((?:[^\`]|\`\`)+)\`,(?:_\\w+ *)?\\\\?'(\\$[^'\\\\]*)\\\\?'\\)+${longCast}\\)*$`,
  'i',
);
const shortestCast = 200;

/** The path of a document that an expression takes out, and nothing else; undefined for any other expression. */
function readLeaf(expression: string): { readonly column: string; readonly path: string } | undefined {
  const [, quoted, path, length] = extracted.exec(expression) ?? [];
  if (quoted !== undefined && path !== undefined)
    return length !== undefined && Number(length) < shortestCast ? undefined : { column: quoted.replaceAll('``', '`'), path };
  // Of PostgreSQL, `((data -> 'a'::text) ->> 'b'::text)`: the column, and then members.
  const pieces = [...expression.matchAll(leafPiece)].filter(([text]) => !/^[()\s]+$|^::/.test(text));
  while (folding.has(pieces[0]?.[0].toLowerCase() ?? '')) pieces.shift();
  const [first, ...steps] = pieces;
  if (!first || steps.length === 0 || steps.length % 2 === 1) return undefined;
  const keys = steps.flatMap(([text, literalText], at): (string | undefined)[] => {
    if (at % 2 === 0) return /^(?:->>?|#>>)$/.test(text) ? [] : [undefined];
    const key = literalText?.replaceAll("''", "'");
    if (key === undefined || steps[at - 1]?.[0] !== '#>>') return [key];
    return /^\{[\w,]+\}$/.test(key) ? key.slice(1, -1).split(',') : [undefined];
  });
  if (!keys.every((key) => key !== undefined)) return undefined;
  const column = first[2]?.replaceAll('""', '"') ?? first[0];
  return { column, path: `$${keys.map((key) => `[${JSON.stringify(key)}]`).join('')}` };
}
