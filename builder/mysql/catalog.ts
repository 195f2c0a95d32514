import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { ForeignKey, UniqueKey } from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';
import { type KeyRange, rangedTables, wholeTable } from '../key-ranges.ts';
import { type KeyPart, uniqueKeyOf } from '../unique-keys.ts';
import { type ColumnFacts, describeColumn, type MysqlColumn, type Product } from './columns.ts';
import { qualifiedName, quoteName } from './connection.ts';

export type MysqlTable = {
  readonly schema: string;
  readonly name: string;
  readonly engine: string;
  readonly estimatedRows: number;
  /** Stored columns in the table's order; generated ones are left out, the server computes them again. */
  readonly columns: readonly MysqlColumn[];
  /** Indexes into `columns` of the primary key, or of a unique key without NULLs; empty where the table has neither. */
  readonly key: readonly number[];
  readonly uniqueKeys: readonly UniqueKey[];
  readonly foreignKeys: readonly ForeignKey[];
  /** In which its rows are read; one where the table is small or its key is no whole number. */
  readonly ranges: readonly KeyRange[];
};

type Row = RowDataPacket & Record<string, string | null>;

/**
 * The base tables of the given databases.
 * @throws DynDataError SOURCE_UNSUPPORTED for a database that does not exist or cannot be seen.
 */
export async function readTables(
  source: { readonly name: string; readonly product: Product },
  connection: Connection,
  databases: readonly string[],
): Promise<MysqlTable[]> {
  const select = async (sql: string): Promise<Row[]> => (await connection.query<Row[]>(sql, [databases]))[0];
  const found = await select('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN (?)');
  const missing = databases.filter((database) => !found.some(({ name }) => name === database));
  if (missing.length > 0) {
    throw new DynDataError(
      'SOURCE_UNSUPPORTED',
      `The MySQL source "${source.name}" has no database ${missing.map((name) => `"${name}"`).join(', ')}, or its user may not see it. Correct "databases" or grant SELECT.`,
    );
  }
  const tables = await select(
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, ENGINE AS engine, TABLE_ROWS AS estimate FROM information_schema.TABLES
     WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA IN (?) ORDER BY TABLE_SCHEMA, TABLE_NAME`,
  );
  const columns = await select(
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, COLUMN_NAME AS name, DATA_TYPE AS type, COLUMN_TYPE AS full_type, IS_NULLABLE AS nullable,
       CHARACTER_MAXIMUM_LENGTH AS max_length, CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation, EXTRA AS extra, COALESCE(GENERATION_EXPRESSION, '') AS generation
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (?) ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`,
  );
  // MySQL 5 and MariaDB have no indexes of expressions.
  const ofExpressions = await select(
    `SELECT 1 AS found FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'STATISTICS' AND COLUMN_NAME = 'EXPRESSION'`,
  );
  const keyParts = await select(
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, INDEX_NAME AS k, COLUMN_NAME AS c, NULLABLE AS nullable, SUB_PART AS prefix,
       ${ofExpressions.length > 0 ? 'EXPRESSION' : 'NULL'} AS expression
     FROM information_schema.STATISTICS WHERE NON_UNIQUE = 0 AND TABLE_SCHEMA IN (?) ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX`,
  );
  const references = await select(
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, CONSTRAINT_NAME AS k, COLUMN_NAME AS c, REFERENCED_TABLE_SCHEMA AS target_s,
       REFERENCED_TABLE_NAME AS target_t, REFERENCED_COLUMN_NAME AS target_c
     FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS NOT NULL AND TABLE_SCHEMA IN (?)
     ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`,
  );
  const referencesOf = Map.groupBy(references, ({ s, t }) => `${s}\0${t}`);
  const columnsOf = Map.groupBy(columns, ({ s, t }) => `${s}\0${t}`);
  const keyPartsOf = Map.groupBy(keyParts, ({ s, t }) => `${s}\0${t}`);
  return tables.map(({ s, t, engine, estimate }) => {
    const id = `${s}\0${t}`;
    const keys = [...Map.groupBy(keyPartsOf.get(id) ?? [], ({ k }) => k).values()];
    const [generated = [], stored = []] = [true, false].map((wanted) => columnsOf.get(id)?.filter((row) => isGenerated(row) === wanted));
    const uniqueColumns = new Set(keys.filter((parts) => parts.length === 1).map(([part]) => part?.c));
    const names = stored.map(({ name }) => name);
    const generatedFrom = new Map(generated.map(({ name, generation }) => [name ?? '', generation ?? '']));
    const key = keys
      .map((parts) =>
        parts.every(({ nullable, prefix, c }) => nullable !== 'YES' && prefix === null && names.includes(c ?? null)) ? parts : [],
      )
      .find((parts) => parts.length > 0);
    return {
      schema: s ?? '',
      name: t ?? '',
      engine: engine ?? 'unknown',
      estimatedRows: Number(estimate ?? 0),
      columns: stored.map((row) => describeColumn(columnFacts(row, uniqueColumns.has(row.name ?? undefined)), source.product)),
      key: (key ?? []).map(({ c }) => names.indexOf(c)),
      uniqueKeys: keys.flatMap((parts) => uniqueKeyOf(parts.map(keyPart), new Set(names.map((name) => name ?? '')), generatedFrom) ?? []),
      foreignKeys: [...Map.groupBy(referencesOf.get(id) ?? [], ({ k }) => k).values()].map(foreignKey),
      ranges: [wholeTable],
    };
  });
}

/** The tables with the ranges of those that are large. To be asked inside of the point in time. */
export function withRanges(connection: Connection, tables: readonly MysqlTable[]): Promise<MysqlTable[]> {
  const first = async (sql: string): Promise<Row | undefined> => (await connection.query<Row[]>(sql))[0][0];
  return rangedTables(tables, {
    async bounds({ schema, name }, column) {
      const key = quoteName(column);
      const row = await first(
        `SELECT CAST(MIN(${key}) AS CHAR) AS low, CAST(MAX(${key}) AS CHAR) AS high FROM ${qualifiedName(schema, name)}`,
      );
      return { low: row?.low ?? null, high: row?.high ?? null };
    },
    count: async ({ schema, name }, most) =>
      Number((await first(`SELECT COUNT(*) AS n FROM (SELECT 1 FROM ${qualifiedName(schema, name)} LIMIT ${most}) AS found`))?.n),
  });
}

function isGenerated({ generation, extra }: Row): boolean {
  return generation !== '' || /\b(?:VIRTUAL|STORED) GENERATED\b/.test(extra ?? '');
}

function keyPart({ c, expression, prefix }: Row): KeyPart {
  return { isPrefix: prefix !== null, ...(c === null || c === undefined ? { expression: expression ?? '' } : { column: c }) };
}

function foreignKey(parts: readonly Row[]): ForeignKey {
  const [first] = parts;
  return {
    columns: parts.map(({ c }) => c ?? ''),
    schema: first?.target_s ?? '',
    table: first?.target_t ?? '',
    targetColumns: parts.map(({ target_c }) => target_c ?? ''),
  };
}

function columnFacts(row: Row, unique: boolean): ColumnFacts {
  const { name, type, full_type, nullable, max_length, charset, collation, extra } = row;
  return {
    name: name ?? '',
    dataType: type ?? '',
    columnType: full_type ?? type ?? '',
    nullable: nullable === 'YES',
    maxLength: max_length === null || max_length === undefined ? undefined : Number(max_length),
    charset: charset ?? undefined,
    collation: collation ?? undefined,
    unique,
    autoIncrement: /\bauto_increment\b/i.test(extra ?? ''),
  };
}
