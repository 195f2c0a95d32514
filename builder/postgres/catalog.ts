import type { Client } from 'pg';
import type { ForeignKey, LiveColumn, UniqueKey } from '../../anonymizers/index.ts';
import { type KeyRange, rangedTables, wholeTable } from '../key-ranges.ts';
import { type KeyPart, uniqueKeyOf } from '../unique-keys.ts';
import { qualifiedName, quoteName } from './connection.ts';
import { largeObjectTable } from './large-objects.ts';

export type PostgresTable = {
  readonly schema: string;
  readonly name: string;
  readonly estimatedRows: number;
  /** Stored columns in the table's order; generated ones are left out. */
  readonly columns: readonly LiveColumn[];
  /** What stands after FROM to read its own rows, without those of tables that inherit from it. */
  readonly from: string;
  /** What COPY loads. */
  readonly into: string;
  /** Indexes into `columns` of the primary key, or of a unique key without NULLs; empty where the table has neither. */
  readonly key: readonly number[];
  readonly uniqueKeys: readonly UniqueKey[];
  readonly foreignKeys: readonly ForeignKey[];
  /** In which its rows are read; one where the table is small or its key is no whole number. */
  readonly ranges: readonly KeyRange[];
};

export const userSchemas = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'`;

/** Ordinary tables and leaf partitions outside of the system schemas, and large objects where there are any, as the client's snapshot sees them. */
export async function readTables(client: Client): Promise<PostgresTable[]> {
  const largeObjects = await largeObjectTable(client);
  const { rows: tables } = await client.query<{ oid: number; schema: string; name: string; estimate: number }>(
    `SELECT c.oid::int AS oid, n.nspname AS schema, c.relname AS name, greatest(c.reltuples, 0)::float AS estimate
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND ${userSchemas}
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  );
  const { rows: columns } = await client.query<{
    oid: number;
    number: number;
    name: string;
    type: string;
    full: string;
    category: string;
    nullable: boolean;
    max: number | null;
    labels: string[] | null;
    form: 'array' | 'range' | 'multirange' | null;
    part: string | null;
    deterministic: boolean;
  }>(
    // A domain, also one over a domain, is what it is made of.
    `WITH RECURSIVE based AS (
       SELECT oid AS type, oid AS base, -1 AS modifier, typnotnull AS strict FROM pg_type WHERE typtype = 'd'
       UNION ALL SELECT b.type, d.typbasetype, d.typtypmod, b.strict OR d.typnotnull FROM based b JOIN pg_type d ON d.oid = b.base AND d.typtype = 'd')
     SELECT a.attrelid::int AS oid, a.attnum AS number, a.attname AS name, t.typname AS type, format_type(a.atttypid, a.atttypmod) AS full,
       t.typtype::text || t.typcategory::text AS category, NOT (a.attnotnull OR coalesce(b.strict, false)) AS nullable,
       CASE WHEN t.typname IN ('varchar', 'bpchar') AND coalesce(b.modifier, a.atttypmod) > 4 THEN coalesce(b.modifier, a.atttypmod) - 4 END AS max,
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid IN (t.oid, array_part)) AS labels,
       CASE WHEN array_part IS NOT NULL THEN 'array' WHEN t.typtype = 'r' THEN 'range' WHEN t.typtype = 'm' THEN 'multirange' END AS form,
       CASE WHEN array_part IS NOT NULL THEN format_type(array_part, coalesce(b.modifier, a.atttypmod)) ELSE
         (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid OR (to_jsonb(r) ->> 'rngmultitypid')::oid = t.oid) END AS part,
       coalesce((to_jsonb(l) ->> 'collisdeterministic')::boolean, true) AS deterministic
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN based b ON b.type = a.atttypid AND NOT EXISTS (SELECT FROM pg_type d WHERE d.oid = b.base AND d.typtype = 'd')
       JOIN pg_type t ON t.oid = coalesce(b.base, a.atttypid) LEFT JOIN pg_collation l ON l.oid = a.attcollation
       CROSS JOIN LATERAL (SELECT CASE WHEN t.typinput = 'array_in'::regproc THEN t.typelem END AS array_part) AS element
     WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND c.relkind = 'r' AND ${userSchemas}
     ORDER BY a.attrelid, a.attnum`,
  );
  const { rows: generated } = await client.query<{ oid: number; number: number; name: string; expression: string }>(
    `SELECT a.attrelid::int AS oid, a.attnum AS number, a.attname AS name, pg_get_expr(d.adbin, d.adrelid) AS expression
     FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE a.attgenerated <> '' AND NOT a.attisdropped AND c.relkind = 'r' AND ${userSchemas}`,
  );
  const { rows: keys } = await client.query<{ oid: number; columns: number[]; parts: string[]; equal_nulls: boolean; usable: boolean }>(
    `SELECT i.indrelid::int AS oid, (i.indkey::int2[])[0:i.indnkeyatts - 1]::int[] AS columns,
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, part, false) FROM generate_series(1, i.indnkeyatts::int) AS part ORDER BY part) AS parts,
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS equal_nulls,
       i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS (
         SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull) AS usable
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE i.indisunique AND i.indisvalid AND ${userSchemas} ORDER BY i.indrelid, NOT i.indisprimary, x.relname COLLATE "C"`,
  );
  const { rows: references } = await client.query<{ oid: number; columns: string[]; schema: string; table: string; target: string[] }>(
    `SELECT k.conrelid::int AS oid, f.nspname AS schema, t.relname AS table,
       (SELECT array_agg(a.attname::text ORDER BY p.n) FROM unnest(k.conkey) WITH ORDINALITY p (number, n)
         JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number) AS columns,
       (SELECT array_agg(a.attname::text ORDER BY p.n) FROM unnest(k.confkey) WITH ORDINALITY p (number, n)
         JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.number) AS target
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace f ON f.oid = t.relnamespace
     WHERE k.contype = 'f' AND ${userSchemas} ORDER BY k.conrelid, k.conname COLLATE "C"`,
  );
  const { rows: encodings } = await client.query<{ encoding: string }>("SELECT current_setting('server_encoding') AS encoding");
  const encoding = encodings[0]?.encoding ?? 'UTF8';
  // A set that is neither Unicode nor Latin-1 is taken for the letters they all have.
  const charset = encoding === 'UTF8' ? {} : { charset: encoding === 'LATIN1' ? ('latin1' as const) : ('ascii' as const) };
  const referencesOf = Map.groupBy(references, ({ oid }) => oid);
  const columnsOf = Map.groupBy(columns, ({ oid }) => oid);
  const keysOf = Map.groupBy(keys, ({ oid }) => oid);
  const generatedOf = Map.groupBy(generated, ({ oid }) => oid);
  const found = tables.map(({ oid, schema, name, estimate }): PostgresTable => {
    const own = columnsOf.get(oid) ?? [];
    const ownKeys = keysOf.get(oid) ?? [];
    const ownGenerated = generatedOf.get(oid) ?? [];
    const names = new Map([...own, ...ownGenerated].map(({ number, name: column }) => [number, column]));
    const stored = new Set(own.map(({ name: column }) => column));
    const generatedFrom = new Map(ownGenerated.map(({ name: column, expression }) => [column, expression]));
    const unique = new Set(ownKeys.filter((key) => key.columns.length === 1).map((key) => key.columns[0]));
    const key = ownKeys.find(({ usable }) => usable)?.columns.map((number) => own.findIndex((column) => column.number === number)) ?? [];
    return {
      schema,
      name,
      estimatedRows: estimate,
      columns: own.map(({ number, name: column, type, full, category, nullable, max, labels, form, part, deterministic }) => ({
        name: column,
        type: typeOf(type, category),
        sqlType: full,
        nullable,
        ...(max === null ? {} : { maxLength: max }),
        ...(labels === null ? {} : { labels }),
        ...(form === null || part === null ? {} : { madeOf: { form, sqlType: part } }),
        unique: unique.has(number),
        ...charset,
        ...(type !== 'citext' && typeOf(type, category) === 'text' ? { exactCase: true } : {}),
        ...(exactTypes.has(type) && deterministic ? { exactBytes: true } : {}),
      })),
      from: `ONLY ${qualifiedName(schema, name)}`,
      into: qualifiedName(schema, name),
      key: key.includes(-1) ? [] : key,
      uniqueKeys: ownKeys.flatMap(({ columns: numbers, parts, equal_nulls }) => {
        const found = numbers.map((number, at): KeyPart => {
          const column = names.get(number);
          return { isPrefix: false, ...(column === undefined ? { expression: parts[at] ?? '' } : { column }) };
        });
        const unique = uniqueKeyOf(found, stored, generatedFrom);
        return unique ? [{ ...unique, ...(equal_nulls ? { equalNulls: true } : {}) }] : [];
      }),
      foreignKeys: (referencesOf.get(oid) ?? []).map((reference) => ({
        columns: reference.columns,
        schema: reference.schema,
        table: reference.table,
        targetColumns: reference.target,
      })),
      ranges: [wholeTable],
    };
  });
  return largeObjects ? [...found, largeObjects] : found;
}

/** The tables with the ranges of those that are large. To be asked inside of the point in time. */
export function withRanges(client: Client, tables: readonly PostgresTable[]): Promise<PostgresTable[]> {
  return rangedTables(tables, {
    async bounds({ from }, column) {
      const key = quoteName(column);
      const { rows } = await client.query<{ low: string | null; high: string | null }>(
        `SELECT min(${key})::text AS low, max(${key})::text AS high FROM ${from}`,
      );
      return { low: rows[0]?.low ?? null, high: rows[0]?.high ?? null };
    },
    async count({ from }, most) {
      const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM (SELECT FROM ${from} LIMIT ${most}) AS found`);
      return rows[0]?.n ?? 0;
    },
  });
}

const types: Readonly<Record<string, LiveColumn['type']>> = {
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  numeric: 'decimal',
  float4: 'float',
  float8: 'float',
  bool: 'boolean',
  text: 'text',
  varchar: 'text',
  bpchar: 'text',
  name: 'text',
  citext: 'text',
  json: 'json',
  jsonb: 'json',
  bytea: 'binary',
  date: 'date',
  time: 'time',
  timetz: 'time',
  timestamp: 'datetime',
  timestamptz: 'datetime',
  uuid: 'uuid',
  bit: 'bit',
  varbit: 'bit',
};

/** Of text: all but citext, and bpchar, of which blanks at the end do not count. */
const exactTypes = new Set(['text', 'varchar', 'name']);

function typeOf(name: string, category: string): LiveColumn['type'] {
  return types[name] ?? (category.startsWith('e') ? 'enum' : 'other');
}
