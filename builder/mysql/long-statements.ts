import type { Connection, RowDataPacket } from 'mysql2/promise';
import { mysqlCode } from './connection.ts';

/** Whether this user may see what others run (PROCESS): where it may not, this question is refused. */
export async function seesStatements(connection: Connection): Promise<boolean> {
  try {
    await connection.query('SELECT COUNT(*) FROM information_schema.INNODB_TRX');
    return true;
  } catch (error) {
    if (mysqlCode(error) === 'ER_SPECIFIC_ACCESS_DENIED_ERROR') return false;
    throw error;
  }
}

/**
 * The questions from the most to the least exact: the first needs SELECT on performance_schema, the second is of MySQL 8.0.22 and newer, and
 * both of these count in seconds. Threads that apply another server's log are "system user", and look busy while they wait.
 */
const questions = [
  `SELECT COUNT(*) AS n FROM performance_schema.events_statements_current JOIN performance_schema.threads USING (THREAD_ID)
   WHERE END_EVENT_ID IS NULL AND TIMER_WAIT >= 1e11 AND TYPE = 'FOREGROUND' AND PROCESSLIST_COMMAND IN ('Query', 'Execute')
   AND PROCESSLIST_USER <> 'system user' AND PROCESSLIST_ID <> CONNECTION_ID()`,
  ...['performance_schema.processlist', 'information_schema.PROCESSLIST'].map(
    (table) => `SELECT COUNT(*) AS n FROM ${table}
      WHERE COMMAND IN ('Query', 'Execute') AND TIME >= 1 AND USER <> 'system user' AND ID <> CONNECTION_ID()`,
  ),
];

/** Whether somebody's statement has been running for a tenth of a second, or where this user may not see that, for a second. No texts are asked for. */
export async function somethingRunsLong(connection: Connection): Promise<boolean> {
  let refusal: unknown;
  for (const question of questions) {
    try {
      const [rows] = await connection.query<RowDataPacket[]>(question);
      return Number(rows[0]?.n ?? 0) > 0;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}
