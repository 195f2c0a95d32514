import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { DynDataError } from '../../core/index.ts';
import type { Point } from '../extraction.ts';
import type { Product } from './columns.ts';
import { mysqlCode, qualifiedName } from './connection.ts';
import { seesStatements, somethingRunsLong } from './long-statements.ts';
import { createLogPosition, type LogPosition, snapshotPosition } from './position.ts';
import { createShortLock, type ShortLock } from './short-lock.ts';

/** Pauses between attempts at a lock; each attempt holds writers back a little, so they get longer. */
const lockPausesMs = [250, 500, 1000, 1000, 2000, 2000, 4000];
/** Comparing holds nobody back, so it may be tried often. */
const compareAttempts = 400;
const comparePauseMs = 25;
/** How long a log without GTIDs has to stand still: by then, what was written to it last is visible. */
const settledAfterMs = 100;

export type TableName = { readonly schema: string; readonly name: string };

type Taken = { readonly at: Date; readonly position: string };
type Method = Point['consistency']['method'];

/**
 * Gives all `readers` one point in time and returns how. Tried in this order, each where the one before is not granted or not to be had:
 * a global read lock, read locks on the tables (which can make a writer's transaction over several of them a deadlock's victim), and no
 * lock but a log that stood still meanwhile.
 * @throws DynDataError SOURCE_INCONSISTENT where writers never paused and a lock was never had; what the driver throws.
 */
export async function openSharedPoint(
  { name, product }: { readonly name: string; readonly product: Product },
  control: Connection,
  readers: readonly Connection[],
  tables: readonly TableName[],
  notCovered: readonly string[],
  signal: AbortSignal,
): Promise<Point> {
  const [first] = readers;
  if (!first) throw new DynDataError('INTERNAL', 'The MySQL session has no reading connection.');
  // Everything that needs no lock comes before it.
  for (const reader of readers) await reader.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await first.query('SET SESSION lock_wait_timeout = 1');
  const lock = await createShortLock(control, first);
  const log = await createLogPosition(control);
  const start = async (): Promise<Taken> => {
    const [position] = await Promise.all([log.read(), startTransactions(readers)]);
    return { at: new Date(), position };
  };
  let heldMs = 0;
  const locked = async (statement: string, mayAsk: () => Promise<boolean>, work: () => Promise<Taken>): Promise<Taken | undefined> => {
    const result = await underLock(lock, statement, { mayAsk, work, signal });
    heldMs = Math.max(heldMs, result.heldMs);
    return result.taken;
  };

  // In MySQL the global lock flushes tables. One that a long statement reads then stays closed to everybody until that statement ends,
  // also when the lock was given up long ago. MariaDB leaves tables in use alone.
  const flushHurts = product === 'MySQL';
  const global = (): Promise<Taken | undefined> =>
    locked(
      'FLUSH TABLES WITH READ LOCK',
      async () => !flushHurts || !(await somethingRunsLong(first)),
      async () => {
        const started = await start();
        // Nobody is changing a definition under this lock, so this one is had at once.
        await holdDefinitions(first);
        return started;
      },
    );
  const ofTables = async (): Promise<Taken | undefined> => {
    if (tables.length === 0) return undefined;
    await holdDefinitions(first);
    const list = tables.map((table) => `${qualifiedName(table.schema, table.name)} READ`).join(', ');
    const taken = await locked(`LOCK TABLES ${list}`, async () => true, start);
    if (!taken) await letDefinitionsGo(first);
    return taken;
  };
  const compared = async (): Promise<Taken | undefined> => {
    await holdDefinitions(first);
    return product === 'MariaDB' ? sameSnapshots(readers, signal) : logStoodStill(readers, log, signal);
  };

  const methods: [Method, () => Promise<Taken | undefined>][] = [
    ['global-read-lock', global],
    ['table-locks', ofTables],
  ];
  // Who cannot see what runs asks for the harmless lock first.
  if (flushHurts && !(await seesStatements(first))) methods.reverse();
  for (const [method, open] of [...methods, ['position-compared', compared] as const]) {
    const taken = await open();
    if (!taken) continue;
    await first.query('SET SESSION lock_wait_timeout = DEFAULT');
    const consistency = { method, consistent: true, notCovered: [...notCovered] };
    return { ...taken, lockedMs: Math.round(heldMs), consistency };
  }
  throw new DynDataError(
    'SOURCE_INCONSISTENT',
    heldMs > 0
      ? `The ${product} source "${name}" was too busy: a long statement or transaction kept its tables from being locked for an instant, and its log never stood still. Try again at a quieter time, or snapshot a replica.`
      : `The ${product} source "${name}" granted no lock, or long statements never let one be asked for, and its log position kept moving; so its connections cannot share one point in time. Grant RELOAD and PROCESS, or LOCK TABLES and REPLICATION CLIENT, or snapshot a replica.`,
  );
}

