import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { bulkText } from '../bulk-text.ts';
import type { SampleConnections } from '../connections.ts';
import type { LoadOptions } from '../load-options.ts';
import { createPopulation } from '../population.ts';
import { seedMark } from '../seed-state.ts';
import { sampleSizes } from '../sizes.ts';
import { postgresTables } from './tables.ts';

/** Everything in the schema `public` but the schema itself, so that its owner and rights stay what they were. */
const dropAll = `
  DO $$
  DECLARE thing record;
  BEGIN
    FOR thing IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
      EXECUTE format('DROP TABLE IF EXISTS public.%I CASCADE', thing.name);
    END LOOP;
    FOR thing IN SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' LOOP
      EXECUTE format('DROP SEQUENCE IF EXISTS public.%I CASCADE', thing.name);
    END LOOP;
  END $$`;

const createExtractionAccount = async (client: pg.Client, { user, password }: SampleConnections['postgres']): Promise<void> => {
  const name = pg.escapeIdentifier(user);
  const known = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [user]);
  if (known.rowCount === 0) await client.query(`CREATE ROLE ${name} LOGIN`);
  await client.query(`ALTER ROLE ${name} PASSWORD ${pg.escapeLiteral(password)}`);
  await client.query(`GRANT pg_read_all_data TO ${name}`);
};

/**
 * Fills the database `aerogear`, unless it is filled with just that. One transaction: it is filled wholly or as it was before.
 * The mark is the comment on the extraction role, which no dump of the database holds.
 */
export const loadPostgres = async (connections: SampleConnections, options: LoadOptions): Promise<void> => {
  const { host, port, user, password, database } = connections.postgresAdmin;
  const client = new pg.Client({ host, port, user, password, database });
  // A connection that breaks makes the running query fail as well; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const mark = seedMark(options);
    const role = connections.postgres.user;
    await createExtractionAccount(client, connections.postgres);
    const found = await client.query("SELECT shobj_description(oid, 'pg_authid') AS mark FROM pg_roles WHERE rolname = $1", [role]);
    if (found.rows[0]?.mark === mark) {
      options.log(`postgres: holds ${options.size} already`);
      return;
    }
    const startedAt = performance.now();
    await client.query('BEGIN');
    await client.query(dropAll);
    await client.query(await readFile(resolve(import.meta.dirname, 'schema.sql'), 'utf8'));
    const counts = sampleSizes[options.size];
    let rowCount = 0;
    for (const data of postgresTables(createPopulation(options.seed), counts)) {
      const target = client.query(copyFrom(`COPY ${data.table} (${data.columns.join(', ')}) FROM STDIN`));
      await pipeline(Readable.from(bulkText(data.rows())), target, { signal: options.signal });
      rowCount += target.rowCount;
    }
    await client.query("SELECT setval('category_seq', $1)", [counts.categories]);
    await client.query(`COMMENT ON ROLE ${pg.escapeIdentifier(role)} IS ${pg.escapeLiteral(mark)}`);
    await client.query('COMMIT');
    await client.query('ANALYZE');
    options.log(`postgres: ${rowCount} rows in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  } finally {
    await client.end();
  }
};
