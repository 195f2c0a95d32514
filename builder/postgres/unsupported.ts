import type { Client } from 'pg';
import { DynDataError } from '../../core/index.ts';
import { userSchemas } from './catalog.ts';
import { quoteName } from './connection.ts';

const notOfExtension = (catalogName: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalogName}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;

/** What nobody could restore from the structure alone, each with why. */
const queries: readonly string[] = [
  // Their user mappings hold passwords, and the restored database would work on another system's live data.
  `SELECT 'foreign server ' || s.srvname || ' (it reaches another live system)' AS line FROM pg_foreign_server s WHERE ${notOfExtension('pg_foreign_server', 's.oid')}`,
  `SELECT 'foreign-data wrapper ' || w.fdwname || ' (it reaches another live system)' AS line FROM pg_foreign_data_wrapper w
   WHERE ${notOfExtension('pg_foreign_data_wrapper', 'w.oid')}`,
  `SELECT 'policy ' || p.polname || ' on ' || n.nspname || '.' || c.relname || ' (it names roles, and roles are not carried)' AS line
   FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.polroles <> '{0}'::oid[] AND ${userSchemas}`,
  // The partition of a value depends on the number that the server gave to the enum's label, which is another one after a restore.
  `SELECT 'table ' || n.nspname || '.' || c.relname || ' (partitioned by the hash of an enum)' AS line
   FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE p.partstrat = 'h' AND EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
     WHERE a.attrelid = c.oid AND a.attnum = ANY (p.partattrs::int2[]) AND t.typtype = 'e') AND ${userSchemas}`,
  `SELECT 'comment on large object ' || objoid AS line FROM pg_description WHERE classoid = 'pg_largeobject'::regclass`,
];

/**
 * @throws DynDataError SOURCE_UNSUPPORTED naming everything of the source that a snapshot could not hold, or a restore not bring back.
 */
export async function refuseUnsupported(sourceName: string, client: Client): Promise<void> {
  const found: string[] = [];
  for (const sql of queries) found.push(...(await client.query<{ line: string }>(`${sql} ORDER BY 1`)).rows.map(({ line }) => line));
  found.push(...(await extensionRows(client)));
  if (found.length === 0) return;
  throw new DynDataError(
    'SOURCE_UNSUPPORTED',
    `The PostgreSQL source "${sourceName}" has what dyn-data does not carry. Nothing was read. Remove what is named below at the source, or leave this source out.`,
    { details: found },
  );
}

/** Rows that users put into the tables of an extension: the extension says which of its tables have some, and under which condition. */
async function extensionRows(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ extension: string; schema: string; table: string; condition: string }>(
    `SELECT e.extname AS extension, n.nspname AS schema, c.relname AS table, coalesce(e.extcondition[i.at], '') AS condition
     FROM pg_extension e CROSS JOIN LATERAL generate_subscripts(e.extconfig, 1) AS i (at)
       JOIN pg_class c ON c.oid = e.extconfig[i.at] JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' ORDER BY 1, 2, 3`,
  );
  const found: string[] = [];
  for (const { extension, schema, table, condition } of rows) {
    const from = `${quoteName(schema)}.${quoteName(table)}`;
    const { rows: some } = await client.query(`SELECT FROM ${from} ${condition} LIMIT 1`);
    if (some.length > 0) found.push(`rows in ${schema}.${table}, a table of the extension ${extension}`);
  }
  return found;
}