type Asking = { readonly mayAsk: () => Promise<boolean>; readonly work: () => Promise<Taken>; readonly signal: AbortSignal };

/** `taken` is undefined where the lock is not granted to this user, or was not to be had. `heldMs`: of the attempt that held writers back longest. */
async function underLock(
  lock: ShortLock,
  statement: string,
  { mayAsk, work, signal }: Asking,
): Promise<{ readonly taken?: Taken; readonly heldMs: number }> {
  let heldMs = 0;
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    if (await mayAsk()) {
      const result = await lock.under(statement, work);
      if (result.outcome === 'refused') return { heldMs };
      heldMs = Math.max(heldMs, result.heldMs);
      if (result.outcome === 'done') return { taken: result.value, heldMs };
    }
    const pauseMs = lockPausesMs[attempt];
    if (pauseMs === undefined) return { heldMs };
    await sleep(pauseMs, undefined, { signal });
  }
}

async function startTransactions(readers: readonly Connection[]): Promise<void> {
  await Promise.all(readers.map((reader) => reader.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')));
}

/** MySQL: all transactions were started while nothing was written to the log and nothing in it was still to become visible. */
async function logStoodStill(readers: readonly Connection[], log: LogPosition, signal: AbortSignal): Promise<Taken | undefined> {
  for (let attempt = 0; attempt < compareAttempts; attempt += 1) {
    signal.throwIfAborted();
    const position = await log.read();
    if (position === '') return undefined;
    const settled = await log.isSettled();
    if (settled === undefined) await sleep(settledAfterMs, undefined, { signal });
    if (settled ?? (await log.read()) === position) {
      await startTransactions(readers);
      const at = new Date();
      if ((await log.read()) === position && (await log.isSettled()) !== false) return { at, position };
    }
    await sleep(Math.random() * comparePauseMs, undefined, { signal });
  }
  return undefined;
}

/** MariaDB: each transaction knows of which position of the log its snapshot is. */
async function sameSnapshots(readers: readonly Connection[], signal: AbortSignal): Promise<Taken | undefined> {
  for (let attempt = 0; attempt < compareAttempts; attempt += 1) {
    signal.throwIfAborted();
    await startTransactions(readers);
    const at = new Date();
    const [position = '', ...others] = await Promise.all(readers.map(snapshotPosition));
    if (position === '') return undefined;
    if (others.every((other) => other === position)) return { at, position };
    await sleep(Math.random() * comparePauseMs, undefined, { signal });
  }
  return undefined;
}

/**
 * Keeps table definitions as they are while rows are read, where the server has that lock, grants it and no definition is being changed.
 * Without it a changed table fails the reading, and the source is read again.
 */
async function holdDefinitions(reader: Connection): Promise<void> {
  await reader.query('LOCK INSTANCE FOR BACKUP').catch((error: unknown) => {
    if (!unheld.has(mysqlCode(error))) throw error;
  });
}

const unheld = new Set(['ER_SPECIFIC_ACCESS_DENIED_ERROR', 'ER_PARSE_ERROR', 'ER_LOCK_WAIT_TIMEOUT']);

/** A change of a definition that waits for us would keep the global lock waiting in its turn. */
async function letDefinitionsGo(reader: Connection): Promise<void> {
  await reader.query('UNLOCK INSTANCE').catch((error: unknown) => {
    if (!unheld.has(mysqlCode(error))) throw error;
  });
}
