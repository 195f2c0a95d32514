import type { Connection, RowDataPacket } from 'mysql2/promise';

export type LogPosition = {
  /** GTID set, and file and offset of the binary log; empty where the server keeps or shows neither. One question. */
  read(): Promise<string>;
  /** False while a transaction is in the log already and its rows are not visible yet; undefined where the server cannot tell (no GTIDs). */
  isSettled(): Promise<boolean | undefined>;
};

/** Which statement this server and this user know is found out here, so that under a lock no failing one is tried. */
export async function createLogPosition(connection: Connection): Promise<LogPosition> {
  const ask = async (sql: string): Promise<RowDataPacket | undefined> => (await connection.query<RowDataPacket[]>(sql))[0][0];
  const tried = (sql: string): Promise<RowDataPacket | undefined> => ask(sql).catch(() => undefined);
  const hasGtids = Number((await tried("SELECT @@global.gtid_mode = 'ON' AS isOn"))?.isOn) === 1;
  let show: string | undefined;
  for (const statement of ['SHOW BINARY LOG STATUS', 'SHOW MASTER STATUS']) {
    if (!(await tried(statement))) continue;
    show = statement;
    break;
  }
  const question = show ?? (hasGtids ? 'SELECT @@global.gtid_executed AS Executed_Gtid_Set' : undefined);
  return {
    async read() {
      const row = question === undefined ? undefined : await ask(question);
      const file = row?.File === undefined ? '' : `${row.File}:${row.Position}`;
      const executed = String(row?.Executed_Gtid_Set ?? '').replaceAll(/\s/g, '');
      return [file, executed].filter((part) => part !== '').join(' ');
    },
    // A transaction owns its GTID from before it is written to the log until after its rows are visible.
    isSettled: async () => (hasGtids ? (await ask('SELECT @@global.gtid_owned AS owned'))?.owned === '' : undefined),
  };
}

/** The binary log's position that a MariaDB transaction's snapshot is of; empty where the server keeps no log. */
export async function snapshotPosition(reader: Connection): Promise<string> {
  const [rows] = await reader.query<RowDataPacket[]>("SHOW STATUS LIKE 'binlog_snapshot_%'");
  const values = new Map(rows.map((row) => [String(row.Variable_name).toLowerCase(), String(row.Value)]));
  const file = values.get('binlog_snapshot_file') ?? '';
  return file === '' ? '' : `${file}:${values.get('binlog_snapshot_position')}`;
}
