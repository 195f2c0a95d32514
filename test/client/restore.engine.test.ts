import { realpath, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { helperLabel } from '../../client/engine.ts';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { type ClientProject, createClientProject, type RunningClient } from '../support/client-project.ts';
import { type DataImage, makeDataImage, type SourceContent } from '../support/data-image.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { awkwardText, ldapBase, ldapSource, mysqlLoad, mysqlSource, postgresSource } from '../support/shop-data.ts';
import { type SmallRegistry, startSmallRegistry } from '../support/small-registry.ts';

const project = 'dyn-data-test-client';
const rootPassword = "se cret'";

/** LDAP on the image's anonymous volumes, PostgreSQL without a health check, and a reader that says what it finds when it starts. */
const composeFile = `
services:
  db:
    image: \${MYSQL_IMAGE}
    command: ["mysqld", "--skip-log-bin"]
    labels: { dyn-data.source: main }
    environment: { MYSQL_ROOT_PASSWORD: "${rootPassword}", MYSQL_DATABASE: shop }
    ports: ["127.0.0.1:0:3306"]
    volumes: ["db:/var/lib/mysql"]
    healthcheck: { test: ["CMD-SHELL", 'MYSQL_PWD="$$MYSQL_ROOT_PASSWORD" mysql -h127.0.0.1 -uroot -e "SELECT 1"'], interval: 1s, retries: 90 }
  directory:
    image: \${LDAP_IMAGE}
    labels: { dyn-data.source: directory }
    environment: { LDAP_DOMAIN: example.test, LDAP_BASE_DN: "${ldapBase}", LDAP_ADMIN_PASSWORD: geheim }
    healthcheck: { test: ["CMD-SHELL", 'ldapsearch -x -H ldap://127.0.0.1 -b "" -s base'], interval: 1s, retries: 90 }
  push-db:
    image: \${POSTGRES_IMAGE}
    labels: { dyn-data.source: push }
    environment: { POSTGRES_USER: push, POSTGRES_PASSWORD: geheim }
    volumes: ["push:/var/lib/postgresql"]
  reader:
    image: \${MYSQL_IMAGE}
    entrypoint: ["sh", "-c", 'MYSQL_PWD="$$PASSWORD" mysql -hdb -uroot -NBe "SELECT COUNT(*) FROM shop.customers" && exec sleep 1000']
    environment: { PASSWORD: "${rootPassword}" }
    init: true
    depends_on: { db: { condition: service_healthy }, directory: { condition: service_healthy }, push-db: { condition: service_started } }
volumes: { db: , push: }
`;

const people = 250;
const installations = 1500;
const largeCustomers = 600_000;
const largeChunkRows = 10_000;
const directory = ldapSource({ people });
const push = postgresSource({ installations });

describeWithEngine('restoring a snapshot into a stack', () => {
  const bundle = `${import.meta.dirname}/../../dist/test-client-restore.mjs`;
  let registry: SmallRegistry;
  let client: ClientProject;
  let first: DataImage;
  let large: DataImage;

  const publish = async (tag: string, sources: readonly SourceContent[]): Promise<DataImage> => {
    const image = await makeDataImage(sources);
    registry.add('shop', tag, image);
    return image;
  };
  const mysql = async (sql: string): Promise<string[][]> => {
    const command = ['exec', `${project}-db-1`, 'mysql', '-uroot', `-p${rootPassword}`, '--default-character-set=utf8mb4', '-NBe', sql];
    const result = await client.docker(command);
    if (result.exitCode !== 0) throw new Error(result.stderr);
    return result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
  };
  /** The last line of the reader, which is up before its program has asked. */
  const readerSaw = async (): Promise<string | undefined> => {
    for (const deadline = Date.now() + 60_000; ; await sleep(200)) {
      const last = (await client.docker(['logs', `${project}-reader-1`])).stdout.trim().split('\n').at(-1);
      if (last !== '' || Date.now() > deadline) return last;
    }
  };
  const isRunning = async (service: string): Promise<boolean> =>
    (await client.docker(['inspect', '--format', '{{.State.Running}}', `${project}-${service}-1`])).stdout.trim() === 'true';
  /** Of this project alone: other clients on the machine have theirs. */
  const helpers = async (): Promise<string> => {
    const owner = `${hostname()}:${await realpath(client.folder)}`;
    return (await client.docker(['ps', '-aq', '--filter', `label=${helperLabel}=${owner}`])).stdout.trim();
  };
  const stateOf = async (service: string): Promise<unknown> => {
    const { stdout } = await client.run(['status', '--json']);
    return JSON.parse(stdout).services.find((one: { service: string }) => one.service === service);
  };
  /** Resolves when MySQL is in the middle of a LOAD DATA. */
  const untilLoading = async ({ child }: RunningClient): Promise<void> => {
    while (child.exitCode === null) {
      const loading = await mysql("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'LOAD DATA%customers%'").catch(
        () => [],
      );
      if (Number(loading[0]?.[0] ?? 0) > 0) return;
      await sleep(50);
    }
    throw new Error('the client ended before it was seen loading');
  };

  /** Resolves when some of the customers are loaded, and not all of them; marks one of each run of rows that is loaded, and tells how many. */
  const markLoaded = async ({ child }: RunningClient): Promise<number> => {
    while (child.exitCode === null) {
      const runs = await mysql('SELECT first_chunk FROM dyn_data_restore.chunks WHERE table_number = 0').catch(() => []);
      // Nothing is one empty line.
      const first = runs.flatMap(([chunk = '']) => (chunk === '' ? [] : [Number(chunk) * largeChunkRows + 1]));
      if (first.length > 0) {
        // Onto the disk: while it is restored, the server keeps what is committed to itself for a while.
        await mysql(`UPDATE shop.customers SET note = 'loaded once' WHERE id IN (${first.join(', ')}); FLUSH ENGINE LOGS`);
        return first.length;
      }
      await sleep(50);
    }
    throw new Error('the client ended before it was seen loading');
  };
  /** All customers are there, once each, with all indexes; what was marked as loaded was not loaded again. */
  const expectWholeAndResumed = async (marked: number): Promise<void> => {
    expect(
      await mysql(
        "SELECT COUNT(*), COUNT(DISTINCT id), SUM(note = 'loaded once'), SUM(name = CONCAT('name ', id)), @@GLOBAL.local_infile, @@GLOBAL.innodb_flush_log_at_trx_commit, @@GLOBAL.innodb_redo_log_capacity FROM shop.customers",
      ),
    ).toEqual([[String(largeCustomers), String(largeCustomers), String(marked), String(largeCustomers - 1), '0', '1', '104857600']]);
    expect(
      await mysql('SELECT COUNT(DISTINCT TABLE_NAME, INDEX_NAME) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = "shop"'),
    ).toEqual([['6']]);
    expect(await mysql("SHOW DATABASES LIKE 'dyn%'")).toEqual([['']]);
    expect(await readerSaw()).toBe(String(largeCustomers));
    expect(await helpers()).toBe('');
    expect(await stateOf('db')).toMatchObject({ snapshot: { state: 'restored', digest: large.digest } });
  };

  beforeAll(async () => {
    registry = await startSmallRegistry();
    await bundleClient(bundle);
    client = await createClientProject({ client: bundle, registry: registry.url, project, composeFile, env: imageVariables() });
    first = await publish('first', [mysqlSource({ customers: 2500, chunkRows: 1000 }), push, directory]);
    large = await publish('large', [mysqlSource({ customers: largeCustomers, chunkRows: largeChunkRows }), push, directory]);
  });

  afterAll(async () => {
    await client.run(['down', '-v']);
    const images = (
      await client.docker(['images', '--digests', '--format', '{{.Repository}}@{{.Digest}}', `${registry.host}/shop`])
    ).stdout.trim();
    for (const image of images.split('\n')) if (image !== '') await client.docker(['image', 'rm', image]);
    await client[Symbol.asyncDispose]();
    await registry.close();
    await rm(bundle);
  });

  test('pull and up bring MySQL, LDAP and PostgreSQL to the snapshot, and dependants start after it', async () => {
    const pulled = await client.run(['pull', 'first']);
    expect(pulled.stderr).toContain('Pulling first');
    expect(pulled).toMatchObject({ exitCode: 0 });
    const up = await client.run(['up', '--json']);
    expect(up.stderr).toBe('');
    expect(up.exitCode).toBe(0);
    const report = JSON.parse(up.stdout);
    expect(report).toMatchObject({ version: 1, project, reference: 'first', digest: first.digest });
    const rows = Object.fromEntries(
      report.services.map((one: { service: string; restored?: { rows: number } }) => [one.service, one.restored?.rows]),
    );
    expect(rows).toEqual({ db: 2510, 'push-db': installations, directory: people + 2, reader: undefined });
    expect(await readerSaw()).toBe('2500');

    const hex = Buffer.from(awkwardText).toString('hex').toUpperCase();
    expect(await mysql('SELECT HEX(name), HEX(note) IS NULL, HEX(photo) FROM shop.customers WHERE id IN (1, 6)')).toEqual([
      [hex, '0', '00FF0A09'],
      [Buffer.from('name 6').toString('hex').toUpperCase(), '1', 'NULL'],
    ]);
    expect(await mysql('SELECT MIN(id), MAX(price) FROM shop.orders')).toEqual([['0', '10.25']]);
    expect(
      await mysql(
        "SELECT (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'shop'), (SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = 'shop'), @@GLOBAL.local_infile",
      ),
    ).toEqual([['1', '1', '0']]);

    const psql = ['exec', `${project}-push-db-1`, 'psql', '-U', 'push', '-d', 'push', '-XAtc'];
    const alias = await client.docker([
      ...psql,
      "SELECT encode(convert_to(alias, 'UTF8'), 'hex'), encode(token, 'hex'), (SELECT last_value FROM installation_seq) FROM installation WHERE id = 1",
    ]);
    expect(alias.stdout.trim()).toBe(`${hex.toLowerCase()}|00ff|4711`);

    const search = [
      'exec',
      `${project}-directory-1`,
      'ldapsearch',
      '-x',
      '-LLL',
      '-H',
      'ldapi:///',
      '-D',
      `cn=admin,${ldapBase}`,
      '-w',
      'geheim',
      '-b',
      ldapBase,
    ];
    const person = await client.docker([...search, '(uid=u7)', 'cn', 'manager']);
    expect(person.stdout).toContain(`cn:: ${Buffer.from('Zoë 7').toString('base64')}`);
    expect(person.stdout).toContain(`manager: uid=u1,ou=people,${ldapBase}`);
    expect(await helpers()).toBe('');
  });

  test('a second up restores nothing and keeps what was changed since', async () => {
    await mysql('DELETE FROM shop.orders');
    const up = await client.run(['up', '--json']);
    expect(up.exitCode).toBe(0);
    const outcomes = JSON.parse(up.stdout).services.flatMap((one: { restored?: { outcome: string } }) =>
      one.restored ? [one.restored.outcome] : [],
    );
    expect(outcomes).toEqual(['already', 'already', 'already']);
    expect(await mysql('SELECT COUNT(*) FROM shop.orders')).toEqual([['0']]);
    const snapshot = { state: 'restored', digest: first.digest, reference: 'first' };
    expect(await stateOf('db')).toMatchObject({ source: 'main', snapshot, state: 'running', health: 'healthy' });
    expect(await stateOf('reader')).toEqual({ service: 'reader', state: 'running', addresses: [] });
  });

  test('a table that was dropped is noticed, and --replace brings it back', async () => {
    await mysql('DROP TABLE shop.orders');
    const up = await client.run(['up']);
    expect(up.exitCode).toBe(6);
    expect(up.stderr).toContain('error VERIFY_FAILED');
    expect(up.stderr).toContain('shop.orders');
    expect((await client.run(['up', '--replace'])).exitCode).toBe(0);
    expect(await mysql('SELECT COUNT(*) FROM shop.orders')).toEqual([['10']]);
  });

  test('up after kill -9 in the middle of a restore goes on with what is not loaded', async () => {
    const killed = client.start(['up', 'large']);
    const marked = await markLoaded(killed);
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(await helpers()).not.toBe('');
    expect(await isRunning('reader')).toBe(false);
    expect(await stateOf('db')).toMatchObject({ snapshot: { state: 'restoring', digest: large.digest } });

    const up = await client.run(['up']);
    expect(up.stderr).toContain('db: an earlier restore was interrupted; restoring');
    expect(up.stderr).toMatch(/db: resumes: [0-3] of 3 tables are loaded already, in all [0-9.]+ MB of/);
    expect(up.exitCode).toBe(0);
    await expectWholeAndResumed(marked);
  });

  test('so it does when the server was killed', async () => {
    const cut = client.start(['up', '--replace', 'large']);
    const marked = await markLoaded(cut);
    await client.docker(['kill', '--signal', 'KILL', `${project}-db-1`]);
    const { exitCode, stderr } = await cut.ended;
    expect(stderr).toContain('error RESTORE_FAILED');
    expect(exitCode).toBe(6);

    const up = await client.run(['up']);
    expect(up.stderr).toContain('db: resumes: ');
    expect(up.exitCode, up.stderr).toBe(0);
    await expectWholeAndResumed(marked);
  });

  test('another snapshot, or --replace, begins from scratch', async () => {
    const killed = client.start(['up', '--replace', 'large']);
    await markLoaded(killed);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const other = await client.run(['up', 'first']);
    expect(other.stderr).not.toContain('resumes: ');
    expect(other.exitCode, other.stderr).toBe(0);
    expect(await mysql('SELECT COUNT(*) FROM shop.customers')).toEqual([['2500']]);
    expect(await mysql("SHOW DATABASES LIKE 'dyn%'")).toEqual([['']]);
  });

  test('a snapshot of version 1 is restored too', async () => {
    await publish('old', [mysqlSource({ customers: 10, chunkRows: 5, indexes: false }), push, directory]);
    const up = await client.run(['up', 'old']);
    expect(up.exitCode, up.stderr).toBe(0);
    expect(await mysql('SELECT COUNT(*) FROM shop.customers')).toEqual([['10']]);
  });

  test('Ctrl-C ends with code 7, leaves no helper and is not taken for done', async () => {
    await client.run(['pull', 'first']);
    const interrupted = client.start(['up', '--replace', 'large']);
    await untilLoading(interrupted);
    interrupted.child.kill('SIGINT');
    const { exitCode, stderr } = await interrupted.ended;
    expect(stderr).toContain('error CANCELLED: Interrupted.');
    expect(exitCode).toBe(7);
    expect(await helpers()).toBe('');
    expect(await stateOf('db')).toMatchObject({ snapshot: { state: 'restoring' } });
    expect(await mysql('SELECT @@GLOBAL.local_infile')).toEqual([['0']]);
  });

  test('only one up at a time works in a project', async () => {
    const running = client.start(['up', 'large']);
    await untilLoading(running);
    const second = await client.run(['down']);
    expect(second.stderr).toContain(`error CONFLICT: Another dyn-data command is at work in this project (process ${running.child.pid})`);
    expect(second.exitCode).toBe(4);
    expect((await running.ended).exitCode).toBe(0);
    expect(await readerSaw()).toBe(String(largeCustomers));
  });

  test('a chunk that was tampered with is refused, and nothing that depends on it starts', async () => {
    const [customers, ...others] = mysqlSource({ customers: 10, chunkRows: 5 }).tables;
    const chunks = (customers?.chunks ?? []).map((chunk, index) =>
      index === 1 ? { ...chunk, storedText: chunk.text.replace('name 6', 'name 9') } : chunk,
    );
    const tables = customers ? [{ ...customers, chunks }, ...others] : [];
    await publish('tampered', [{ ...mysqlSource({ customers: 10, chunkRows: 5 }), tables }, push, directory]);
    const up = await client.run(['up', 'tampered']);
    expect(up.stderr).toContain('error DIGEST_MISMATCH: The chunk 000001.zst of the table shop.customers');
    expect(up.exitCode).toBe(6);
    expect(await isRunning('reader')).toBe(false);
    expect(await stateOf('db')).toMatchObject({ snapshot: { state: 'restoring' } });
  });

  test('an image whose label and manifest do not belong together is refused before anything starts', async () => {
    registry.add('shop', 'mislabelled', await makeDataImage([push], { labelDigest: `sha256:${'0'.repeat(64)}` }));
    const pulled = await client.run(['pull', 'mislabelled']);
    expect(pulled.stderr).toContain('error DIGEST_MISMATCH');
    expect(pulled.exitCode).toBe(6);
  });

  test('values that a server does not take as they are fail the restore, and no value is shown', async () => {
    const source = mysqlSource({ customers: 5, chunkRows: 5 });
    const badRow = { text: 'not-a-number-4711\t1\t1.00\n', rows: 1 };
    const bad = {
      ...source,
      tables: [{ schema: 'shop', name: 'orders', load: mysqlLoad('orders', '(id, customer_id, price)'), chunks: [badRow] }],
    };
    await publish('bad-mysql', [bad, push, directory]);
    const mysqlUp = await client.run(['up', 'bad-mysql']);
    expect(mysqlUp.stderr).toMatch(/error RESTORE_FAILED: Loading the table shop\.orders in the service db failed \(MySQL warning 1366/);
    expect(mysqlUp.exitCode).toBe(6);
    expect(mysqlUp.stderr).not.toContain('4711');

    const badPush = push.tables.map((table) => ({ ...table, chunks: [{ text: 'not-a-number-4711\ta\t\\\\x00\n', rows: 1 }] }));
    await publish('bad-postgres', [source, { ...push, tables: badPush }, directory]);
    const postgresUp = await client.run(['up', 'bad-postgres']);
    expect(postgresUp.stderr).toMatch(
      /error RESTORE_FAILED: Loading the table public\.installation in the service push-db failed \(SQLSTATE 22P02\)/,
    );
    expect(postgresUp.stderr).not.toContain('4711');

    const badDirectory = directory.tables.map((table) => ({
      ...table,
      chunks: [{ text: 'dn: uid=u4711,ou=nowhere\nobjectClass: noSuchClass\n\n', rows: 1 }],
    }));
    await publish('bad-ldap', [source, push, { ...directory, tables: badDirectory }]);
    const ldapUp = await client.run(['up', 'bad-ldap']);
    expect(ldapUp.stderr).toMatch(
      /error RESTORE_FAILED: Loading the naming context dc=example,dc=test in the service directory failed \(slapadd ended with 1/,
    );
    expect(ldapUp.stderr).not.toContain('4711');
    expect(await isRunning('reader')).toBe(false);
  });

  test('a naming context that the service does not have is named', async () => {
    await publish('other-base', [mysqlSource({ customers: 5, chunkRows: 5 }), push, ldapSource({ people: 1, base: 'dc=other,dc=test' })]);
    const up = await client.run(['up', 'other-base']);
    expect(up.stderr).toContain(`error RESTORE_FAILED: The service directory has no naming context dc=other,dc=test (it has ${ldapBase})`);
    expect(up.exitCode).toBe(6);
  });

  test('sources and services that do not match are both named before anything starts', async () => {
    await publish('less', [push]);
    const up = await client.run(['up', 'less']);
    expect(up.exitCode).toBe(2);
    expect(up.stderr).toContain('error STACK_INVALID');
    expect(up.stderr).toContain('the snapshot has push, the stack takes db (main), directory (directory), push-db (push)');
    expect(up.stderr).toContain('service db: wants the source main, which the snapshot does not have');
  });

  test('data that dyn-data did not put there is kept until --replace', async () => {
    expect((await client.run(['down', '-v'])).exitCode).toBe(0);
    await client.docker(['compose', '-f', `${client.folder}/docker-compose.yml`, '-p', project, 'up', '-d', '--no-deps', '--wait', 'db']);
    await mysql('CREATE TABLE shop.mine (id INT); INSERT INTO shop.mine VALUES (7)');
    const up = await client.run(['up', 'first']);
    expect(up.stderr).toContain('error TARGET_NOT_EMPTY: The service db holds data');
    expect(up.stderr).toContain('database shop');
    expect(up.exitCode).toBe(4);
    expect(await mysql('SELECT id FROM shop.mine')).toEqual([['7']]);
    expect(await stateOf('db')).toMatchObject({ snapshot: { state: 'none' } });
    expect((await client.run(['up', '--replace', 'first'])).exitCode).toBe(0);
    expect(await mysql('SELECT COUNT(*) FROM shop.customers')).toEqual([['2500']]);
  });

  test('down keeps the data, down -v removes it', async () => {
    expect((await client.run(['down'])).exitCode).toBe(0);
    expect(await stateOf('db')).toMatchObject({ state: 'absent', snapshot: { state: 'unknown' } });
    const again = JSON.parse((await client.run(['up', '--json'])).stdout);
    const db = again.services.find((one: { service: string }) => one.service === 'db');
    expect(db.restored).toMatchObject({ outcome: 'already', rows: 2510 });
    expect((await client.run(['down', '-v'])).exitCode).toBe(0);
    expect((await client.docker(['volume', 'ls', '-q', '--filter', `label=com.docker.compose.project=${project}`])).stdout).toBe('');
  });
});

describeWithEngine('waiting for a service', () => {
  test('a service that never becomes healthy is named with its last log lines', async () => {
    const registry = await startSmallRegistry();
    const bundle = `${import.meta.dirname}/../../dist/test-client-waiting.mjs`;
    await bundleClient(bundle);
    const composeFile = `
services:
  sick:
    image: \${NGINX_IMAGE}
    entrypoint: ["sh", "-c", "echo I feel unwell; exec sleep 1000"]
    init: true
    healthcheck: { test: ["CMD", "false"], interval: 1s }
  gone:
    image: \${NGINX_IMAGE}
    entrypoint: ["sh", "-c", "echo goodbye; exit 3"]
    depends_on: { sick: { condition: service_started } }
`;
    await using client = await createClientProject({
      client: bundle,
      registry: registry.url,
      project: 'dyn-data-test-client-waiting',
      composeFile,
      env: imageVariables(),
    });
    try {
      registry.add('shop', 'empty', await makeDataImage([]));
      const up = await client.run(['up', 'empty', '--timeout', '3']);
      expect(up.exitCode).toBe(5);
      expect(up.stderr).toContain('error SERVICE_UNHEALTHY: The service sick is not healthy after 3.');
      expect(up.stderr).toContain('sick | I feel unwell');
    } finally {
      await client.run(['down', '-v']);
      await client.docker(['image', 'rm', `${registry.host}/shop@${(await makeDataImage([])).digest}`]);
      await registry.close();
      await rm(bundle);
    }
  });
});
