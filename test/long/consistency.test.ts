import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { median } from '../../bench/measure.ts';
import { type Server, startServer } from '../../bench/servers.ts';
import { build } from '../../builder/build.ts';
import type { SourceSession } from '../../builder/extraction.ts';
import { createBlobStore, createCatalog, createChunkIndex, createMemoryObjects } from '../../storage/index.ts';
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
import { describeWithEngine, imageVariables, pgDumpOfRun } from '../support/engine.ts';
import { startLdapWriter, startMysqlWriter, startPostgresWriter, type Writer } from '../support/writers.ts';

const project = 'dyn-data-test-consistency-long';
const runs = 20;
const writers = 3;
/** Long enough for each writer to make some moves. */
const baselineMs = 500;

const password = 'root of the bank';
const database = 'bank';
const log = (line: string): void => void process.stderr.write(`${line}\n`);

describeWithEngine(`one point in time while writers write, ${runs} times in a row`, () => {
  const images = imageVariables();
  const servers = new Map<string, Server>();
  const ldapBase = 'dc=bank,dc=test';

  beforeAll(async () => {
    const start = async (name: string, options: Omit<Parameters<typeof startServer>[0], 'name'>): Promise<void> => {
      servers.set(name, await startServer({ name: `${project}-${name}`, ...options }));
    };
    await Promise.all([
      start('mysql', {
        image: images.MYSQL_IMAGE ?? '',
        port: 3306,
        env: { MYSQL_ROOT_PASSWORD: password },
        command: ['mysqld', '--gtid-mode=ON', '--enforce-gtid-consistency=ON'],
        ready: `MYSQL_PWD='${password}' mysql -h127.0.0.1 -uroot -e 'SELECT 1'`,
      }),
      start('mariadb', {
        image: images.MARIADB_IMAGE ?? '',
        port: 3306,
        env: { MARIADB_ROOT_PASSWORD: password },
        command: ['mariadbd', '--log-bin'],
        ready: `MYSQL_PWD='${password}' mariadb -h127.0.0.1 -uroot -e 'SELECT 1'`,
      }),
      start('postgres', {
        image: images.POSTGRES_IMAGE ?? '',
        port: 5432,
        env: { POSTGRES_PASSWORD: password },
        command: [],
        ready: 'psql -h 127.0.0.1 -U postgres -qAtc "SELECT 1"',
      }),
      start('ldap', {
        image: images.LDAP_IMAGE ?? '',
        port: 389,
        env: { LDAP_DOMAIN: 'bank.test', LDAP_BASE_DN: ldapBase, LDAP_ADMIN_PASSWORD: password },
        command: [],
        ready: `ldapsearch -x -H ldap://127.0.0.1 -D 'cn=admin,${ldapBase}' -w '${password}' -b '${ldapBase}' -s base`,
      }),
    ]);
    for (const product of ['mysql', 'mariadb']) await fillMysqlBank(as('root', product), database);
    await fillPostgresBank(as('postgres', 'postgres'));
    await fillLdapBank(directory());
  });
  afterAll(async () => {
    for (const server of servers.values()) await server[Symbol.asyncDispose]();
  });

  const portOf = (name: string): number => (servers.get(name) as Server).port;
  const as = (user: string, server: string, secret = password) => ({
    host: '127.0.0.1',
    port: portOf(server),
    user,
    password: secret,
    database: server === 'postgres' ? 'postgres' : database,
  });
  const directory = () => ({ host: '127.0.0.1', port: portOf('ldap'), bindDn: `cn=admin,${ldapBase}`, password, baseDn: ldapBase });

  /** Takes all snapshots while the writers write, and tells how much longer a statement took meanwhile than just before. */
  async function measure(name: string, open: () => Promise<SourceSession>, method: string, started: readonly Writer[]): Promise<void> {
    const longest = (window: { from: number; to: number }): number => Math.max(...started.map((writer) => writer.longestMs(window)));
    const blockedMs: number[] = [];
    const lockedMs: number[] = [];
    try {
      for (let run = 0; run < runs; run += 1) {
        await using session = await open();
        const from = performance.now();
        await new Promise((resolve) => setTimeout(resolve, baselineMs));
        const before = longest({ from, to: performance.now() });
        const { data, total, pointMs } = await readBank(session);
        expect(data.manifest.consistency).toMatchObject({ method, consistent: true, notCovered: [] });
        expect(total).toBe(bankTotal);
        blockedMs.push(Math.max(0, longest(pointMs) - before));
        lockedMs.push(data.point.lockedMs);
      }
    } finally {
      await Promise.all(started.map((writer) => writer.stop()));
    }
    const figures = (values: readonly number[]): string =>
      values.length === 0 ? 'none' : `median ${Math.round(median(values))} ms, longest ${Math.round(Math.max(...values))} ms`;
    const moves = started.reduce((sum, writer) => sum + writer.moves, 0);
    const rolledBack = started.reduce((sum, writer) => sum + writer.rolledBack, 0);
    log(
      `${name}: writers held back by the client's clock ${figures(blockedMs)}; by the builder's ${figures(lockedMs)}; ${moves} moves, ${rolledBack} rolled back`,
    );
    expect(moves).toBeGreaterThan(runs);
  }

  const several = (start: () => Promise<Writer>, count = writers): Promise<Writer[]> => Promise.all(Array.from({ length: count }, start));

  const methods = ['global-read-lock', 'table-locks', 'position-compared'] as const;
  it.each(['mysql', 'mariadb'].flatMap((server) => methods.map((method) => [server, method] as const)))(
    'in %s by %s',
    async (server, method) => {
      const account = {
        'global-read-lock': as('root', server),
        'table-locks': as(bankUsers.mayLockTables, server, bankUsers.password),
        'position-compared': as(bankUsers.mayOnlyRead, server, bankUsers.password),
      }[method];
      // Without a lock a source is read when nobody commits for a moment.
      const [count, pauseMs] = method === 'position-compared' ? [1, 80] : [writers, 5];
      const started = await several(() => startMysqlWriter(as('root', server), database, { pauseMs }), count);
      await measure(`${server}, ${method}`, () => openMysqlBank(account, database), method, started);
    },
  );

  it('in PostgreSQL by an exported snapshot', async () => {
    const account = as('postgres', 'postgres');
    const started = await several(() => startPostgresWriter(account, { pauseMs: 5 }));
    await measure('postgres', () => openPostgresBank(account, pgDumpOfRun()), 'exported-snapshot', started);
  });

  it('in LDAP by comparing the contextCSN: right, or said to be changing', async () => {
    let [consistent, retried] = [0, 0];
    const writer = await startLdapWriter(directory(), { burstMs: 300, restMs: 2_500 });
    try {
      for (let run = 0; run < runs; run += 1) {
        await using session = await openLdapBank(directory());
        const { data, total } = await readBank(session);
        retried += data.retries;
        if (!data.manifest.consistency.consistent) continue;
        consistent += 1;
        expect(total).toBe(coins);
      }
    } finally {
      await writer.stop();
    }
    log(`LDAP: ${consistent} of ${runs} at one point, read again ${retried} times, ${writer.moves} moves`);
    expect(consistent).toBeGreaterThan(0);
    expect(writer.moves).toBeGreaterThan(0);
  });

  it('in LDAP that never rests: said to be changing, and refused by a strict environment', async () => {
    await using still = await openLdapBank(directory());
    await still.openPoint(new AbortController().signal);
    const { live } = await still.describe(new AbortController().signal);
    const attributes = live.kind === 'ldap' ? live.attributes : [];
    const ruled = /^(?:creatorsName|modifiersName|entryDN|subschemaSubentry|hasSubordinates|contextCSN)$/;
    const dn = { cn: 'keep', ou: 'keep', dc: 'keep' };
    const policy = { version: 1, sources: { ldap: { keep: attributes.filter((one) => !ruled.test(one)), dn } } };
    const writer = await startLdapWriter(directory());
    const snapshots = async (strict: boolean): Promise<readonly boolean[]> => {
      const objects = createMemoryObjects();
      const catalog = createCatalog(objects, { clock: () => new Date() });
      const ports = {
        blobs: createBlobStore(objects),
        index: createChunkIndex(objects, 'test'),
        catalog,
        now: () => new Date(),
        onProgress: () => undefined,
      };
      const request = {
        environment: 'test',
        repository: 'ldap',
        policy: parsePolicy(JSON.stringify(policy), 'policy.json'),
        key: parseKey('01'.repeat(32)),
        strict,
        connect: [() => openLdapBank(directory())],
      };
      const found: boolean[] = [];
      try {
        await build(request, ports, new AbortController().signal);
      } finally {
        for await (const { sources } of catalog.snapshots('ldap')) found.push(...sources.map((source) => source.consistent));
        if (strict) expect(found).toEqual([]);
      }
      return found;
    };
    try {
      expect(await snapshots(false)).toEqual([false]);
      await expect(snapshots(true)).rejects.toMatchObject({
        code: 'SOURCE_INCONSISTENT',
        details: [expect.stringContaining('ldap: changed each time')],
      });
    } finally {
      await writer.stop();
    }
  });
});
