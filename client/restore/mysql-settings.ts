import type { ExecOptions } from '../service-container.ts';
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
/** Without these a restore is slower; a server that does not have or take them is none the worse, and one that is not ours is left alone. */
const forSpeed = new Set(['innodb_flush_log_at_trx_commit', 'innodb_redo_log_capacity']);
/** Only a routine that needs it fails without it. */
const optional = new Set([...forSpeed, 'log_bin_trust_function_creators']);
const namesFor = ({ isRemote }: MysqlClient): string[] => Object.keys(wanted).filter((name) => !(isRemote && forSpeed.has(name)));

/** Another value than the setting's where the server was told the size and number of log files, which nothing but a start tells it again. */
const capacityInUse = 'Innodb_redo_log_capacity_resized';

export type Settings = Readonly<Record<string, string>>;

/** Values as they are now of those settings that this server has, and that can be put back. */
export async function readSettings(client: MysqlClient, options?: ExecOptions): Promise<Settings> {
  const names = namesFor(client).map((name) => `'${name}'`);
  const lines = await client.query(
    'Reading settings',
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names.join(', ')});\nSHOW GLOBAL STATUS LIKE '${capacityInUse}'`,
    options,
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
      const next = typeof value === 'string' ? value : String(value(Number(current)));
      // Who may not change what is right already need not.
      return current === undefined || current === next || !chosen(name) ? [] : [`SET GLOBAL ${name} = ${next}`];
    });
  const needed = statements((name) => !optional.has(name));
  if (needed.length > 0) await client.query('Changing settings', needed.join(';\n'));
  const tried = statements((name) => optional.has(name));
  if (tried.length > 0) await client.run(['--force'], { input: `${tried.join(';\n')};\n` });
}

const putBackTimeoutMs = 10_000;

/** @param settings as read before they were changed, perhaps by an earlier run or an older dyn-data */
export async function putBackSettings(client: MysqlClient, settings: Settings): Promise<void> {
  const options = { despiteInterruption: true, timeoutMs: putBackTimeoutMs };
  const now = await readSettings(client, options);
  const values = Object.entries(settings).filter(([name, value]) => name in wanted && /^\w+$/.test(value) && value !== now[name]);
  if (values.length === 0) return;
  await client.query('Putting back settings', `SET ${values.map(([name, value]) => `GLOBAL ${name} = ${value}`).join(', ')}`, options);
}
