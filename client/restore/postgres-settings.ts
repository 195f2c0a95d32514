import { literal, type Psql } from './postgres-psql.ts';

/**
 * Settings of the whole server that are changed while restoring: the log is not cut into checkpoints while rows are loaded, and no
 * maintenance competes with it. What a crash could cost more than the restore with (fsync, full_page_writes) stays as it is.
 */
const changed: Readonly<Record<string, string>> = { max_wal_size: '4GB', checkpoint_timeout: '30min', autovacuum: 'off' };
const putBackTimeoutMs = 10_000;

/** What ALTER SYSTEM has set; a setting that it has not has no text. */
export async function readSettings(psql: Psql): Promise<Record<string, string>> {
  const names = Object.keys(changed);
  const values = await psql.query(
    'Reading settings',
    'template1',
    names
      .map(
        (name) =>
          `SELECT coalesce((SELECT setting FROM pg_file_settings WHERE name = ${literal(name)} AND sourcefile LIKE '%/postgresql.auto.conf' ORDER BY seqno DESC LIMIT 1), '')`,
      )
      .join(';\n'),
  );
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

export async function changeSettings(psql: Psql): Promise<void> {
  const statements = Object.entries(changed).map(([name, value]) => `ALTER SYSTEM SET ${name} = ${literal(value)};\n`);
  await psql.query('Changing settings', 'template1', `${statements.join('')}SELECT pg_reload_conf()`);
}

export async function putBackSettings(psql: Psql, settings: Readonly<Record<string, string>>): Promise<void> {
  const statements = Object.keys(changed).map((name) =>
    settings[name] ? `ALTER SYSTEM SET ${name} = ${literal(settings[name])};\n` : `ALTER SYSTEM RESET ${name};\n`,
  );
  await psql.query('Putting back settings', 'template1', `${statements.join('')}SELECT pg_reload_conf()`, {
    despiteInterruption: true,
    timeoutMs: putBackTimeoutMs,
  });
}
