import type { Client } from 'pg';
import type { SchemaFile } from '../extraction.ts';
import { wholeTable } from '../key-ranges.ts';
import type { PostgresTable } from './catalog.ts';

/** Where the server keeps them; no other table is read from there. */
export const largeObjectSchema = 'pg_catalog';

/** Of the restore alone: large objects are loaded through a view, because no COPY makes them. */
const restoreSchema = '"dyn-data"';
const view = `${restoreSchema}.large_objects`;

/**
 * Large objects as a table of their oids and bytes, so that a policy decides them as it decides columns. They are read whole: a page of one
 * could hide a value from the leak scan. Undefined where there are none.
 */
export async function largeObjectTable(client: Client): Promise<PostgresTable | undefined> {
  const { rows } = await client.query<{ count: number }>('SELECT count(*)::float AS count FROM pg_largeobject_metadata');
  const count = rows[0]?.count ?? 0;
  if (count === 0) return undefined;
  return {
    schema: largeObjectSchema,
    name: 'pg_largeobject_metadata',
    estimatedRows: count,
    columns: [
      { name: 'oid', type: 'integer', sqlType: 'oid', nullable: false, unique: true },
      { name: 'data', type: 'binary', sqlType: 'bytea', nullable: false, unique: false },
    ],
    from: '(SELECT oid, lo_get(oid) AS data FROM pg_largeobject_metadata) AS large_object',
    into: view,
    key: [0],
    uniqueKeys: [{ columns: ['oid'], wholeValues: true }],
    foreignKeys: [],
    ranges: [wholeTable],
  };
}

/** What the table's `load` needs, and what takes that away again. */
export const largeObjectFiles: { readonly before: SchemaFile; readonly after: SchemaFile } = {
  before: {
    name: 'large-objects.sql',
    text: `CREATE SCHEMA ${restoreSchema};
CREATE VIEW ${view} AS SELECT NULL::oid AS oid, NULL::bytea AS data;
CREATE FUNCTION ${restoreSchema}.create_large_object() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_catalog.lo_from_bytea(NEW.oid, NEW.data); RETURN NEW; END';
CREATE TRIGGER create_large_object INSTEAD OF INSERT ON ${view}
  FOR EACH ROW EXECUTE FUNCTION ${restoreSchema}.create_large_object();
`,
  },
  after: {
    name: 'large-objects-loaded.sql',
    text: `DROP VIEW ${view};
DROP FUNCTION ${restoreSchema}.create_large_object();
DROP SCHEMA ${restoreSchema};
`,
  },
};
