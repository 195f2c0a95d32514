import type { LiveColumn } from '../../anonymizers/index.ts';
import type { ColumnEncoding } from '../table-text.ts';
import { quoteName } from './connection.ts';

export type Product = 'MySQL' | 'MariaDB';

/** How a value is read and written back. */
export type ColumnForm = {
  /** The expression that gives the value in its canonical form. */
  readonly select: string;
  readonly encoding: ColumnEncoding;
  /** How the loader turns the text back into the value; undefined where the column is assigned directly. */
  readonly loadExpression?: (variable: string) => string;
};

export type MysqlColumn = LiveColumn &
  ColumnForm & {
    /** For values that nothing looks at or replaces, where the common form, UTF-8, cannot hold all that the column can. */
    readonly exact?: ColumnForm;
    /** Of an ENUM: the text that stands for its error value. */
    readonly errorValue?: string;
    /** What its values are compared by; absent where they are no text. */
    readonly collation?: string;
  };

/** A column as the server's catalog has it. */
export type ColumnFacts = {
  readonly name: string;
  /** `varchar` */
  readonly dataType: string;
  /** `varchar(20)` */
  readonly columnType: string;
  readonly nullable: boolean;
  readonly maxLength: number | undefined;
  readonly charset: string | undefined;
  readonly collation: string | undefined;
  readonly unique: boolean;
  readonly autoIncrement: boolean;
};

const integerTypes = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);
const textTypes = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);
const binaryTypes = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
const addressTypes = new Set(['inet4', 'inet6']);
const sameNamed = new Set<LiveColumn['type']>(['json', 'decimal', 'date', 'time', 'year', 'set', 'bit', 'uuid']);

export function describeColumn(facts: ColumnFacts, product: Product): MysqlColumn {
  const { name, dataType, columnType, nullable, maxLength, charset, collation, unique } = facts;
  const quoted = quoteName(name);
  const live = {
    name,
    sqlType: columnType,
    nullable,
    ...(maxLength === undefined ? {} : { maxLength }),
    unique,
    ...lettersOf(charset),
    ...(/_(?:bin|cs)(?:_|$)/.test(collation ?? '') ? { exactCase: true } : {}),
    // The others take for one what differs in blanks at the end, those of Unicode also two ways to write a letter.
    ...(/_(?:0900|nopad)_bin$/.test(collation ?? '') ? { exactBytes: true } : {}),
    ...(collation === undefined ? {} : { collation }),
  };
  const text: ColumnForm = { select: quoted, encoding: 'text' };
  if (dataType === 'bit') {
    return {
      ...live,
      type: 'bit',
      select: `${quoted} + 0`,
      encoding: 'text',
      loadExpression: (variable) => `CAST(${variable} AS UNSIGNED)`,
    };
  }
  // A FLOAT is printed with six digits; as a DOUBLE it is printed with all that it has, and reads back as the same FLOAT. Not by adding
  // zero, which takes the sign of a negative one.
  if (dataType === 'float') return { ...live, type: 'float', select: `${quoted} * 1e0`, encoding: 'text' };
  if (dataType === 'double') return { ...live, ...text, type: 'float' };
  if (dataType === 'enum') {
    const errorValue = errorValueOf(columnType);
    return { ...live, type: 'enum', errorValue, select: `IF(${quoted} + 0 = 0, '${errorValue}', ${quoted})`, encoding: 'text' };
  }
  // Where MariaDB has other columns to compute, it forgets that this one had a value, and gives a 0 a new number.
  if (facts.autoIncrement && product === 'MariaDB') return { ...live, ...text, type: 'integer', loadExpression: (variable) => variable };
  if (integerTypes.has(dataType)) return { ...live, ...text, type: 'integer' };
  if (textTypes.has(dataType)) return { ...live, ...text, type: 'text', ...(isLossless(charset, product) ? {} : { exact: bytes(quoted) }) };
  if (dataType === 'datetime' || dataType === 'timestamp') return { ...live, ...text, type: 'datetime' };
  if (addressTypes.has(dataType)) return { ...live, ...text, type: 'other' };
  const same = [...sameNamed].find((type) => type === dataType);
  if (same) return { ...live, ...text, type: same };
  // The server's own bytes, given back as they were. Only in a binary type other bytes are a value too: not in a spatial or vector one, nor in one
  // that this program does not know.
  return { ...live, type: binaryTypes.has(dataType) ? 'binary' : 'other', ...bytes(quoted), select: quoted };
}

function bytes(quoted: string): ColumnForm {
  return { select: `CAST(${quoted} AS BINARY)`, encoding: 'hex', loadExpression: (variable) => `UNHEX(${variable})` };
}

/**
 * An ENUM's error value, number 0, is printed as the empty text, which may be a member too, and is refused when it is loaded as that. LOAD
 * DATA takes a text of up to five digits that is no member for a member's number, and 0 for the error value.
 */
function errorValueOf(columnType: string): string {
  return ['0', '00', '000', '0000'].find((digits) => !columnType.includes(`'${digits}'`)) ?? '00000';
}

/** Sets that are neither Unicode nor Latin-1 are taken for the letters they all have. */
function lettersOf(charset: string | undefined): Pick<LiveColumn, 'charset'> {
  if (charset === undefined || /^(?:utf|ucs|binary$|gb18030$)/.test(charset)) return {};
  return { charset: charset === 'latin1' ? 'latin1' : 'ascii' };
}

/**
 * Sets whose every text comes back the same from UTF-8: tried with all one- and two-byte texts. The others have characters without a
 * place in Unicode, or two for one (a backslash in sjis would come back as another sign), or halves of a pair (ucs2).
 */
const lossless = new Set([
  ...['ascii', 'latin1', 'latin2', 'latin5', 'latin7', 'cp850', 'cp852', 'cp866', 'keybcs2', 'koi8r', 'koi8u', 'macce', 'macroman'],
  ...['gb18030', 'utf8', 'utf8mb3', 'utf8mb4', 'utf16', 'utf16le', 'utf32'],
]);

function isLossless(charset: string | undefined, product: Product): boolean {
  // MariaDB takes every byte for ascii.
  if (charset === 'ascii' && product === 'MariaDB') return false;
  return charset === undefined || lossless.has(charset);
}
