import type { MysqlClient } from './mysql-client.ts';

const mebibyte = 1024 * 1024;

/**
 * Settings of the whole server that are changed while it is restored. LOAD DATA LOCAL, and functions that do not say whether they are deterministic
 * (refused by default where a binary log is kept), have to be allowed. The redo log is not flushed at every commit and gets room, so that pages are
 * written once and not at every turn of a small log. It stays on, and so do double writes: without them the server works a few percent less, but one
 * that is cut off does not start again.
 */
const wanted: Readonly<Record<string, string | ((now: number) => number)>> = {
  local_infile: 'ON',
  log_bin_trust_function_creators: 'ON',
  innodb_flush_log_at_trx_commit: '0',
  innodb_redo_log_capacity: (now) => Math.max(now, 1024 * mebibyte),
};
/** Without these a restore is slower; a server that does not have or take them is none the worse. */
const optional = new Set(['innodb_flush_log_at_trx_commit', 'innodb_redo_log_capacity']);

/** Another value than the setting's where the server was told the size and number of log files, which nothing but a start tells it again. */
const capacityInUse = 'Innodb_redo_log_capacity_resized';

export type Settings = Readonly<Record<string, string>>;

/** Values as they are now of those settings that this server has, and that can be put back. */
export async function readSettings(client: MysqlClient): Promise<Settings> {
  const names = Object.keys(wanted).map((name) => `'${name}'`);
  const lines = await client.query(
    'Reading settings',
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names.join(', ')});\nSHOW GLOBAL STATUS LIKE '${capacityInUse}'`,
  );
  const {
    [capacityInUse]: inUse,
    innodb_redo_log_capacity: capacity,
    ...settings
  } = Object.fromEntries(lines.map((line) => line.split('\t') as [string, string]));
  return capacity === undefined || capacity !== inUse ? settings : { ...settings, innodb_redo_log_capacity: capacity };
}

export async function changeSettings(client: MysqlClient): Promise<void> {
  const now = await readSettings(client);
  const statements = (chosen: (name: string) => boolean): string[] =>
    Object.entries(wanted).flatMap(([name, value]) => {
      const current = now[name];
      if (current === undefined || !chosen(name)) return [];
      return [`SET GLOBAL ${name} = ${typeof value === 'string' ? value : value(Number(current))}`];
    });
  await client.query('Changing settings', statements((name) => !optional.has(name)).join(';\n'));
  await client.run(['--force'], { input: `${statements((name) => optional.has(name)).join(';\n')};\n` });
}

const putBackTimeoutMs = 10_000;

/** @param settings as read before they were changed, perhaps by an earlier run or an older dyn-data */
export async function putBackSettings(client: MysqlClient, settings: Settings): Promise<void> {
  const values = Object.entries(settings).filter(([name, value]) => name in wanted && /^\w+$/.test(value));
  if (values.length === 0) return;
  await client.query('Putting back settings', `SET ${values.map(([name, value]) => `GLOBAL ${name} = ${value}`).join(', ')}`, {
    despiteInterruption: true,
    timeoutMs: putBackTimeoutMs,
  });
}
