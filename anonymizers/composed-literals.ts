import type { LiveColumn } from './api.ts';

/** What stands on either side of a range; undefined where it has no end there. */
export type Bounds = {
  readonly lower: string | undefined;
  readonly upper: string | undefined;
  /** Whether the bound itself is in the range. */
  readonly withLower: boolean;
  readonly withUpper: boolean;
};

const emptyRange: Bounds = { lower: undefined, upper: undefined, withLower: false, withUpper: false };

/**
 * The elements of an array literal, those of arrays in it too; undefined for NULL. It is read as the server reads it, but for bounds before it
 * (`[0:1]={1,2}`), which nothing that is written out needs.
 * @returns undefined for what is no array, or one whose parts are not of one length
 */
export function readArray(text: string): (string | undefined)[] | undefined {
  const elements: (string | undefined)[] = [];
  let at = 0;
  const space = /[ \t\n\r\v\f]*/y;
  const skipSpace = (): void => {
    space.lastIndex = at;
    at += space.exec(text)?.[0].length ?? 0;
  };
  const element = /"((?:[^"\\]|\\.)*)"|((?:[^{},"\\ \t\n\r\v\f]|\\.|[ \t\n\r\v\f]+(?=[^{},"\\ \t\n\r\v\f]|\\.))+)/sy;
  /** How many parts there are on each level; undefined where that differs between them. */
  const array = (depth: number): readonly number[] | undefined => {
    at += 1;
    skipSpace();
    if (text[at] === '}') {
      at += 1;
      return depth === 1 ? [] : undefined;
    }
    let inner: readonly number[] | undefined;
    for (let parts = 1; ; parts += 1) {
      skipSpace();
      let found: readonly number[] | undefined = [];
      if (text[at] === '{') found = depth === deepestArray ? undefined : array(depth + 1);
      else {
        element.lastIndex = at;
        const [whole = '', quoted, bare] = element.exec(text) ?? [];
        if (whole === '') return undefined;
        at += whole.length;
        const isNull = bare !== undefined && /^null$/i.test(bare);
        elements.push(isNull ? undefined : (quoted ?? bare ?? '').replaceAll(escaped, '$1'));
      }
      if (found === undefined || (inner !== undefined && inner.join() !== found.join())) return undefined;
      inner = found;
      skipSpace();
      const sign = text[at];
      at += 1;
      if (sign === '}') return [parts, ...inner];
      if (sign !== ',') return undefined;
    }
  };
  skipSpace();
  if (text[at] !== '{' || array(1) === undefined) return undefined;
  skipSpace();
  return at === text.length ? elements : undefined;
}

const escaped = /\\(.)/gs;
const deepestArray = 6;

const rangePattern =
  /\s*(?:(empty)|([[(])((?:"(?:[^"\\]|\\.|"")*"|\\.|[^"\\,()[\]])*),((?:"(?:[^"\\]|\\.|"")*"|\\.|[^"\\,()[\]])*)([\])]))\s*/isy;

/** The bounds of a range literal; none of those of one that is empty. @returns undefined for what is no range */
export function readRange(text: string): Bounds | undefined {
  const [range, ...others] = readRanges(text) ?? [];
  return others.length === 0 ? range : undefined;
}

/** Of a literal of several ranges, `{[1,2), [4,5)}`. */
export function readMultirange(text: string): Bounds[] | undefined {
  const [, inside] = /^\s*\{(.*)\}\s*$/s.exec(text) ?? [];
  if (inside === undefined) return undefined;
  return inside.trim() === '' ? [] : readRanges(inside);
}

function readRanges(text: string): Bounds[] | undefined {
  const ranges: Bounds[] = [];
  for (let at = 0; ; at += 1) {
    rangePattern.lastIndex = at;
    const [whole, empty, opened, lower = '', upper = '', closed] = rangePattern.exec(text) ?? [];
    if (whole === undefined) return undefined;
    const bounds = { lower: boundOf(lower), upper: boundOf(upper), withLower: opened === '[', withUpper: closed === ']' };
    ranges.push(empty === undefined ? bounds : emptyRange);
    at += whole.length;
    if (at === text.length) return ranges;
    if (text[at] !== ',') return undefined;
  }
}

/** Nothing at all is no bound; an empty text has to be quoted. Blanks belong to it. */
function boundOf(written: string): string | undefined {
  return written === ''
    ? undefined
    : written.replaceAll(/"((?:[^"\\]|\\.|"")*)"|\\(.)/gs, (_, quoted: string | undefined, char: string) =>
        quoted === undefined ? char : quoted.replaceAll(/\\(.)|""/gs, (_pair, one: string | undefined) => one ?? '"'),
      );
}

const namedTypes: Readonly<Record<string, LiveColumn['type']>> = {
  smallint: 'integer',
  integer: 'integer',
  bigint: 'integer',
  numeric: 'decimal',
  real: 'float',
  'double precision': 'float',
  boolean: 'boolean',
  text: 'text',
  'character varying': 'text',
  character: 'text',
  date: 'date',
  'time without time zone': 'time',
  'time with time zone': 'time',
  'timestamp without time zone': 'datetime',
  'timestamp with time zone': 'datetime',
  uuid: 'uuid',
  bit: 'bit',
  'bit varying': 'bit',
  json: 'json',
  jsonb: 'json',
  inet: 'other',
  cidr: 'other',
  point: 'other',
};

/** What the values of a part's type are, by its name with PostgreSQL; undefined for a type of which nothing is known. */
export function typeOfPart(sqlType: string): LiveColumn['type'] | undefined {
  return namedTypes[sqlType.replace(/\([\d,]+\)/, '')];
}
