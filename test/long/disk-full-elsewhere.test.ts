import { mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, waitReady } from '../../bench/servers.ts';
import { runOrFail } from '../../scripts/run-command.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { ldapSource, mysqlSource, postgresSource } from '../support/shop-data.ts';
import { createShopStack, directory, push, type ShopStack } from '../support/shop-stack.ts';

const mebibyte = 1024 * 1024;
/** What the smallest file takes of a disk in memory. */
const page = 4096;
const canMount = process.getuid?.() === 0;

/** A disk in memory, so only what is used of it takes room. */
async function mountDisk(folder: string, bytes: number) {
  await runOrFail('Mounting a small disk', 'mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'dyn-data-test', folder]);
  const resize = (to: number): Promise<string> => runOrFail('Giving the disk another size', 'mount', ['-o', `remount,size=${to}`, folder]);
  return {
    async leave(free: number): Promise<void> {
      const { blocks, bfree, bsize } = await statfs(folder);
      await resize((blocks - bfree) * bsize + free);
    },
    makeRoom: (): Promise<string> => resize(bytes),
    async [Symbol.asyncDispose]() {
      await runOrFail('Unmounting the small disk', 'umount', [folder]);
    },
  };
}

describeWithEngine('a disk of the project that becomes full', () => {
  let stack: ShopStack;
  let folder = '';
  const names = ['dyn-data.yaml', 'docker-compose.yml'];
  let disk: Awaited<ReturnType<typeof mountDisk>>;
  const state = (): Promise<string[]> => readdir(join(folder, '.dyn-data')).then((found) => found.sort());
  const expectFull = async (file: string, ...args: string[]): Promise<void> => {
    const { exitCode, stdout, stderr } = await stack.client.run(args);
    expect(stderr).toContain(`error DISK_FULL: There is no room left on the disk of ${join(folder, file)}. Make room there, then run the`);
    expect([exitCode, stdout]).toEqual([5, '']);
    expect(await stack.helpers()).toBe('');
  };
  const expectVerified = async (customers: number): Promise<void> => {
    const up = await stack.client.run(['up']);
    expect(up.exitCode, up.stderr).toBe(0);
    expect(await stack.client.runJson(['verify', '--restored'])).toMatchObject({ restored: Array(3).fill({ state: 'same' }) });
    expect(await stack.readerSaw()).toBe(String(customers));
  };

  beforeAll(async () => {
    if (!canMount) return;
    stack = await createShopStack('dyn-data-test-no-room');
    await stack.publish('first', [mysqlSource({ customers: 250, chunkRows: 100 }), push, directory]);
    await stack.publish('second', [mysqlSource({ customers: 120, chunkRows: 100 }), push, directory]);
    folder = stack.client.folder;
    const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
    disk = await mountDisk(folder, mebibyte);
    for (const [index, bytes] of files.entries()) await writeFile(join(folder, names[index] ?? ''), bytes);
  });
  afterAll(async () => {
    if (folder === '') return;
    await disk.makeRoom();
    await stack.client.run(['down', '-v']);
    await disk[Symbol.asyncDispose]();
    await stack[Symbol.asyncDispose]();
  });

  test.runIf(canMount)('before anything is done: nothing is, and the same command works when there is room', async () => {
    await disk.leave(0);
    await expectFull('.dyn-data/.gitignore', 'pull', 'first');
    expect(await state()).toEqual([]);
    await disk.makeRoom();
    expect((await stack.client.run(['pull', 'first'])).exitCode).toBe(0);
    await expectVerified(250);
  });

  test.runIf(canMount)('when what was done is noted: the notes are as they were, and what was done is not done again', async () => {
    const before = await Promise.all([state(), readFile(join(folder, '.dyn-data/pulled.json'), 'utf8')]);
    // The command's lock has room, and no more.
    await disk.leave(page);
    await expectFull('.dyn-data/pulled.json', 'up', 'second');
    const running = (await stack.client.runJson(['status'])).services.map((one: { state: string }) => one.state);
    expect(running).toEqual(Array(4).fill('running'));
    await disk.leave(page);
    await expectFull('.dyn-data/manifest.json', 'pull', 'second');
    expect(await Promise.all([state(), readFile(join(folder, '.dyn-data/pulled.json'), 'utf8')])).toEqual(before);
    await disk.makeRoom();
    const pulled = await stack.client.run(['pull', 'second']);
    expect(pulled.stdout, pulled.stderr).toContain('all of it was here');
    await expectVerified(120);
  });

  test.runIf(canMount)('when a pin is to be written: the one of before stays whole', async () => {
    const pin = (): Promise<string> => readFile(join(folder, 'dyn-data.lock'), 'utf8');
    expect((await stack.client.run(['pin', 'first'])).exitCode).toBe(0);
    const before = await pin();
    await disk.leave(0);
    await expectFull('dyn-data.lock', 'pin', 'second');
    expect(await pin()).toBe(before);
    expect((await readdir(folder)).sort()).toEqual(['.dyn-data', 'docker-compose.yml', 'dyn-data.lock', 'dyn-data.yaml']);
    await disk.makeRoom();
    expect((await stack.client.run(['pin', 'second'])).exitCode).toBe(0);
    expect(await pin()).not.toBe(before);
    const locked = await stack.client.run(['up', '--locked']);
    expect(locked.exitCode, locked.stderr).toBe(0);
    await rm(join(folder, 'dyn-data.lock'));
  });

  test.runIf(canMount)('what only looks goes on, and so does down, which makes room', async () => {
    await disk.leave(0);
    expect(await stack.client.runJson(['status'])).toMatchObject({ services: Array(4).fill({ state: 'running' }) });
    expect((await stack.client.run(['logs', 'reader'])).stdout).toContain('120');
    const down = await stack.client.run(['down', '-v']);
    expect([down.exitCode, down.stderr]).toEqual([0, '']);
    await disk.makeRoom();
    await expectVerified(120);
  });
});

const servers = [
  {
    kind: 'postgres',
    server: {
      image: 'POSTGRES_IMAGE',
      env: { POSTGRES_USER: 'owner', POSTGRES_PASSWORD: 'word' },
      port: 5432,
      ready: 'pg_isready --quiet --host=127.0.0.1',
      folder: '/var/lib/postgresql',
    },
    address: (port: number) => `postgres://owner@127.0.0.1:${port}`,
  },
  {
    kind: 'mysql',
    server: {
      image: 'MYSQL_IMAGE',
      env: { MYSQL_ROOT_PASSWORD: 'word' },
      port: 3306,
      ready: 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql -h127.0.0.1 -uroot -e "SELECT 1"',
      folder: '/var/lib/mysql',
    },
    address: (port: number) => `mysql://root@127.0.0.1:${port}`,
  },
  {
    kind: 'ldap',
    server: {
      image: 'LDAP_IMAGE',
      env: { LDAP_DOMAIN: 'example.test', LDAP_BASE_DN: 'dc=example,dc=test', LDAP_ADMIN_PASSWORD: 'word' },
      port: 389,
      ready: 'ldapsearch -x -H ldap://127.0.0.1 -b "" -s base',
      folder: '/var/lib/ldap',
    },
    address: (port: number) => `ldap://127.0.0.1:${port}/dc=example,dc=test?bind=cn=admin,dc=example,dc=test`,
  },
];
const big = 2048 * mebibyte;

describeWithEngine('a disk of a server elsewhere that becomes full', () => {
  let stack: ShopStack;
  beforeAll(async () => {
    stack = await createShopStack('dyn-data-test-no-room-there');
    await stack.publish('big', [
      mysqlSource({ customers: 200_000, chunkRows: 10_000 }),
      postgresSource({ installations: 300_000 }),
      ldapSource({ people: 20_000 }),
    ]);
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  test.runIf(canMount).each(servers)(
    'restore --to a full $kind says so, and starts over with --replace when there is room',
    async (one) => {
      const { folder, image, ...rest } = one.server;
      const name = `${stack.project}-${one.kind}`;
      const outside = await mkdtemp(join(tmpdir(), 'dyn-data-disk-'));
      await using _folder = { [Symbol.asyncDispose]: () => rm(outside, { recursive: true }) };
      await using disk = await mountDisk(outside, big);
      await using started = await startServer({
        ...rest,
        name,
        image: imageVariables()[image] ?? '',
        command: [],
        volume: `${outside}:${folder}`,
        hostPort: await freePort(),
      });
      const restore = (...more: string[]) =>
        stack.client.run(['restore', 'big', '--to', one.address(started.port), ...more], { DYN_DATA_TARGET_PASSWORD: 'word' });
      await disk.leave(6 * mebibyte);
      const full = await restore();
      expect(full.stderr).toMatch(
        /error DISK_FULL: The disk of the server \S+ is full\. What of the snapshot is there is not whole\. Make room/,
      );
      expect(full.stderr).toContain('with --replace: it starts over');
      expect([full.exitCode, full.stdout]).toEqual([5, '']);
      await disk.makeRoom();
      // PostgreSQL ends where it has no room for its log.
      await stack.client.docker(['start', name]);
      await waitReady(name, one.server.ready);
      const replaced = await restore('--replace', '--yes');
      expect(replaced.stdout, replaced.stderr).toContain(', verified, after ');
      expect(await stack.helpers()).toBe('');
    },
  );
});
