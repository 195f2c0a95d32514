import { type Client, escapeLiteral } from 'pg';
import { type ForeignKey, parseJsonPath } from '../../anonymizers/index.ts';
import { type ColumnPlace, type ColumnSurvey, mostGroups } from '../extraction.ts';
import { translated } from '../translated.ts';
import type { PostgresTable } from './catalog.ts';
import { postgresError, qualifiedName, quoteName } from './connection.ts';

const valuesPerEnd = 500;
/** Read from about one page in a hundred, wherever it is. */
const valuesBetween = 500;

export function postgresSurvey(sourceName: string, client: Client, tables: readonly PostgresTable[]): ColumnSurvey {
  const guarded = <T>(work: () => Promise<T>): Promise<T> => translated((error) => postgresError(sourceName, error), work);
  const number = async (sql: string): Promise<number> => Number((await client.query<{ n: string }>(sql)).rows[0]?.n ?? 0);
  return {
    values: (place, signal) =>
      guarded(async () => {
        const { from, column, key, isTable } = namesOf(place, tables);
        const select = (rest: string): string => `SELECT ${column}::text AS value FROM ${from}${rest}`;
        // Rows without a value count too: looking for one that has a value could read the whole table.
        const queries = [
          select(`${key ? ` ORDER BY ${key}` : ''} LIMIT ${valuesPerEnd}`),
          ...(key ? [select(` ORDER BY ${key} DESC LIMIT ${valuesPerEnd}`)] : []),
          ...(isTable ? [select(` TABLESAMPLE SYSTEM (1) WHERE ${column} IS NOT NULL LIMIT ${valuesBetween}`)] : []),
        ];
        const found: Uint8Array[] = [];
        for (const sql of queries) {
          signal.throwIfAborted();
          const { rows } = await client.query<{ value: string | null }>(sql);
          for (const { value } of rows) if (value !== null) found.push(Buffer.from(value));
        }
        return found;
      }),
    alike: (place, { folds, leaf, within, equalNulls, caseTells }) =>
      guarded(async () => {
        const { from, column } = namesOf(place, tables);
        const value = leaf === undefined ? column : `(${column}::text::json #>> ${pathLiteral(leaf)})`;
        // Of plain letters and digits the key itself leaves no two to a rule that folds no more than their case.
        if (!caseTells && folds === 'blanks') {
          const { rows } = await client.query(`SELECT FROM ${from} WHERE ${value}::text COLLATE "C" ~ '[^!-~]' LIMIT 1`);
          if (rows.length === 0) return [];
        }
        const groups = [await foldedText(client, value), ...within.map(quoteName)];
        const present = [value, ...(equalNulls ? [] : within.map(quoteName))].map((name) => `${name} IS NOT NULL`);
        const { rows } = await client.query<{ members: string[] }>(
          `SELECT array_agg(DISTINCT ${value}::text COLLATE "C") AS members FROM ${from} WHERE ${present.join(' AND ')}
           GROUP BY ${groups.join(', ')} HAVING count(*) > 1 LIMIT ${mostGroups}`,
        );
        return rows.map(({ members }) => members.map((member) => Buffer.from(member)));
      }),
    spellings: (place, foreignKey) =>
      guarded(async () => {
        const comparison = await comparisonOf(client, place, foreignKey);
        const { from } = namesOf(place, tables);
        const target = foreignKey.targetColumns[foreignKey.columns.indexOf(place.column)];
        if (comparison === undefined || target === undefined) return [];
        // As COPY gives them: a cast would take the blanks at the end of a bpchar.
        const own = `concat(child.${quoteName(place.column)}) COLLATE "C"`;
        const referred = `concat(parent.${quoteName(target)}) COLLATE "C"`;
        const { rows } = await client.query<{ own: string; referred: string }>(
          `SELECT DISTINCT ${own} AS own, ${referred} AS referred
           FROM ${from} AS child JOIN ONLY ${qualifiedName(foreignKey.schema, foreignKey.table)} AS parent ON ${comparison}
           WHERE ${own} <> ${referred} LIMIT ${mostGroups}`,
        );
        return rows.map((row) => [Buffer.from(row.own), Buffer.from(row.referred)] as const);
      }),
    count: (place, mostValues, mostRows) =>
      guarded(async () => {
        const { from, column } = namesOf(place, tables);
        // The server stops as soon as it has found that many.
        const rows = await number(`SELECT count(*) AS n FROM (SELECT FROM ${from} WHERE ${column} IS NOT NULL LIMIT ${mostRows}) AS found`);
        if (rows === 0) return { values: 0, rows };
        const values = await number(
          `SELECT count(*) AS n FROM (SELECT DISTINCT ${column}::text FROM ${from} WHERE ${column} IS NOT NULL LIMIT ${mostValues}) AS found`,
        );
        return { values, rows };
      }),
  };
}

