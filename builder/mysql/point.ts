import type { Connection, RowDataPacket } from 'mysql2/promise';
import { DynDataError } from '../../core/index.ts';
import type { Point } from '../extraction.ts';
import { mysqlCode, mysqlError, qualifiedName } from './connection.ts';

/** The longest wait for a lock, in seconds. A waiting FLUSH holds back all writers, so it must be short; it is tried again after a pause. */
const lockWaitSeconds = 1;
const lockAttempts = 10;
const lockPauseMs = 500;
const compareAttempts = 5;

export type TableName = { readonly schema: string; readonly name: string };

/**
 * Gives all `readers` one point in time and returns how. Tried in this order, each where the one before is not granted: a global read
 * lock, read locks on the tables (which can make a writer's transaction over several of them a deadlock's victim), and no lock but equal
 * log positions before and after.
 * @throws DynDataError SOURCE_INCONSISTENT where writers never paused or a lock was never had; SOURCE_FAILED.
 */
export async function openSharedPoint(
  name: string,
  control: Connection,
  readers: readonly Connection[],
  tables: readonly TableName[],
  notCovered: readonly string[],
  signal: AbortSignal,
): Promise<Point> {
  await control.query(`SET SESSION lock_wait_timeout = ${lockWaitSeconds}`);
  const finish = (method: Point['consistency']['method'], taken: Taken): Point => ({
    at: taken.at,
    position: taken.position,
    lockedMs: Math.round(taken.lockedMs),
    consistency: { method, consistent: true, notCovered: [...notCovered] },
  });

  const global = await lockedPoint(name, control, readers, 'FLUSH TABLES WITH READ LOCK', signal);
  if (global) return finish('global-read-lock', global);
  if (tables.length > 0) {
    const list = tables.map(({ schema, name: table }) => `${qualifiedName(schema, table)} READ`).join(', ');
    const locked = await lockedPoint(name, control, readers, `LOCK TABLES ${list}`, signal);
    if (locked) return finish('table-locks', locked);
  }
  for (let attempt = 0; attempt < compareAttempts; attempt += 1) {
    signal.throwIfAborted();
    const before = await logPosition(control);
    if (before === '') break;
    await startTransactions(readers);
    if ((await logPosition(control)) === before) return finish('position-compared', { at: new Date(), position: before, lockedMs: 0 });
  }
  throw new DynDataError(
    'SOURCE_INCONSISTENT',
    `The MySQL source "${name}" grants no lock and its log position kept moving, so its connections cannot share one point in time. Grant RELOAD or LOCK TABLES and REPLICATION CLIENT, or snapshot a replica.`,
  );
}

type Taken = { readonly at: Date; readonly position: string; readonly lockedMs: number };

/** Undefined where the lock is not granted to this user. */
async function lockedPoint(
  name: string,
  control: Connection,
  readers: readonly Connection[],
  lock: string,
  signal: AbortSignal,
): Promise<Taken | undefined> {
  for (let attempt = 0; attempt < lockAttempts; attempt += 1) {
    signal.throwIfAborted();
    const waitedFrom = performance.now();
    try {
      await control.query(lock);
    } catch (error) {
      const code = mysqlCode(error);
      if (code === 'ER_SPECIFIC_ACCESS_DENIED_ERROR' || code === 'ER_DBACCESS_DENIED_ERROR' || code === 'ER_TABLEACCESS_DENIED_ERROR')
        return undefined;
      if (code !== 'ER_LOCK_WAIT_TIMEOUT') throw mysqlError(name, error);
      await new Promise((resolve) => setTimeout(resolve, lockPauseMs));
      continue;
    }
    try {
      await startTransactions(readers);
      const at = new Date();
      const position = await logPosition(control);
      await holdDefinitions(readers);
      return { at, position, lockedMs: performance.now() - waitedFrom };
    } catch (error) {
      throw mysqlError(name, error);
    } finally {
      await control.query('UNLOCK TABLES');
    }
  }
  throw new DynDataError(
    'SOURCE_INCONSISTENT',
    `The MySQL source "${name}" was too busy for a lock of ${lockWaitSeconds} s: a long statement holds its tables. Try again at a quieter time, or snapshot a replica.`,
  );
}

async function startTransactions(readers: readonly Connection[]): Promise<void> {
  await Promise.all(
    readers.map(async (reader) => {
      await reader.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await reader.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    }),
  );
}

/** Keeps table definitions as they are while rows are read, where the server has that lock and grants it. Without it a changed table fails the build. */
async function holdDefinitions(readers: readonly Connection[]): Promise<void> {
  const [first] = readers;
  if (!first) return;
  await first.query('LOCK INSTANCE FOR BACKUP').catch((error: unknown) => {
    const code = mysqlCode(error);
    if (code !== 'ER_SPECIFIC_ACCESS_DENIED_ERROR' && code !== 'ER_PARSE_ERROR') throw error;
  });
}

/** GTID set, and file and offset of the binary log; empty where the server keeps or shows neither. */
async function logPosition(control: Connection): Promise<string> {
  const gtid = await control.query<RowDataPacket[]>('SELECT @@global.gtid_executed AS gtid').then(
    ([rows]) => String(rows[0]?.gtid ?? '').replaceAll(/\s/g, ''),
    () => '',
  );
  for (const statement of ['SHOW BINARY LOG STATUS', 'SHOW MASTER STATUS']) {
    const row = await control.query<RowDataPacket[]>(statement).then(
      ([rows]) => rows[0],
      () => undefined,
    );
    if (row) return [`${row.File}:${row.Position}`, gtid].filter((part) => part !== '').join(' ');
  }
  return gtid;
}
