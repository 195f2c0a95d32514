import mysql from 'mysql2/promise';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SampleConnections } from '../../sample/connections.ts';
import { removeSample } from '../../sample/seed-sample.ts';
import {
  bankTotal,
  bankUsers,
  coins,
  fillLdapBank,
  fillMysqlBank,
  fillPostgresBank,
  openLdapBank,
  openMysqlBank,
  openPostgresBank,
  readBank,
} from '../support/bank.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { seedFreshSample } from '../support/fresh-sample.ts';
import { startLdapWriter, startMysqlWriter, startPostgresWriter, type Writer } from '../support/writers.ts';

const project = 'dyn-data-test-consistency';
const database = 'dynamease';

describeWithEngine('one point in time while writers write', () => {
  let connections: SampleConnections;
  let env: Record<string, string | undefined>;

  beforeAll(async () => {
    env = { ...process.env, ...imageVariables(), SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };
    connections = await seedFreshSample({ size: 'tiny', project, env });
    await fillMysqlBank(connections.mysqlAdmin, database);
    await fillPostgresBank(connections.postgresAdmin);
    await fillLdapBank(connections.ldap);
  });

  afterAll(() => removeSample({ project, env }));

  const asUser = (user: string) => ({ ...connections.mysql, user, password: bankUsers.password });
  const writing = async (writers: readonly Promise<Writer>[], work: (writers: readonly Writer[]) => Promise<void>): Promise<void> => {
    const started = await Promise.all(writers);
    try {
      await work(started);
    } finally {
      await Promise.all(started.map((writer) => writer.stop()));
    }
  };
  const mysqlWriter = (pace?: { pauseMs: number }): Promise<Writer> => startMysqlWriter(connections.mysqlAdmin, database, pace);

  it.each(['global-read-lock', 'table-locks', 'position-compared'])('holds in MySQL by %s, three times', async (method) => {
    const server = {
      'global-read-lock': connections.mysql,
      'table-locks': asUser(bankUsers.mayLockTables),
      'position-compared': asUser(bankUsers.mayOnlyRead),
    }[method];
    // Without a lock a source is read when its log stands still for a moment.
    await writing([mysqlWriter(method === 'position-compared' ? { pauseMs: 60 } : undefined)], async () => {
      for (let run = 0; run < 3; run += 1) {
        await using session = await openMysqlBank(server ?? connections.mysql, database);
        const { data, total } = await readBank(session);
        expect(data.manifest.consistency).toMatchObject({ method, consistent: true, notCovered: [] });
        expect(total).toBe(bankTotal);
      }
    });
  });

  it('without any lock MySQL is refused when its log never stands still', async () => {
    await writing([mysqlWriter(), mysqlWriter(), mysqlWriter(), mysqlWriter()], async () => {
      await using busy = await openMysqlBank(asUser(bankUsers.mayOnlyRead), database);
      const outcome = await readBank(busy).then(
        ({ total }) => total,
        (error: { code: string }) => error.code,
      );
      expect([bankTotal, 'SOURCE_INCONSISTENT']).toContain(outcome);
    });
  });

  it('holds in PostgreSQL by an exported snapshot, three times', async () => {
    await writing([startPostgresWriter(connections.postgresAdmin)], async () => {
      for (let run = 0; run < 3; run += 1) {
        await using session = await openPostgresBank(connections.postgres, env.POSTGRES_IMAGE);
        const { data, total } = await readBank(session);
        expect(data.manifest.consistency).toMatchObject({ method: 'exported-snapshot', consistent: true });
        expect(total).toBe(bankTotal);
      }
    });
  });

  it('a directory that changes while it is read is read again, and recorded as changing if it never stops', async () => {
    await using still = await openLdapBank(connections.ldap);
    const read = await readBank(still);
    expect(read.data).toMatchObject({ retries: 0, manifest: { consistency: { consistent: true } } });
    expect(read.total).toBe(coins);

    await writing([startLdapWriter(connections.ldap)], async () => {
      await using moving = await openLdapBank(connections.ldap);
      const { data } = await readBank(moving);
      expect(data).toMatchObject({ retries: 3, manifest: { consistency: { method: 'context-csn-compared', consistent: false } } });
    });
  });

  /** Reads a row of a table for so long, from now on. */
  async function runLong(table: string, seconds: number): Promise<{ ended: Promise<unknown>; isRunning: () => boolean }> {
    const connection = await mysql.createConnection(connections.mysqlAdmin);
    let running = true;
    const ended = connection.query(`SELECT SLEEP(?) FROM dynamease.${table} LIMIT 1`, [seconds]).then(() => {
      running = false;
      return connection.end();
    });
    return { ended, isRunning: () => running };
  }
  async function readsOfTable(): Promise<{ longestMs(): number; stop(): Promise<void> }> {
    const connection = await mysql.createConnection(connections.mysqlAdmin);
    let [longestMs, stopped] = [0, false];
    const running = (async () => {
      while (!stopped) {
        const startedMs = performance.now();
        await connection.query('SELECT balance FROM dynamease.bank_a WHERE id = 2');
        longestMs = Math.max(longestMs, performance.now() - startedMs);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    return {
      longestMs: () => longestMs,
      async stop() {
        stopped = true;
        await running;
        await connection.end();
      },
    };
  }

  it('a long statement at the MySQL source neither holds writers nor readers back: the tables are locked instead of flushed', async () => {
    const long = await runLong('bank_a', 30);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const reads = await readsOfTable();
    await writing([mysqlWriter()], async ([writer]) => {
      const from = performance.now();
      await using session = await openMysqlBank(connections.mysql, database);
      const point = await session.openPoint(new AbortController().signal);
      expect(long.isRunning()).toBe(true);
      expect(point.consistency).toMatchObject({ method: 'table-locks', consistent: true });
      expect(writer?.longestMs({ from, to: performance.now() })).toBeLessThan(2_000);
      await reads.stop();
      expect(reads.longestMs()).toBeLessThan(2_000);
    });
    await long.ended;
  });

  it('a statement at the MySQL source that turns out to be long makes the lock be given up after a moment', async () => {
    const long = await runLong('offers', 5);
    await writing([mysqlWriter()], async ([writer]) => {
      const from = performance.now();
      await using session = await openMysqlBank(connections.mysql, database);
      const point = await session.openPoint(new AbortController().signal);
      expect(point.consistency.consistent).toBe(true);
      expect(point.lockedMs).toBeLessThan(1_000);
      expect(writer?.longestMs({ from, to: performance.now() })).toBeLessThan(2_000);
    });
    await long.ended;
  });

  it('a long transaction at the MySQL source makes a lock of its tables be given up again and again, and had when it ends', async () => {
    const writer = await mysqlWriter();
    const open = await mysql.createConnection(connections.mysqlAdmin);
    await open.query('START TRANSACTION');
    await open.query('UPDATE dynamease.bank_z SET balance = balance + 1 WHERE id = 1');
    const ending = new Promise((resolve) => setTimeout(resolve, 3_000)).then(() => open.query('ROLLBACK'));
    try {
      await using session = await openMysqlBank(asUser(bankUsers.mayLockTables), database);
      const from = performance.now();
      const point = await session.openPoint(new AbortController().signal);
      expect(point.consistency).toMatchObject({ method: 'table-locks', consistent: true });
      expect(point.lockedMs).toBeLessThan(1_000);
      expect(performance.now() - from).toBeGreaterThan(2_000);
    } finally {
      await ending;
      await writer.stop();
      await open.end();
    }
  });
});
