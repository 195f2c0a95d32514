import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServiceReport } from '../../client/bring-up.ts';
import { eventResult } from '../../client/results/index.ts';
import { waitHealthy } from '../../scripts/wait-healthy.ts';
import { createClientProject } from '../support/client-project.ts';
import { type DataImage, makeDataImage } from '../support/data-image.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { awkwardText, ldapBase, ldapSource, mysqlLoad, mysqlSource } from '../support/shop-data.ts';
import { createShopStack, directory, installations, people, push, type ShopStack } from '../support/shop-stack.ts';
import { startSmallRegistry } from '../support/small-registry.ts';
import { oneServiceSuite } from './one-service-suite.ts';
import { restoreToSuite } from './restore-to-suite.ts';

// Interruptions: test/long/restore-interrupted.test.ts.

const project = 'dyn-data-test-client';

describeWithEngine('restoring a snapshot into a stack', () => {
  let stack: ShopStack;
  let first: DataImage;

  beforeAll(async () => {
    stack = await createShopStack(project);
    first = await stack.publish('first', [mysqlSource({ customers: 2500, chunkRows: 1000 }), push, directory]);
  });

  afterAll(() => stack[Symbol.asyncDispose]());

  const startDatabase = async (): Promise<void> => {
    const file = `${stack.client.folder}/docker-compose.yml`;
    await stack.client.docker(['compose', '-f', file, '-p', project, 'up', '-d', '--no-deps', 'db']);
    await waitHealthy(`${project}-db-1`);
  };

  test('data that dyn-data did not put there is kept', async () => {
    await startDatabase();
    await stack.mysql('CREATE TABLE shop.mine (id INT); INSERT INTO shop.mine VALUES (7)');
    const pulled = await stack.client.run(['pull', 'first']);
    expect(pulled.stderr).toContain('Pulling first');
    expect(pulled).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/ kB, (?:[\d.]+ kB of it transferred|all of it was here); /),
    });
    const up = await stack.client.run(['up']);
    expect(up.stderr).toContain('error TARGET_NOT_EMPTY: The service db holds data');
    expect(up.stderr).toContain('database shop');
    expect(up.exitCode).toBe(4);
    expect(await stack.mysql('SELECT id FROM shop.mine')).toEqual([['7']]);
    expect(await stack.stateOf('db')).toMatchObject({ snapshot: { state: 'none' } });
    expect(await stack.isRunning('reader')).toBe(false);
  });

  test('up --replace brings MySQL, LDAP and PostgreSQL to the snapshot, and dependants start after it', async () => {
    const up = await stack.client.run(['up', '--replace', '--json']);
    expect(up.stderr).toBe('');
    expect(up.exitCode).toBe(0);
    const report = JSON.parse(up.stdout);
    expect(report).toMatchObject({ version: 1, project, reference: 'first', digest: first.digest });
    const rows = Object.fromEntries(
      report.services.map((one: { service: string; restored?: { rows: number } }) => [one.service, one.restored?.rows]),
    );
    expect(rows).toEqual({ db: 2510, 'push-db': installations, directory: people + 2, reader: undefined });
    expect(await stack.readerSaw()).toBe('2500');
    const steps = Object.fromEntries(
      report.services.map((one: ServiceReport) => [one.service, one.steps.map(({ step }) => step).join(' ')]),
    );
    expect(steps).toEqual({
      db: 'wait start health look schema rows keys count',
      'push-db': 'wait start health look schema rows keys count',
      directory: 'wait start health look schema rows restart count',
      reader: 'wait start health',
    });

    const hex = Buffer.from(awkwardText).toString('hex').toUpperCase();
    expect(await stack.mysql('SELECT HEX(name), HEX(note) IS NULL, HEX(photo) FROM shop.customers WHERE id IN (1, 6)')).toEqual([
      [hex, '0', '00FF0A09'],
      [Buffer.from('name 6').toString('hex').toUpperCase(), '1', 'NULL'],
    ]);
    expect(await stack.mysql('SELECT MIN(id), MAX(price) FROM shop.orders')).toEqual([['0', '10.25']]);
    expect(
      await stack.mysql(
        "SELECT (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'shop'), (SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = 'shop'), @@GLOBAL.local_infile",
      ),
    ).toEqual([['1', '1', '0']]);

    const psql = ['exec', `${project}-push-db-1`, 'psql', '-U', 'push', '-d', 'push', '-XAtc'];
    const alias = await stack.client.docker([
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
    const person = await stack.client.docker([...search, '(uid=u7)', 'cn', 'manager']);
    expect(person.stdout).toContain(`cn:: ${Buffer.from('Zoë 7').toString('base64')}`);
    expect(person.stdout).toContain(`manager: uid=u1,ou=people,${ldapBase}`);
    expect(await stack.helpers()).toBe('');
  });

  test('a second up restores nothing and keeps what was changed since', async () => {
    await stack.mysql('DELETE FROM shop.orders');
    const up = await stack.client.run(['up', '--events']);
    expect(up.exitCode).toBe(0);
    const notes = up.stderr
      .trimEnd()
      .split('\n')
      .map((line) => eventResult.parse(JSON.parse(line)));
    expect(notes).toContainEqual(expect.objectContaining({ event: 'note', text: 'db: holds this snapshot already: nothing to restore' }));
    const outcomes = JSON.parse(up.stdout).services.flatMap((one: { restored?: { outcome: string } }) =>
      one.restored ? [one.restored.outcome] : [],
    );
    expect(outcomes).toEqual(['already', 'already', 'already']);
    expect(await stack.mysql('SELECT COUNT(*) FROM shop.orders')).toEqual([['0']]);
    const snapshot = { state: 'restored', digest: first.digest, reference: 'first' };
    const { services } = await stack.client.runJson(['status']);
    expect(services).toContainEqual(
      expect.objectContaining({
        service: 'db',
        source: 'main',
        snapshot: expect.objectContaining(snapshot),
        state: 'running',
        health: 'healthy',
      }),
    );
    expect(services).toContainEqual({ service: 'reader', state: 'running', addresses: [] });
  });

  test('a table that was dropped is noticed', async () => {
    await stack.mysql('DROP TABLE shop.orders');
    const up = await stack.client.run(['up']);
    expect(up.exitCode).toBe(6);
    expect(up.stderr).toContain('error VERIFY_FAILED');
    expect(up.stderr).toContain('shop.orders');
  });

  test('a chunk that was tampered with is refused, and nothing that depends on it starts', async () => {
    const [customers, ...others] = mysqlSource({ customers: 10, chunkRows: 5 }).tables;
    const chunks = (customers?.chunks ?? []).map((chunk, index) =>
      index === 1 ? { ...chunk, storedText: chunk.text.replace('name 6', 'name 9') } : chunk,
    );
    const tables = customers ? [{ ...customers, chunks }, ...others] : [];
    await stack.publish('tampered', [{ ...mysqlSource({ customers: 10, chunkRows: 5 }), tables }, push, directory]);
    const restored = await stack.client.run(['restore', 'tampered', '--service', 'db', '--yes']);
    expect(restored.stderr).toContain('error DIGEST_MISMATCH: The chunk 000001.zst of the table shop.customers');
    expect(restored.exitCode).toBe(6);
    expect(await stack.isRunning('reader')).toBe(false);
    expect(await stack.stateOf('db')).toMatchObject({ snapshot: { state: 'restoring' } });
  });

  test('an image whose label and manifest do not belong together is refused before anything starts', async () => {
    stack.registry.add('shop', 'mislabelled', await makeDataImage([push], { labelDigest: `sha256:${'0'.repeat(64)}` }));
    const pulled = await stack.client.run(['pull', 'mislabelled']);
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
    const badPush = push.tables.map((table) => ({ ...table, chunks: [{ text: 'not-a-number-4711\ta\t\\\\x00\n', rows: 1 }] }));
    const badDirectory = directory.tables.map((table) => ({
      ...table,
      chunks: [{ text: 'dn: uid=u4711,ou=nowhere\nobjectClass: noSuchClass\n\n', rows: 1 }],
    }));
    await stack.publish('bad', [bad, { ...push, tables: badPush }, { ...directory, tables: badDirectory }]);
    for (const [service, failure] of [
      ['db', 'Loading the table shop.orders in the service db failed (MySQL warning 1366'],
      ['push-db', 'Loading the table public.installation in the service push-db failed (SQLSTATE 22P02)'],
      ['directory', 'Loading the naming context dc=example,dc=test in the service directory failed (slapadd ended with 1'],
    ] as const) {
      const { stderr, exitCode } = await stack.client.run(['restore', 'bad', '--service', service, '--yes']);
      expect(stderr).toContain(`error RESTORE_FAILED: ${failure}`);
      expect(exitCode).toBe(6);
      expect(stderr).not.toContain('4711');
    }
    expect(await stack.isRunning('reader')).toBe(false);
  });

  test('a naming context that the service does not have is named', async () => {
    await stack.publish('other-base', [
      mysqlSource({ customers: 5, chunkRows: 5 }),
      push,
      ldapSource({ people: 1, base: 'dc=other,dc=test' }),
    ]);
    const up = await stack.client.run(['up', 'other-base']);
    expect(up.stderr).toContain(`error RESTORE_FAILED: The service directory has no naming context dc=other,dc=test (it has ${ldapBase})`);
    expect(up.exitCode).toBe(6);
  });

  test('sources and services that do not match are both named before anything starts', async () => {
    await stack.publish('less', [push]);
    const up = await stack.client.run(['up', 'less']);
    expect(up.exitCode).toBe(2);
    expect(up.stderr).toContain('error STACK_INVALID');
    expect(up.stderr).toContain('the snapshot has push, the stack takes db (main), directory (directory), push-db (push)');
    expect(up.stderr).toContain('service db: wants the source main, which the snapshot does not have');
  });

  oneServiceSuite(() => stack);
  // MySQL and OpenLDAP: test/long/restore-to.test.ts.
  restoreToSuite(() => stack, ['postgres']);

  test('down keeps the data, down -v removes it', async () => {
    // Of the directory and of the reader: nobody would find them again.
    const services = ['directory', 'reader'].map((service) => `${project}-${service}-1`);
    const mounts = '{{range .Mounts}}{{println .Name}}{{end}}';
    const { stdout } = await stack.client.docker(['inspect', '--format', mounts, ...services]);
    const nameless = stdout.split('\n').filter((name) => /^[0-9a-f]{64}$/.test(name));
    expect((await stack.client.run(['down'])).exitCode).toBe(0);
    await stack.client.docker(['volume', 'rm', ...nameless]);
    expect(await stack.stateOf('db')).toMatchObject({ state: 'absent', snapshot: { state: 'unknown' } });
    await startDatabase();
    expect(await stack.stateOf('db')).toMatchObject({ state: 'running', snapshot: { state: 'restored', reference: 'fewer' } });
    expect(await stack.mysql('SELECT COUNT(*) FROM shop.customers')).toEqual([['30']]);
    expect((await stack.client.run(['down', '-v'])).exitCode).toBe(0);
    expect((await stack.client.docker(['volume', 'ls', '-q', '--filter', `label=com.docker.compose.project=${project}`])).stdout).toBe('');
  });
});

describeWithEngine('waiting for a service', () => {
  test('a service that never becomes healthy is named with its last log lines', async () => {
    const registry = await startSmallRegistry();
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
      registry: registry.url,
      project: 'dyn-data-test-client-waiting',
      composeFile,
      env: imageVariables(),
    });
    try {
      registry.add('shop', 'empty', await makeDataImage([]));
      const up = await client.run(['up', 'empty', '--timeout', '3']);
      expect(up.exitCode).toBe(5);
      expect(up.stderr).toMatch(/error SERVICE_UNHEALTHY: The service sick is not healthy after \d/);
      expect(up.stderr).toContain('sick | I feel unwell');
    } finally {
      await client.run(['down', '-v']);
      await client.docker(['image', 'rm', `${registry.host}/shop@${(await makeDataImage([])).digest}`]);
      await registry.close();
    }
  });
});
