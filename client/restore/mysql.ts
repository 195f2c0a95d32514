import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../../core/errors.ts';
import type { ManifestTable } from '../../core/manifest.ts';
import type { ImageReader } from '../image-reader.ts';
import type { ServiceContainer } from '../service-container.ts';
import { type DataService, type DataServiceOptions, restoreFailed, tableLabel } from './data-service.ts';
import { type Loaded, sumOf } from './loaded.ts';
import { mysqlChanges } from './mysql-changes.ts';
import { createMysqlClient, errorCode, literal, qualified, quote, unhex } from './mysql-client.ts';
import { createMysqlProgress, type MysqlProgress, type TargetTable } from './mysql-progress.ts';
import { changeSettings, putBackSettings, readSettings } from './mysql-settings.ts';
import { loadTables } from './mysql-tables.ts';

const readyPollMs = 300;

/** A refused login also means that the server listens: 1045 access denied, 1130 host not allowed. */
const answers = new Set(['1045', '1130']);

/** MySQL and MariaDB, through the client program of their own container. */
export function createMysqlService({ container, source, beginStep }: DataServiceOptions): DataService {
  const client = createMysqlClient(container);
  const progress = createMysqlProgress(client, source);
  const databases = source.databases.map(({ name }) => name);

  const startOver = async (reader: ImageReader): Promise<TargetTable[]> => {
    await progress.drop();
    for (const { name, create } of source.databases)
      await client.script(`Creating the database ${name}`, `DROP DATABASE IF EXISTS ${quote(name)};\n${create};\n`);
    for (const file of source.before) await client.script(`Running ${file.path}`, await reader.text(file));
    return progress.begin(reader.manifestDigest);
  };

  return {
    async waitReady(timeoutMs) {
      const deadlineMs = performance.now() + timeoutMs;
      for (;;) {
        // Over TCP: while an image initialises itself, its temporary server listens on the socket only.
        const result = await client.run(['--protocol=tcp', '--host=127.0.0.1', '--execute=SELECT 1']);
        if (result.exitCode === 0 || answers.has(/ERROR (\d+)/.exec(result.stderr)?.[1] ?? '')) return;
        if (performance.now() > deadlineMs) throw notReady(container, errorCode(result));
        await sleep(readyPollMs);
      }
    },
    dataDirectory: () => mysqlDataDirectory(container),
    async occupied() {
      const tables = await client.query(
        'Looking for databases',
        `SELECT HEX(TABLE_SCHEMA), HEX(TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE') AND TABLE_SCHEMA IN (${databases.map(literal).join(', ')})`,
      );
      if (tables.length === 0) return [];
      const names = tables.map((line) => line.split('\t').map(unhex));
      const hasRows = await client.query(
        'Looking for rows',
        names.map(([schema = '', name = '']) => `SELECT EXISTS (SELECT 1 FROM ${qualified({ schema, name })})`).join(';\n'),
      );
      return [...new Set(names.flatMap(([schema], index) => (hasRows[index] === '1' ? [`database ${schema}`] : [])))];
    },
    settings: () => readSettings(client),
    putBack: (settings) => putBackSettings(client, settings),
    async restore(reader, onLoaded, resumption) {
      beginStep('schema');
      await client.endLeftSessions();
      await changeSettings(client);
      const left = resumption ? await goOn(client, progress, source.tables, reader.manifestDigest) : undefined;
      if (left) resumption?.onResume(loadedOf(source.tables, left));
      const targets = left ?? (await startOver(reader));
      beginStep('rows');
      await loadTables({ container, client, progress, reader, tables: source.tables, targets, onLoaded });
      beginStep('keys');
      await progress.end();
      for (const file of source.after) await client.script(`Running ${file.path}`, await reader.text(file));
    },
    async runScript(text, onLine) {
      const [database] = databases;
      const found =
        database && (await client.query('Looking for the database', `SHOW DATABASES WHERE \`Database\` = ${literal(database)}`));
      const inDatabase = found && found.length > 0 ? [`--database=${database}`] : [];
      const result = await client.run(['--binary-mode', '--comments', '--batch', '--skip-column-names', ...inDatabase], {
        input: text,
        onLine,
      });
      return result.exitCode === 0 ? undefined : errorCode(result);
    },
    changes: () => mysqlChanges(container, databases),
    concluded: () => progress.drop(),
    async counts() {
      if (source.tables.length === 0) return [];
      const lines = await client.query(
        'Counting rows',
        source.tables.map((table) => `SELECT COUNT(*) FROM ${qualified(table)}`).join(';\n'),
      );
      return lines.map(Number);
    },
    async missing() {
      if (source.tables.length === 0) return [];
      const exists = (table: ManifestTable): string =>
        `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal(table.schema)} AND TABLE_NAME = ${literal(table.name)}`;
      const lines = await client.query('Looking for tables', source.tables.map(exists).join(';\n'));
      return source.tables.filter((_table, index) => lines[index] !== '1').map(tableLabel);
    },
  };
}

/** What an earlier run has loaded; tables of engines without transactions are emptied, since nobody knows how much of them is there. */
async function goOn(
  client: ReturnType<typeof createMysqlClient>,
  progress: MysqlProgress,
  tables: readonly ManifestTable[],
  snapshot: string,
): Promise<TargetTable[] | undefined> {
  const targets = await progress.find(snapshot);
  const unknown = tables.filter((table, number) => table.chunks.length > 0 && targets?.[number]?.transactional === false);
  if (targets === undefined || unknown.length === 0) return targets;
  const emptied = await client.run([], { input: unknown.map((table) => `TRUNCATE TABLE ${qualified(table)};\n`).join('') });
  return emptied.exitCode === 0 ? targets : undefined;
}

function loadedOf(tables: readonly ManifestTable[], targets: readonly TargetTable[]): Loaded & { readonly tables: number } {
  const loaded = tables.map(({ chunks }, number) => chunks.filter((_chunk, index) => targets[number]?.loaded.has(index)));
  const whole = tables.filter(({ chunks }, number) => loaded[number]?.length === chunks.length);
  return { tables: whole.length, ...sumOf(loaded.flat()) };
}

export async function mysqlDataDirectory(container: ServiceContainer): Promise<string> {
  const result = await createMysqlClient(container).run(['--batch', '--skip-column-names', '--execute=SELECT @@datadir']);
  const directory = result.stdout.trim().replace(/\/+$/, '');
  if (result.exitCode !== 0 || directory === '') throw restoreFailed(container, 'Asking for the data directory', errorCode(result));
  return directory;
}

function notReady(container: ServiceContainer, code: string): DynDataError {
  return new DynDataError(
    'SERVICE_UNHEALTHY',
    `The service ${container.service} is started but does not take connections (${code}). Look at its log (docker compose logs ${container.service}) and run \`dyn-data up\` again.`,
  );
}
