import { Client as LdapClient } from 'ldapts';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CompiledPolicy } from '../../anonymizers/index.ts';
import type { SourceSession } from '../../builder/extraction.ts';
import { connectLdap } from '../../builder/ldap/session.ts';
import { createFindings } from '../../builder/leak-scan/findings.ts';
import type { LeakScan } from '../../builder/leak-scan/leak-scan.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import { connectPostgres } from '../../builder/postgres/session.ts';
import { createProgressMeter } from '../../builder/progress.ts';
import { buildSource, type SourceData } from '../../builder/source-data.ts';
import { pgDumpCommand } from '../../demo/sample-registry.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { removeSample, seedSample } from '../../sample/seed-sample.ts';
import { createBlobStore, createChunkIndex, createMemoryObjects } from '../../storage/index.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';

const project = 'dyn-data-test-consistency';
const accounts = 2_000;
const balance = 1_000;

/** Keeps everything: these tests ask what is read, not what becomes of it. */
const keepAll: CompiledPolicy = {
  policyDigest: `sha256:${'0'.repeat(64)}`,
  keyId: 'none',
  definitions: () => ({ comments: 'keep', drops: () => false }),
  surveys: [],
  literals: [],
  phonePermutations: [],
  exemptions: [],
  table: () => ({ rows: 'all', reference: false, kept: new Array(100).fill(true), reads: [], leaks: [], transform: () => undefined }),
  directory: () => ({
    transform: (entry) => entry,
    mapDn: (dn) => dn,
    leaks: { attributes: [], observe: () => undefined, produces: () => false },
  }),
};

/** Nor is anything looked for in it. */
const noScan: LeakScan = {
  observe: async () => undefined,
  source: () => ({
    chunks: (_extraction, _framing, chunks) => chunks,
    isClean: async () => true,
    found: createFindings(),
    exempt: createFindings(),
  }),
  outcome: () => {
    throw new Error('not asked for here');
  },
};

