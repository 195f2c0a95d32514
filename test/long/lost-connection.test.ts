import { Client as LdapClient } from 'ldapts';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { type Server, startServer } from '../../bench/servers.ts';
import { build } from '../../builder/build.ts';
import type { SourceSession } from '../../builder/extraction.ts';
import { connectLdap } from '../../builder/ldap/session.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import { connectPostgres } from '../../builder/postgres/session.ts';
import { chunkCodec } from '../../builder/store.ts';
import type { Digest, Progress, SnapshotRecord } from '../../core/index.ts';
import { runOrFail } from '../../scripts/run-command.ts';
import { createBlobStore, createCatalog, createChunkIndex, createMemoryObjects } from '../../storage/index.ts';
import { fillMysqlBulk, halfKilobyte } from '../support/bulk-tables.ts';
import { describeWithEngine, imageVariables, pgDumpOfRun } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { keepEverything } from '../support/round-trip.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const password = 'lost and found';
const names = { mysql: 'dyn-data-test-lost-mysql', postgres: 'dyn-data-test-lost-postgres', ldap: 'dyn-data-test-lost-ldap' };
const base = 'dc=lost,dc=test';
const rows = 40_000;
const entries = 600;
/** By then the tables are being read, and there is more to come. */
const middleBytes = { mysql: 4_000_000, postgres: 4_000_000, ldap: 1_000_000 };
/** Not so short that a busy machine seems silent. */
const silenceMs = 4_000;

type Kind = keyof typeof names;
type Built = {
  readonly digest: Digest;
  readonly record: SnapshotRecord;
  readonly progress: Progress;
  /** Keys of chunks' frames, each as often as it was written. */
  readonly frames: readonly string[];
};

