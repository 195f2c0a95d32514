import type { Connection, RowDataPacket } from 'mysql2/promise';
import { mysqlCode } from './connection.ts';

/**
 * A lock that is not had at once holds back all writers that come after it while it waits. So it is given up after this time, by another
 * connection: the server's own `lock_wait_timeout` has whole seconds, and stays as the bound for when this process dies.
 */
const lockWaitMs = 200;
const serverLockWaitSeconds = 1;

const notGranted = new Set(['ER_SPECIFIC_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_TABLEACCESS_DENIED_ERROR']);
const gaveUp = new Set(['ER_LOCK_WAIT_TIMEOUT', 'ER_QUERY_INTERRUPTED', 'ER_LOCK_DEADLOCK']);

/** `heldMs`: how long writers may have been held back, from the asking for the lock until it was given back or given up. */
export type LockOutcome<T> =
  | { readonly outcome: 'done'; readonly value: T; readonly heldMs: number }
  | { readonly outcome: 'busy'; readonly heldMs: number }
  | { readonly outcome: 'refused' };

export type ShortLock = {
  /** Runs `work` under the lock that `statement` takes on `holder`. What `work` throws passes through, when the lock is given back. */
  under<T>(statement: string, work: () => Promise<T>): Promise<LockOutcome<T>>;
};

/** @param other a connection of the same user, idle while a lock is waited for: it ends the waiting. */
export async function createShortLock(holder: Connection, other: Connection): Promise<ShortLock> {
  await holder.query(`SET SESSION lock_wait_timeout = ${serverLockWaitSeconds}`);
  const [rows] = await holder.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
  const giveUp = `KILL QUERY ${Number(rows[0]?.id)}`;

  const take = async (statement: string): Promise<'held' | 'busy' | 'refused'> => {
    let ending: Promise<unknown> | undefined;
    const timer = setTimeout(() => {
      // A user may end its own statements. Where even that is refused, the server's bound remains.
      ending = other.query(giveUp).catch(() => undefined);
    }, lockWaitMs);
    try {
      await holder.query(statement);
      return 'held';
    } catch (error) {
      const code = mysqlCode(error);
      if (notGranted.has(code)) return 'refused';
      if (!gaveUp.has(code)) throw error;
      // The server keeps what a failed FLUSH TABLES WITH READ LOCK had taken before it began to wait, and writers with it.
      await holder.query('UNLOCK TABLES');
      return 'busy';
    } finally {
      clearTimeout(timer);
      // It must not hit a later statement.
      await ending;
    }
  };

  return {
    async under(statement, work) {
      const askedAt = performance.now();
      const heldMs = (): number => performance.now() - askedAt;
      const taken = await take(statement);
      if (taken === 'refused') return { outcome: 'refused' };
      if (taken === 'busy') return { outcome: 'busy', heldMs: heldMs() };
      try {
        const value = await work();
        await holder.query('UNLOCK TABLES');
        return { outcome: 'done', value, heldMs: heldMs() };
      } catch (error) {
        await holder.query('UNLOCK TABLES');
        throw error;
      }
    },
  };
}