describeWithEngine('one point in time while writers write', () => {
  let connections: SampleConnections;
  let env: Record<string, string | undefined>;
  const never = new AbortController().signal;

  beforeAll(async () => {
    env = { ...process.env, ...imageVariables(), SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };
    connections = await seedSample({ size: 'tiny', project, env, log: () => undefined });
    const rows = Array.from({ length: accounts }, (_item, index) => [index + 1, balance]);
    const my = await mysql.createConnection(connections.mysqlAdmin);
    // Two tables, so that one transaction's halves are read by different connections at different times.
    for (const table of ['bank_a', 'bank_z']) {
      await my.query(`CREATE TABLE dynamease.${table} (id INT PRIMARY KEY, balance INT NOT NULL)`);
      await my.query(`INSERT INTO dynamease.${table} VALUES ?`, [rows]);
    }
    for (const [user, grants] of [
      ['locker', 'SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT ON dynamease.*'],
      ['reader', 'SELECT, SHOW VIEW, TRIGGER, EVENT ON dynamease.*'],
    ]) {
      await my.query(`CREATE USER ${user}@'%' IDENTIFIED BY 'extraction'`);
      await my.query(`GRANT ${grants} TO ${user}@'%'`);
      await my.query(`GRANT REPLICATION CLIENT, SHOW_ROUTINE ON *.* TO ${user}@'%'`);
    }
    await my.end();
    const post = new pg.Client(connections.postgresAdmin);
    await post.connect();
    for (const table of ['bank_a', 'bank_z']) {
      await post.query(`CREATE TABLE ${table} (id int PRIMARY KEY, balance int NOT NULL)`);
      await post.query(`INSERT INTO ${table} SELECT i, ${balance} FROM generate_series(1, ${accounts}) i`);
    }
    await post.end();
  });

  afterAll(() => removeSample({ project, env }));

  const openMysql = (user: string, password: string): Promise<SourceSession> => {
    const { host, port } = connections.mysql;
    return connectMysql('mysql', { kind: 'mysql', host, port, user, password: { env: 'none' }, databases: ['dynamease'] }, password, never);
  };
  const openPostgres = (): Promise<SourceSession> => {
    const { host, port, user, database, password } = connections.postgres;
    const pgDump = pgDumpCommand(env.POSTGRES_IMAGE ?? 'postgres:18');
    return connectPostgres(
      'aerogear',
      { kind: 'postgres', host, port, user, database, password: { env: 'none' }, pgDump },
      password,
      process.env,
      never,
    );
  };

  async function extract(session: SourceSession): Promise<{ data: SourceData; total: number }> {
    const objects = createMemoryObjects();
    const blobs = createBlobStore(objects);
    const point = await session.openPoint(never);
    const description = await session.describe(never);
    let total = 0;
    const summing: SourceSession = {
      ...session,
      extractions: (policy) =>
        session.extractions(policy).map((any) =>
          any.name.startsWith('bank_')
            ? {
                ...any,
                use: (consumer) =>
                  any.use((typed) =>
                    consumer({
                      ...typed,
                      encode: (record, out) => {
                        const start = out.length;
                        typed.encode(record, out);
                        total += Number(out.bytes.toString('latin1', start, out.length).split('\t')[1]);
                      },
                    }),
                  ),
              }
            : any,
        ),
    };
    const ports = { blobs, index: createChunkIndex(objects, 'test'), meter: createProgressMeter(() => undefined), leakScan: noScan };
    return { data: await buildSource(summing, { point, description }, keepAll, ports, never), total };
  }

  /** Moves money between rows and tables until told to stop; gives the longest time one move took. */
  function startMoving(move: (from: number, to: number, amount: number) => Promise<void>): () => Promise<number> {
    let stop = false;
    let longestMs = 0;
    const running = (async () => {
      for (let step = 1; !stop; step += 1) {
        const startedMs = performance.now();
        await move(((step * 7919) % accounts) + 1, ((step * 104_729) % accounts) + 1, (step % 17) + 1);
        longestMs = Math.max(longestMs, performance.now() - startedMs);
      }
    })();
    return async () => {
      stop = true;
      await running;
      return longestMs;
    };
  }

  async function movingInMysql(): Promise<() => Promise<number>> {
    const my = await mysql.createConnection(connections.mysqlAdmin);
    const stop = startMoving(async (from, to, amount) => {
      try {
        await my.query('START TRANSACTION');
        await my.query('UPDATE dynamease.bank_z SET balance = balance - ? WHERE id = ?', [amount, from]);
        await my.query('UPDATE dynamease.bank_a SET balance = balance + ? WHERE id = ?', [amount, to]);
        await my.query('COMMIT');
      } catch (error) {
        // LOCK TABLES can make a transaction over several tables a deadlock's victim; it is rolled back, and an application tries it again.
        if ((error as { code?: string }).code !== 'ER_LOCK_DEADLOCK') throw error;
      }
    });
    return async () => {
      const longest = await stop();
      await my.end();
      return longest;
    };
  }

  it.each([
    ['global-read-lock', 'dyndata', 'sample-extraction'],
    ['table-locks', 'locker', 'extraction'],
  ])('holds in MySQL by %s, three times', async (method, user, password) => {
    const stop = await movingInMysql();
    try {
      for (let run = 0; run < 3; run += 1) {
        await using session = await openMysql(user, password);
        const { data, total } = await extract(session);
        expect(data.manifest.consistency).toMatchObject({ method, consistent: true, notCovered: [] });
        expect(total).toBe(2 * accounts * balance);
      }
    } finally {
      const longestMs = await stop();
      process.stderr.write(`longest a MySQL writer waited (${method}): ${Math.round(longestMs)} ms\n`);
    }
  });

  it('without any lock MySQL is read when its log stands still, and refused when it never does', async () => {
    await using quiet = await openMysql('reader', 'extraction');
    const { data, total } = await extract(quiet);
    expect(data.manifest.consistency).toMatchObject({ method: 'position-compared', consistent: true });
    expect(total).toBe(2 * accounts * balance);

    const stops = await Promise.all([movingInMysql(), movingInMysql(), movingInMysql()]);
    try {
      await using busy = await openMysql('reader', 'extraction');
      const outcome = await extract(busy).then(
        (result) => result.total,
        (error: { code: string }) => error.code,
      );
      expect([2 * accounts * balance, 'SOURCE_INCONSISTENT']).toContain(outcome);
    } finally {
      await Promise.all(stops.map((stop) => stop()));
    }
  });

  it('holds in PostgreSQL by an exported snapshot, three times', async () => {
    const post = new pg.Client(connections.postgresAdmin);
    await post.connect();
    const stop = startMoving(async (from, to, amount) => {
      await post.query('BEGIN');
      await post.query('UPDATE bank_z SET balance = balance - $1 WHERE id = $2', [amount, from]);
      await post.query('UPDATE bank_a SET balance = balance + $1 WHERE id = $2', [amount, to]);
      await post.query('COMMIT');
    });
    try {
      for (let run = 0; run < 3; run += 1) {
        await using session = await openPostgres();
        const { data, total } = await extract(session);
        expect(data.manifest.consistency).toMatchObject({ method: 'exported-snapshot', consistent: true });
        expect(total).toBe(2 * accounts * balance);
      }
    } finally {
      await stop();
      await post.end();
    }
  });

  it('a directory that changes while it is read is read again, and recorded as changing if it never stops', async () => {
    const { host, port, bindDn, password, baseDn } = connections.ldap;
    const open = (): Promise<SourceSession> =>
      connectLdap(
        'ldap',
        { kind: 'ldap', url: `ldap://${host}:${port}`, bindDn, password: { env: 'none' }, base: baseDn },
        password,
        never,
      );
    await using still = await open();
    expect((await extract(still)).data).toMatchObject({ retries: 0, manifest: { consistency: { consistent: true } } });

    const writer = new LdapClient({ url: `ldap://${host}:${port}` });
    await writer.bind(bindDn, password);
    let count = 0;
    const stop = startMoving(async () => {
      count += 1;
      await writer.add(`ou=added${count},${baseDn}`, { objectClass: 'organizationalUnit', ou: `added${count}` });
    });
    await using moving = await open();
    const { data } = await extract(moving);
    await stop();
    await writer.unbind();
    expect(data).toMatchObject({ retries: 3, manifest: { consistency: { method: 'context-csn-compared', consistent: false } } });
  });
});