/** An expression without case, accents, white space and signs, as far as the server knows them: without ICU, by the database's own collation. */
async function foldedText(client: Client, value: string): Promise<string> {
  const { rows } = await client.query<{ icu: boolean; unicode: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu' AND collnamespace = 'pg_catalog'::regnamespace
       AND collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))) AS icu,
       current_setting('server_encoding') = 'UTF8' AS unicode`,
  );
  const [{ icu, unicode } = { icu: false, unicode: false }] = rows;
  // Expressions do not take the collations that ignore differences.
  const text = `${value}::text COLLATE ${icu ? 'pg_catalog."und-x-icu"' : '"default"'}`;
  const [decomposed, accents] = unicode ? [`normalize(${text}, NFKD)`, '\u0300-\u036f'] : [text, ''];
  // Upper case first: it unfolds what has no single lower-case partner.
  const lower = `replace(replace(lower(upper(${decomposed})), '\u00df', 'ss'), '\u0131', 'i')`;
  return `regexp_replace(${unicode ? lower : `lower(${text})`}, '[[:space:][:punct:][:cntrl:]${accents}]', '', 'g')`;
}

/**
 * What a foreign key compares by, as the server itself writes it: its own operators, whose types may have other ones of the same name, and the
 * collations of what it refers to.
 */
async function comparisonOf(client: Client, { schema, table }: ColumnPlace, foreignKey: ForeignKey): Promise<string | undefined> {
  const { rows } = await client.query<{ comparison: string }>(
    `SELECT string_agg(concat(
         format('parent.%I', p.attname), CASE WHEN p.atttypid <> o.oprleft AND l.typtype <> 'p' THEN '::' || format_type(o.oprleft, NULL) END,
         format(' OPERATOR(%I.%s) child.%I', n.nspname, o.oprname, c.attname),
         CASE WHEN c.atttypid <> o.oprright AND r.typtype <> 'p' THEN '::' || format_type(o.oprright, NULL) END,
         CASE WHEN p.attcollation <> c.attcollation AND r.typcollation <> 0 THEN format(' COLLATE %I.%I', ln.nspname, lc.collname) END),
       ' AND ' ORDER BY k.n) AS comparison
     FROM pg_constraint f CROSS JOIN LATERAL unnest(f.conkey, f.confkey, f.conpfeqop) WITH ORDINALITY AS k (child, parent, operator, n)
       JOIN pg_attribute c ON c.attrelid = f.conrelid AND c.attnum = k.child
       JOIN pg_attribute p ON p.attrelid = f.confrelid AND p.attnum = k.parent
       JOIN pg_operator o ON o.oid = k.operator JOIN pg_namespace n ON n.oid = o.oprnamespace
       JOIN pg_type l ON l.oid = o.oprleft JOIN pg_type r ON r.oid = o.oprright
       LEFT JOIN pg_collation lc ON lc.oid = p.attcollation LEFT JOIN pg_namespace ln ON ln.oid = lc.collnamespace
     WHERE f.contype = 'f' AND f.conrelid = $1::regclass AND f.confrelid = $2::regclass
     GROUP BY f.oid HAVING array_agg(c.attname::text ORDER BY k.n) = $3 AND array_agg(p.attname::text ORDER BY k.n) = $4 LIMIT 1`,
    [qualifiedName(schema, table), qualifiedName(foreignKey.schema, foreignKey.table), foreignKey.columns, foreignKey.targetColumns],
  );
  return rows[0]?.comparison;
}

/** A path of members, as `#>>` takes it. */
function pathLiteral(path: string): string {
  const keys = (parseJsonPath(path) ?? []).flatMap((step) => (step.kind === 'key' ? [step.key] : []));
  return `ARRAY[${keys.map((key) => escapeLiteral(key)).join(', ')}]::text[]`;
}

function namesOf(place: ColumnPlace, tables: readonly PostgresTable[]) {
  const table = tables.find(({ schema, name }) => schema === place.schema && name === place.table);
  const [first] = table?.key ?? [];
  const key = first === undefined ? undefined : table?.columns[first]?.name;
  return {
    from: table?.from ?? '',
    isTable: table?.from.startsWith('ONLY ') === true,
    column: quoteName(place.column),
    key: key === undefined ? undefined : quoteName(key),
  };
}
