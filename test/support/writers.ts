import { setTimeout as sleep } from 'node:timers/promises';
import { Client as LdapClient } from 'ldapts';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { SampleConnections } from '../../sample/connections.ts';
import { accounts, coins } from './bank.ts';

type Window = { readonly from: number; readonly to: number };

/** Somebody who writes all the time, and knows how long each statement took. */
export type Writer = {
  /** Of the statements that ran at any time of the window, by `performance.now()`, how long the longest took. */
  longestMs(window: Window): number;
  readonly moves: number;
  /** Transactions that the server rolled back as a deadlock's victims; an application tries them again. */
  readonly rolledBack: number;
  stop(): Promise<void>;
};

type Step = (timed: <T>(statement: () => Promise<T>) => Promise<T>, step: number) => Promise<'moved' | 'rolled back'>;

/** @param pauseMs between two moves, at most; a random part of it */
function startWriting(move: Step, end: () => Promise<unknown>, pauseMs: number): Writer {
  const statements: { readonly from: number; readonly to: number }[] = [];
  const counts = { moves: 0, rolledBack: 0 };
  let stopped = false;
  const timed = async <T>(statement: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    try {
      return await statement();
    } finally {
      statements.push({ from, to: performance.now() });
    }
  };
  const running = (async () => {
    for (let step = 1; !stopped; step += 1) {
      if ((await move(timed, step)) === 'moved') counts.moves += 1;
      else counts.rolledBack += 1;
      if (pauseMs > 0) await sleep(Math.random() * pauseMs);
    }
  })();
  // Reported by `stop`; until then it must not count as unhandled.
  running.catch(() => undefined);
  return {
    longestMs: ({ from, to }) =>
      statements.reduce((longest, one) => (one.to < from || one.from > to ? longest : Math.max(longest, one.to - one.from)), 0),
    get moves() {
      return counts.moves;
    },
    get rolledBack() {
      return counts.rolledBack;
    },
    async stop() {
      stopped = true;
      await running;
      await end();
    },
  };
}

const places = (step: number): { from: number; to: number; amount: number } => ({
  from: ((step * 7919) % accounts) + 1,
  to: ((step * 104_729) % accounts) + 1,
  amount: (step % 17) + 1,
});

type Pace = { readonly pauseMs?: number };

/** Moves money from `bank_z` to `bank_a`, a transaction for each move. */
export async function startMysqlWriter(
  { host, port, user, password }: SampleConnections['mysqlAdmin'],
  database: string,
  { pauseMs = 0 }: Pace = {},
): Promise<Writer> {
  const my = await mysql.createConnection({ host, port, user, password });
  const move: Step = async (timed, step) => {
    const { from, to, amount } = places(step);
    try {
      await timed(() => my.query('START TRANSACTION'));
      await timed(() => my.query(`UPDATE ${database}.bank_z SET balance = balance - ? WHERE id = ?`, [amount, from]));
      await timed(() => my.query(`UPDATE ${database}.bank_a SET balance = balance + ? WHERE id = ?`, [amount, to]));
      await timed(() => my.query('COMMIT'));
      return 'moved';
    } catch (error) {
      if ((error as { code?: string }).code === 'ER_LOCK_DEADLOCK') return 'rolled back';
      throw error;
    }
  };
  return startWriting(move, () => my.end(), pauseMs);
}

export async function startPostgresWriter(admin: SampleConnections['postgresAdmin'], { pauseMs = 0 }: Pace = {}): Promise<Writer> {
  const post = new pg.Client(admin);
  await post.connect();
  const move: Step = async (timed, step) => {
    const { from, to, amount } = places(step);
    await timed(() => post.query('BEGIN'));
    await timed(() => post.query('UPDATE bank_z SET balance = balance - $1 WHERE id = $2', [amount, from]));
    await timed(() => post.query('UPDATE bank_a SET balance = balance + $1 WHERE id = $2', [amount, to]));
    await timed(() => post.query('COMMIT'));
    return 'moved';
  };
  return startWriting(move, () => post.end(), pauseMs);
}

/** Carries coins to the other unit and back, in bursts of `burstMs` with pauses of `restMs` between them; without them it never rests. */
export async function startLdapWriter(
  { host, port, bindDn, password, baseDn }: SampleConnections['ldap'],
  { burstMs, restMs }: { readonly burstMs: number; readonly restMs: number } = { burstMs: Number.POSITIVE_INFINITY, restMs: 0 },
): Promise<Writer> {
  const client = new LdapClient({ url: `ldap://${host}:${port}` });
  await client.bind(bindDn, password);
  // Where the last writer left them.
  const { searchEntries } = await client.search(`ou=coins-z,${baseDn}`, { scope: 'one', attributes: ['cn'] });
  const atZ = new Set(searchEntries.map(({ cn }) => String(cn)));
  let burstEndsMs = performance.now() + burstMs;
  const move: Step = async (timed, step) => {
    if (performance.now() > burstEndsMs) {
      await sleep(restMs);
      burstEndsMs = performance.now() + burstMs;
    }
    const coin = `coin${((step * 7919) % coins) + 1}`;
    const [from, to] = atZ.has(coin) ? ['coins-z', 'coins-a'] : ['coins-a', 'coins-z'];
    await timed(() => client.modifyDN(`cn=${coin},ou=${from},${baseDn}`, `cn=${coin},ou=${to},${baseDn}`));
    if (!atZ.delete(coin)) atZ.add(coin);
    return 'moved';
  };
  return startWriting(move, () => client.unbind(), 0);
}