describeWithEngine('a source that is lost while it is read', () => {
  const images = imageVariables();
  const servers = new Map<Kind, Server>();
  const policies = new Map<Kind, string>();
  const whole = new Map<Kind, Built>();
  const never = new AbortController().signal;

  /** @param secret another password than the right one */
  const connectTo =
    (kind: Kind, port: number, secret = password) =>
    (signal: AbortSignal): Promise<SourceSession> => {
      const address = { host: '127.0.0.1', port, password: { env: 'none' } };
      if (kind === 'mysql')
        return connectMysql('source', { kind, ...address, user: 'root', databases: ['shop'] }, secret, signal, {
          silenceLimitMs: silenceMs,
        });
      if (kind === 'postgres') {
        const config = { kind, ...address, user: 'postgres', database: 'postgres', pgDump: pgDumpOfRun() };
        return connectPostgres('source', config, secret, process.env, signal, { silenceLimitMs: silenceMs });
      }
      const config = { kind, url: `ldap://127.0.0.1:${port}`, bindDn: `cn=admin,${base}`, base, password: { env: 'none' } };
      return connectLdap('source', config, secret, signal, { answerTimeoutMs: silenceMs });
    };

  async function take(kind: Kind, port: number, secret?: string): Promise<Built> {
    const objects = createMemoryObjects();
    const frames: string[] = [];
    const blobs = createBlobStore({
      ...objects,
      write(key, bytes, options) {
        if (key.startsWith('blobs/')) frames.push(key);
        return objects.write(key, bytes, options);
      },
    });
    const catalog = createCatalog(objects, { clock: () => new Date() });
    let progress: Progress | undefined;
    const { digest } = await build(
      {
        environment: 'test',
        repository: 'lost',
        policy: parsePolicy(policies.get(kind) ?? '', 'policy.yaml'),
        key: parseKey('01'.repeat(32)),
        connect: [connectTo(kind, port, secret)],
      },
      {
        blobs,
        catalog,
        index: createChunkIndex(objects, chunkCodec),
        now: () => new Date(),
        onProgress: (now) => {
          progress = now;
        },
      },
      never,
    );
    const record = await catalog.snapshot('lost', digest);
    if (!record || !progress) throw new Error('The build left no record.');
    return { digest, record, progress, frames };
  }

  /** What is taken through something that fails in the middle must be what is taken without. */
  async function takeThrough(kind: Kind, fail: (proxy: TcpProxy, server: Server) => Promise<unknown>): Promise<Built> {
    const server = servers.get(kind) as Server;
    await using proxy = await startProxy({ port: server.port });
    const failed = fail(proxy, server);
    const [built] = await Promise.all([take(kind, proxy.port), failed]);
    const { digest, progress, frames } = whole.get(kind) as Built;
    expect(built.digest).toBe(digest);
    // Counted once, however often it was read.
    const { tablesDone, tablesTotal, rowsDone, bytesDone } = progress;
    expect(built.progress).toMatchObject({ tablesDone, tablesTotal, rowsDone, bytesDone });
    // Nothing that was stored before is compressed or stored again.
    expect(built.frames.toSorted()).toEqual(frames.toSorted());
    return built;
  }

  beforeAll(async () => {
    const start = async (kind: Kind, image: string, port: number, env: Record<string, string>, ready: string): Promise<void> => {
      servers.set(kind, await startServer({ name: names[kind], image, port, hostPort: await freePort(), env, command: [], ready }));
    };
    await Promise.all([
      start(
        'mysql',
        images.MYSQL_IMAGE ?? '',
        3306,
        { MYSQL_ROOT_PASSWORD: password },
        `MYSQL_PWD='${password}' mysql -h127.0.0.1 -uroot -e 'SELECT 1'`,
      ),
      start(
        'postgres',
        images.POSTGRES_IMAGE ?? '',
        5432,
        { POSTGRES_PASSWORD: password },
        'psql -h 127.0.0.1 -U postgres -qAtc "SELECT 1"',
      ),
      start(
        'ldap',
        images.LDAP_IMAGE ?? '',
        389,
        { LDAP_DOMAIN: 'lost.test', LDAP_BASE_DN: base, LDAP_ADMIN_PASSWORD: password },
        `ldapsearch -x -H ldap://127.0.0.1 -D 'cn=admin,${base}' -w '${password}' -b '${base}' -s base`,
      ),
    ]);
    const port = (kind: Kind): number => (servers.get(kind) as Server).port;
    await fillMysqlBulk({ port: port('mysql'), password }, { database: 'shop', tables: ['first', 'second'], rows });

    const post = new pg.Client({ host: '127.0.0.1', port: port('postgres'), user: 'postgres', password });
    await post.connect();
    for (const table of ['first', 'second'])
      await post.query(
        `CREATE TABLE ${table} AS SELECT i AS id, ${halfKilobyte((divisor) => `chr(97 + (i / ${divisor}) % 26)`)} AS body FROM generate_series(1, ${rows}) i`,
      );
    await post.query('ALTER TABLE first ADD PRIMARY KEY (id)');
    await post.query('ALTER TABLE second ADD PRIMARY KEY (id)');
    await post.end();

    const ldap = new LdapClient({ url: `ldap://127.0.0.1:${port('ldap')}` });
    await ldap.bind(`cn=admin,${base}`, password);
    for (let entry = 0; entry < entries; entry += 1) {
      const description = [1, 26].map((divisor) => String.fromCharCode(97 + (Math.floor(entry / divisor) % 26)).repeat(2_500)).join('');
      await ldap.add(`cn=entry${entry},${base}`, { objectClass: 'device', cn: `entry${entry}`, description });
    }
    await ldap.unbind();

    for (const kind of ['mysql', 'postgres', 'ldap'] as const) {
      await using session = await connectTo(kind, port(kind))(never);
      await session.openPoint(never);
      const { live } = await session.describe(never);
      const ruled = /^(?:creatorsName|modifiersName|entryDN|subschemaSubentry|hasSubordinates|contextCSN)$/;
      policies.set(
        kind,
        live.kind === 'ldap'
          ? stringify({
              version: 1,
              sources: { source: { keep: live.attributes.filter((one) => !ruled.test(one)), dn: { cn: 'keep', dc: 'keep' } } },
            })
          : keepEverything(live),
      );
      whole.set(kind, await take(kind, port(kind)));
    }
  });
  afterAll(async () => {
    for (const server of servers.values()) await server[Symbol.asyncDispose]();
  });

  const restart = (proxy: TcpProxy, { name }: Server): Promise<unknown> =>
    proxy.trap(middleBytes.mysql, { during: () => runOrFail('Restarting', 'docker', ['restart', '--time', '2', name]) });

  it('MySQL: everything is started again from a new point when a connection is cut', async () => {
    const { record, progress } = await takeThrough('mysql', (proxy) => proxy.trap(middleBytes.mysql, 'cut'));
    expect(record.provenance.interruptions).toMatchObject([
      { mended: 'started-again', reason: expect.stringContaining('"source" was lost') },
    ]);
    expect(progress.interruptions).toEqual(record.provenance.interruptions);
  });

  it('MySQL: a connection that falls silent is noticed', async () => {
    const { record } = await takeThrough('mysql', (proxy) => proxy.trap(middleBytes.mysql, {}));
    expect(record.provenance.interruptions).toMatchObject([{ mended: 'started-again', reason: expect.stringContaining('ETIMEDOUT') }]);
  });

  it('MySQL: a server that is restarted is waited for', async () => {
    const { record } = await takeThrough('mysql', restart);
    expect(record.provenance.interruptions).toMatchObject([{ mended: 'started-again' }]);
  });

  it('MySQL: a build whose source is lost again and again is given up, and says so', async () => {
    const { port } = servers.get('mysql') as Server;
    await using proxy = await startProxy({ port });
    let cuts = 0;
    let done = false;
    const cutting = (async () => {
      while (!done) {
        await Promise.race([proxy.trap(middleBytes.mysql, 'cut'), new Promise((resolve) => setTimeout(resolve, 60_000).unref())]);
        cuts += 1;
      }
    })();
    await expect(take('mysql', proxy.port)).rejects.toMatchObject({
      code: 'SOURCE_LOST',
      message: expect.stringContaining('started again 3 times'),
    });
    done = true;
    void cutting;
    // Of each attempt one connection or both.
    expect(cuts).toBeGreaterThanOrEqual(4);
    expect(cuts).toBeLessThanOrEqual(8);
  });

  it.each(['mysql', 'postgres', 'ldap'] as const)('%s: what a retry cannot mend is not tried again', async (kind) => {
    const { port } = servers.get(kind) as Server;
    const startedMs = performance.now();
    await expect(take(kind, port, 'wrong')).rejects.toMatchObject({ code: 'SOURCE_AUTH_FAILED' });
    // A source that was never there is no lost one.
    await expect(take(kind, await freePort())).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  });

  it('PostgreSQL: the table is read again at the same point when its connection is cut', async () => {
    const { record, progress } = await takeThrough('postgres', (proxy) => proxy.trap(middleBytes.postgres, 'cut'));
    expect(record.provenance.interruptions).toMatchObject([{ mended: 'read-again', reason: expect.stringContaining('"source" was lost') }]);
    expect(progress.interruptions).toEqual(record.provenance.interruptions);
  });

  it('PostgreSQL: a connection that falls silent is noticed', async () => {
    const { record } = await takeThrough('postgres', (proxy) => proxy.trap(middleBytes.postgres, {}));
    expect(record.provenance.interruptions).toMatchObject([{ mended: 'read-again', reason: expect.stringContaining('ETIMEDOUT') }]);
  });

  it('PostgreSQL: a server that is restarted has lost the point, and everything is started again', async () => {
    const { record } = await takeThrough('postgres', restart);
    expect(record.provenance.interruptions).toMatchObject([{ mended: 'started-again' }]);
  });

  it('LDAP: the directory is read again when the connection is cut, and is of the same point since nothing changed', async () => {
    const { record } = await takeThrough('ldap', (proxy) => proxy.trap(middleBytes.ldap, 'cut'));
    expect(record.provenance.interruptions).toMatchObject([{ mended: 'read-again' }]);
    expect(record.provenance.sources).toMatchObject([{ retries: 0 }]);
  });

  it('LDAP: a connection that falls silent is noticed', async () => {
    const { record } = await takeThrough('ldap', (proxy) => proxy.trap(middleBytes.ldap, {}));
    expect(record.provenance.interruptions).toMatchObject([{ mended: 'read-again' }]);
  });

  it('LDAP: a server that is restarted is waited for', async () => {
    const { record } = await takeThrough('ldap', (proxy, { name }) =>
      proxy.trap(middleBytes.ldap, { during: () => runOrFail('Restarting', 'docker', ['restart', '--time', '2', name]) }),
    );
    expect(record.provenance.interruptions).toMatchObject([{ mended: 'read-again' }]);
  });
});
