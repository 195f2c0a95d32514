import type { Client } from 'pg';
import type { CompiledPolicy } from '../../anonymizers/index.ts';
import type { PostgresSourceConfig } from '../../core/index.ts';
import { anyExtraction, type SourceSession } from '../extraction.ts';
import { inParallel } from '../in-parallel.ts';
import { translated } from '../translated.ts';
import { type PostgresTable, readTables, withRanges } from './catalog.ts';
import { openConnection, postgresError } from './connection.ts';
import { createDatabase, databaseFile, readDatabaseComment, readSequences, readSettings } from './database.ts';
import { programName, readDefinitions, settingName } from './definitions.ts';
import { postgresExtraction } from './extraction.ts';
import { largeObjectFiles, largeObjectSchema } from './large-objects.ts';
import { observePostgres } from './observe.ts';
import { type Environment, pgVariables, preparePgDump } from './pg-dump.ts';
import { requireAllPrograms, withoutPrograms } from './programs.ts';
import { openReaders, type Readers } from './readers.ts';
import { sampleTables } from './sample.ts';
import { postgresSurvey } from './survey.ts';
import { refuseUnsupported } from './unsupported.ts';

/** Reading connections, all at one exported snapshot. */
const readerCount = 2;

/** A PostgreSQL source: one connection exports the snapshot, the others and pg_dump take it over. @throws DynDataError see SourceSession */
export async function connectPostgres(
  name: string,
  config: PostgresSourceConfig,
  password: string,
  environment: Environment,
  signal: AbortSignal,
  { silenceLimitMs }: { readonly silenceLimitMs?: number } = {},
): Promise<SourceSession> {
  signal.throwIfAborted();
  const guarded = <T>(work: () => Promise<T>): Promise<T> => translated((error) => postgresError(name, error), work);
  const open = (): Promise<Client> => openConnection(name, config, password, silenceLimitMs);
  const control = await open();
  let snapshot = '';
  const join = async (client: Client): Promise<void> => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query(`SET TRANSACTION SNAPSHOT '${snapshot}'`);
  };
  let readers: Readers | undefined;
  const disposeAll = async (): Promise<void> => {
    await Promise.all([endHard(control), readers?.[Symbol.asyncDispose]()]);
  };
  try {
    readers = await openReaders({ count: readerCount, open, join, end: endHard });
    const { clients, borrow, replaceLost } = readers;
    const { rows: versions } = await control.query<{ version: string; number: string }>(
      "SELECT split_part(current_setting('server_version'), ' ', 1) AS version, current_setting('server_version_num') AS number",
    );
    const version = versions[0]?.version ?? '';
    const pgDump = await preparePgDump(
      name,
      config,
      { ...environment, ...pgVariables(config, password) },
      Math.floor(Number(versions[0]?.number ?? 0) / 10000),
      signal,
    );
    let tables: PostgresTable[] = [];

    const session: SourceSession = {
      name,
      kind: 'postgres',
      server: { product: 'PostgreSQL', version },
      parallelism: readerCount,
      openPoint: () =>
        guarded(async () => {
          await control.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
          const { rows } = await control.query<{ snapshot: string; lsn: string }>(
            'SELECT pg_export_snapshot() AS snapshot, (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text AS lsn',
          );
          const at = new Date();
          snapshot = rows[0]?.snapshot ?? '';
          for (const client of clients) await join(client);
          return {
            at,
            position: rows[0]?.lsn ?? '',
            lockedMs: 0,
            consistency: { method: 'exported-snapshot', consistent: true, notCovered: [] },
          };
        }),
      describe: () =>
        guarded(async () => {
          // Outside of transactions, so they are read as near to the point as can be.
          const sequences = await readSequences(control);
          await refuseUnsupported(name, control);
          tables = await withRanges(control, await readTables(control));
          const hasLargeObjects = tables.some(({ schema }) => schema === largeObjectSchema);
          const create = await createDatabase(control, config.database);
          const settings = await readSettings(control);
          const comment = await readDatabaseComment(control);
          const { definitions, views, programs } = await readDefinitions(control);
          return {
            live: { name, kind: 'postgres', tables, definitions },
            databases: [{ name: config.database, create }],
            files: async (plan, filesSignal) => {
              const without = { comments: plan.comments === 'drop', views: views.filter((view) => plan.drops(programName(view))) };
              const sections = await inParallel(
                ['pre-data', 'post-data'] as const,
                2,
                (section, shared) =>
                  pgDump.section(section, snapshot, without, shared).catch(async (error: unknown) => {
                    // The snapshot may be gone with the server, which pg_dump does not say.
                    await guarded(() => control.query('SELECT 1'));
                    throw error;
                  }),
                filesSignal,
              );
              // What is on a view that is left out, pg_dump leaves out with it.
              const left = new Set(without.views.map(programName));
              requireAllPrograms(definitions, programs, plan);
              const dropped = programs.filter((program) => plan.drops(program.name) && !left.has(program.on ?? ''));
              const [before, after] = withoutPrograms(sections, dropped, name) as [string, string];
              const kept = settings.filter((setting) => !plan.drops(settingName(setting)));
              const ofDatabase = databaseFile(kept, plan.comments === 'keep' ? comment : undefined);
              return {
                before: [{ name: 'pre-data.sql', text: before }, ...(hasLargeObjects ? [largeObjectFiles.before] : [])],
                after: [
                  ...(hasLargeObjects ? [largeObjectFiles.after] : []),
                  sequences,
                  { name: 'post-data.sql', text: after },
                  ...(ofDatabase.text === '' ? [] : [ofDatabase]),
                ],
              };
            },
          };
        }),
      async observe(policy, sink, observeSignal) {
        const observe = async (table: PostgresTable): Promise<void> => {
          await using lent = await borrow();
          await observePostgres(table, policy.table(name, table.schema, table.name), lent.item, name, sink, policy.known, observeSignal);
        };
        await inParallel(tables, readerCount, observe, observeSignal);
      },
      extractions(policy: CompiledPolicy) {
        return tables.map((table) => anyExtraction(postgresExtraction(table, policy.table(name, table.schema, table.name), borrow, name)));
      },
      sample: (rows, sampleSignal) => sampleTables(tables, borrow, { sourceName: name, rows, signal: sampleSignal }),
      async survey(ask) {
        await using lent = await borrow();
        return await ask(postgresSurvey(name, lent.item, tables));
      },
      // The exported snapshot lives as long as the transaction of the connection that exported it.
      recover: () =>
        guarded(async () => {
          const isKept = await control.query('SELECT 1').then(
            () => true,
            () => false,
          );
          if (isKept) await replaceLost();
          return isKept;
        }),
      changed: async () => false,
      [Symbol.asyncDispose]: disposeAll,
    };
    return session;
  } catch (error) {
    await disposeAll();
    throw postgresError(name, error);
  }
}

const endTimeoutMs = 2000;

/** Ends a connection even where it hangs in the middle of a COPY. */
async function endHard(client: Client): Promise<void> {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
  const timer = setTimeout(() => stream.destroy(), endTimeoutMs);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
}
