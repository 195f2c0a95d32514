import mysql from 'mysql2/promise';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SampleConnections } from '../../sample/connections.ts';
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
import { pgDumpOfRun } from '../support/engine.ts';
import { startLdapWriter, startMysqlWriter, startPostgresWriter, type Writer } from '../support/writers.ts';

const database = 'dynamease';

/**
 * @param sample is given tables, accounts and entries of a bank
 * @param options.patience whether it is tried too what the builder does after it waited long
 */
export function consistencySuite(sample: () => SampleConnections, { patience }: { readonly patience: boolean }): void {
  describe('one point in time while writers write', () => {
    let connections: SampleConnections;

    beforeAll(async () => {
      connections = sample();
      await fillMysqlBank(connections.mysqlAdmin, database);
      await fillPostgresBank(connections.postgresAdmin);
      await fillLdapBank(connections.ldap);
    });

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

    it('holds in PostgreSQL by an exported snapshot, twice', async () => {
      await writing([startPostgresWriter(connections.postgresAdmin)], async () => {
        for (let run = 0; run < 2; run += 1) {
          await using session = await openPostgresBank(connections.postgres, pgDumpOfRun());
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

    /** Reads a row of a table until it is stopped, or for so long. */
    async function runLong(table: string, seconds: number): Promise<{ isRunning(): boolean; stop(): Promise<void> }> {
      const connection = await mysql.createConnection(connections.mysqlAdmin);
      let running = true;
      const ended = connection
        .query(`SELECT SLEEP(?) FROM dynamease.${table} LIMIT 1`, [seconds])
        // One that is killed ends with an error.
        .catch(() => undefined)
        .finally(() => {
          running = false;
          connection.destroy();
        });
      return {
        isRunning: () => running,
        async stop() {
          const other = await mysql.createConnection(connections.mysqlAdmin);
          // It may just have ended by itself.
          await other.query('KILL ?', [connection.threadId]).catch(() => undefined);
          await Promise.all([ended, other.end()]);
        },
      };
    }
    it('a statement at the MySQL source that turns out to be long makes the lock be given up after a moment', async () => {
      const longSeconds = 5;
      const long = await runLong('offers', longSeconds);
      await writing([mysqlWriter()], async ([writer]) => {
        const from = performance.now();
        await using session = await openMysqlBank(connections.mysql, database);
        const point = await session.openPoint(new AbortController().signal);
        expect(point.consistency.consistent).toBe(true);
        expect(point.lockedMs).toBeLessThan(longSeconds * 1_000);
        expect(writer?.longestMs({ from, to: performance.now() })).toBeLessThan(longSeconds * 1_000);
      });
      await long.stop();
    });

    it('a long transaction at the MySQL source makes a lock of its tables be given up again and again, and had when it ends', async () => {
      const transactionMs = 3_000;
      const writer = await mysqlWriter();
      const open = await mysql.createConnection(connections.mysqlAdmin);
      await open.query('START TRANSACTION');
      await open.query('UPDATE dynamease.bank_z SET balance = balance + 1 WHERE id = 1');
      const ending = new Promise((resolve) => setTimeout(resolve, transactionMs)).then(() => open.query('ROLLBACK'));
      try {
        await using session = await openMysqlBank(asUser(bankUsers.mayLockTables), database);
        const from = performance.now();
        const point = await session.openPoint(new AbortController().signal);
        expect(point.consistency).toMatchObject({ method: 'table-locks', consistent: true });
        expect(point.lockedMs).toBeLessThan(transactionMs);
        expect(performance.now() - from).toBeGreaterThan(2_000);
      } finally {
        await ending;
        await writer.stop();
        await open.end();
      }
    });

    if (!patience) return;

    async function readsOfTable(): Promise<{ readonly count: number; stop(): Promise<void> }> {
      const connection = await mysql.createConnection(connections.mysqlAdmin);
      let [count, stopped] = [0, false];
      const running = (async () => {
        while (!stopped) {
          await connection.query('SELECT balance FROM dynamease.bank_a WHERE id = 2');
          count += 1;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })();
      return {
        get count() {
          return count;
        },
        async stop() {
          stopped = true;
          await running;
          await connection.end();
        },
      };
    }

    it('a long statement at the MySQL source neither holds writers nor readers back: the tables are locked instead of flushed', async () => {
      // Longer than anybody waits here: who is held back by it does not go on.
      const long = await runLong('bank_a', 3_600);
      try {
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        const reads = await readsOfTable();
        await writing([mysqlWriter()], async ([writer]) => {
          await using session = await openMysqlBank(connections.mysql, database);
          const point = await session.openPoint(new AbortController().signal);
          expect(point.consistency).toMatchObject({ method: 'table-locks', consistent: true });
          const before = { moves: writer?.moves ?? 0, reads: reads.count };
          await expect.poll(() => writer?.moves, { timeout: 60_000 }).toBeGreaterThan(before.moves);
          await expect.poll(() => reads.count, { timeout: 60_000 }).toBeGreaterThan(before.reads);
          expect(long.isRunning()).toBe(true);
          await reads.stop();
        });
      } finally {
        await long.stop();
      }
    });
  });
}
