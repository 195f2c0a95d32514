import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DataImage } from '../support/data-image.ts';
import { imageVariables } from '../support/engine.ts';
import { ldapBase, mysqlSource } from '../support/shop-data.ts';
import { directory, installations, people, push, type ShopStack } from '../support/shop-stack.ts';

const password = 'pass \'word" $HOME \\ é';

/** Part of test/client/restore.engine.test.ts, on a stack that holds something. */
export const restoreElsewhereSuite = (shop: () => ShopStack) =>
  describe('one service, servers elsewhere, hooks and changes', () => {
    let stack: ShopStack;
    let fewer: DataImage;

    beforeAll(async () => {
      stack = shop();
      await stack.publish('few', [mysqlSource({ customers: 50, chunkRows: 20 }), push, directory]);
      fewer = await stack.publish('fewer', [mysqlSource({ customers: 30, chunkRows: 20 }), push, directory]);
      await writeHooks({
        'before-restore': [{ service: 'db', sql: 'hooks/before.sql' }],
        'after-restore': [
          { service: 'db', sql: 'hooks/after.sql', name: 'test customers' },
          { service: 'directory', ldif: 'hooks/entries.ldif' },
          { service: 'push-db', command: ['sh', '-c', 'echo rows are there'] },
        ],
        'after-up': [{ service: 'push-db', sql: 'hooks/up.sql' }],
      });
    });

    const writeFiles = async (files: Readonly<Record<string, string>>): Promise<void> => {
      for (const [name, text] of Object.entries(files)) await writeFile(join(stack.client.folder, name), text);
    };
    const writeHooks = async (hooks: unknown): Promise<void> => {
      const config = JSON.parse(await readFile(join(stack.client.folder, 'dyn-data.yaml'), 'utf8'));
      await mkdir(join(stack.client.folder, 'hooks'), { recursive: true });
      await writeFiles({
        'dyn-data.yaml': JSON.stringify({ ...config, hooks }),
        'hooks/before.sql':
          'CREATE DATABASE IF NOT EXISTS notes; CREATE TABLE IF NOT EXISTS notes.seen (at INT); INSERT INTO notes.seen VALUES (1);\n',
        'hooks/after.sql':
          "INSERT INTO orders (customer_id, price) VALUES (1, 99); INSERT INTO notes.seen SELECT COUNT(*) FROM customers; SELECT 'done here';\n",
        'hooks/entries.ldif': `dn: uid=tester,ou=people,${ldapBase}\nobjectClass: inetOrgPerson\nuid: tester\ncn: Tester\nsn: T\n\ndn: ou=people,${ldapBase}\nchangetype: modify\nadd: description\ndescription: by a hook\n\n`,
        'hooks/up.sql': 'CREATE TABLE IF NOT EXISTS public.up (n int); INSERT INTO public.up VALUES (1);\n',
      });
    };
    const psql = async (sql: string): Promise<string> =>
      (await stack.client.docker(['exec', `${stack.project}-push-db-1`, 'psql', '-U', 'push', '-d', 'push', '-XAtc', sql])).stdout.trim();
    const changed = async (): Promise<Record<string, string>> => {
      const { services } = await stack.client.runJson(['status']);
      return Object.fromEntries(
        services.flatMap(({ service, snapshot }: { service: string; snapshot?: { changed: string } }) =>
          snapshot ? [[service, snapshot.changed]] : [],
        ),
      );
    };

    test('hooks are planned, run around each restore and after up, and print what they print', async () => {
      const plan = await stack.client.run(['up', 'few', '--dry-run']);
      expect(plan.stdout).toContain(
        'Hooks:\n  before-restore in db: hooks/before.sql (sql)\n  after-restore in db: test customers (sql)\n  after-restore in directory: hooks/entries.ldif (ldif)\n',
      );
      const up = await stack.client.run(['up', 'few']);
      expect(up.exitCode, up.stderr).toBe(0);
      for (const line of [
        'db | done here',
        'push-db | rows are there',
        'db: before-restore hooks/before.sql done in',
        'push-db: after-up hooks/up.sql done in',
      ])
        expect(up.stderr).toContain(line);
      expect(await stack.mysql('SELECT GROUP_CONCAT(at ORDER BY at) FROM notes.seen')).toEqual([['1,50']]);
      expect(await stack.mysql('SELECT COUNT(*) FROM shop.orders')).toEqual([['11']]);
      expect(await psql('SELECT COUNT(*) FROM up')).toBe('1');
      const again = await stack.client.run(['up']);
      expect(again.exitCode, again.stderr).toBe(0);
      expect(await stack.mysql('SELECT COUNT(*) FROM notes.seen')).toEqual([['2']]);
      expect(await psql('SELECT COUNT(*) FROM up')).toBe('2');
    });

    test('status tells what was changed since the restore, and never that nothing was where it cannot know', async () => {
      // The hook after up wrote into PostgreSQL.
      expect(await changed()).toEqual({ db: 'no', directory: 'no', 'push-db': 'yes' });
      await writeHooks({ 'after-restore': [{ service: 'db', sql: 'hooks/after.sql', name: 'test customers' }] });
      expect(await stack.client.run(['reset', '--service', 'push-db', '--yes'])).toMatchObject({ exitCode: 0 });
      expect(await changed()).toMatchObject({ 'push-db': 'no' });
      await stack.mysql('SELECT COUNT(*) FROM shop.customers; INSERT INTO notes.seen VALUES (7)');
      expect(await changed()).toMatchObject({ db: 'no' });
      await stack.mysql('CREATE TABLE notes.other (id INT)');
      expect(await changed()).toMatchObject({ db: 'unknown' });
      await stack.mysql('UPDATE shop.customers SET note = NULL WHERE id = 3');
      const ldif = `dn: uid=tester,ou=people,${ldapBase}\nchangetype: delete\n\n`;
      const bind = ['-x', '-H', 'ldapi:///', '-D', `cn=admin,${ldapBase}`, '-w', 'geheim'];
      await stack.client.docker([
        'exec',
        `${stack.project}-directory-1`,
        'sh',
        '-c',
        `printf %s "$1" | ldapmodify ${bind.join(' ')}`,
        'sh',
        ldif,
      ]);
      expect(await changed()).toEqual({ db: 'yes', directory: 'yes', 'push-db': 'no' });
      await stack.client.docker(['restart', `${stack.project}-db-1`, `${stack.project}-push-db-1`]);
      await stack.client.run(['up']);
      expect(await changed()).toMatchObject({ db: 'unknown', 'push-db': 'no' });
      await psql("UPDATE installation SET alias = 'x' WHERE id = 2");
      expect((await changed())['push-db']).not.toBe('no');
    });

    test('restore --service replaces what one service holds, and says what that is before it asks', async () => {
      const unasked = await stack.client.run(['restore', 'fewer', '--service', 'db']);
      expect(unasked.stderr).toContain(`The service db of ${stack.project} holds few (`);
      expect(unasked.stderr).toContain('perhaps changed since. All of it will be replaced by fewer (');
      expect(unasked.exitCode).toBe(2);
      await writeFiles({ 'hooks/after.sql': 'INSERT INTO no_such_table VALUES (1);\n' });
      const failed = await stack.client.run(['restore', 'fewer', '--service', 'db', '--yes']);
      expect(failed.stderr).toContain(
        'error HOOK_FAILED: The hook after-restore test customers failed in the service db (MySQL error 1146, SQLSTATE 42S02)',
      );
      expect(failed.exitCode).toBe(6);
      expect(await stack.stateOf('db')).toMatchObject({ snapshot: { state: 'restoring' } });
      await writeFiles({ 'hooks/after.sql': 'SELECT 1;\n' });
      const restored = JSON.parse((await stack.client.run(['restore', 'fewer', '--service', 'db', '--yes', '--json'])).stdout);
      expect(restored).toMatchObject({ version: 1, service: 'db', reference: 'fewer', digest: fewer.digest });
      expect(await stack.readerSaw()).toBe('30');
      expect(await psql('SELECT alias FROM installation WHERE id = 2')).toBe('x');
      expect(await stack.stateOf('push-db')).toMatchObject({ snapshot: { state: 'restored', reference: 'few' } });
      const unknown = await stack.client.run(['restore', 'fewer', '--service', 'reader', '--yes']);
      expect(unknown.stderr).toContain('error NOT_FOUND: The stack has no service reader that takes data');
    });

    /** A server that no stack knows of. */
    const withServer = async (
      image: string,
      env: readonly string[],
      inner: number,
      ready: readonly string[],
      use: (port: string, inside: (command: readonly string[]) => Promise<string>) => Promise<void>,
    ): Promise<void> => {
      const args = ['run', '--detach', '--rm', ...env.flatMap((one) => ['--env', one]), '--publish', `127.0.0.1:0:${inner}`];
      const id = (await stack.client.docker([...args, imageVariables()[image] ?? ''])).stdout.trim();
      try {
        const inside = (command: readonly string[]) => stack.client.docker(['exec', id, ...command]);
        for (const deadline = Date.now() + 90_000; (await inside(ready)).exitCode !== 0; await sleep(300))
          if (Date.now() > deadline) throw new Error(`${image} does not answer`);
        const port = (await stack.client.docker(['port', id, String(inner)])).stdout.trim().split(':').at(-1) ?? '';
        await use(port, async (command) => (await inside(command)).stdout.trim());
      } finally {
        await stack.client.docker(['rm', '--force', '--volumes', id]);
      }
    };
    const to = (address: string, more: readonly string[] = [], secret = password) =>
      stack.client.run(['restore', 'few', '--to', address, ...more], { DYN_DATA_TARGET_PASSWORD: secret });

    test('restore --to a MySQL elsewhere: refused when it holds data, no password in what is printed', async () => {
      const ready = ['sh', '-c', 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql -h127.0.0.1 -uroot -e "SELECT 1"'];
      await withServer('MYSQL_IMAGE', [`MYSQL_ROOT_PASSWORD=${password}`], 3306, ready, async (port, inside) => {
        const address = `mysql://root@127.0.0.1:${port}`;
        const sql = (statement: string) => inside(['sh', '-c', 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql -uroot -NBe "$1"', 'sh', statement]);
        const wrong = await to(address, [], 'wrong password');
        expect(wrong.stderr).toMatch(
          /error ACCESS_DENIED: The server mysql:\/\/127\.0\.0\.1:\d+ refuses the account or its password \(MySQL error 1045/,
        );
        expect(wrong.stderr).not.toContain('wrong password');
        expect(wrong.exitCode).toBe(4);
        const restored = await to(address, ['--json']);
        expect(restored.exitCode, restored.stderr).toBe(0);
        expect(JSON.parse(restored.stdout)).toMatchObject({ version: 1, source: 'main', rows: 60, tables: 3, replaced: [] });
        expect(await sql('SELECT COUNT(*), @@GLOBAL.local_infile FROM shop.customers')).toBe('50\t0');
        expect(await sql("SHOW DATABASES LIKE 'dyn%'")).toBe('');
        await sql('DELETE FROM shop.customers WHERE id > 20');
        const full = await to(address);
        expect(full.stderr).toContain('error TARGET_NOT_EMPTY');
        expect(full.stderr).toContain('database shop');
        expect(await sql('SELECT COUNT(*) FROM shop.customers')).toBe('20');
        const unasked = await to(address, ['--replace']);
        expect(unasked.stderr).toContain('will be lost');
        expect(unasked.exitCode).toBe(2);
        const replaced = await to(address, ['--replace', '--yes']);
        expect(replaced.exitCode, replaced.stderr).toBe(0);
        expect(await sql('SELECT COUNT(*) FROM shop.customers')).toBe('50');
        expect(`${restored.stderr}${full.stderr}${replaced.stderr}`).not.toContain('pass ');
        expect(await stack.helpers()).toBe('');
      });
    });

    test('restore --to a PostgreSQL elsewhere, under another name of the database', async () => {
      const ready = ['pg_isready', '--quiet', '--host=127.0.0.1'];
      const env = ['POSTGRES_USER=owner', `POSTGRES_PASSWORD=${password}`];
      await withServer('POSTGRES_IMAGE', env, 5432, ready, async (port, inside) => {
        const sql = (database: string, statement: string) => inside(['psql', '-U', 'owner', '-d', database, '-XAtc', statement]);
        // An account that may make databases and nothing more.
        await sql('postgres', "CREATE ROLE maker LOGIN CREATEDB PASSWORD 'made'");
        const address = `postgres://maker@127.0.0.1:${port}/copy`;
        const wrong = await to(address, [], 'wrong');
        expect(wrong.stderr).toContain('error ACCESS_DENIED');
        const restored = await to(address, [], 'made');
        expect(restored.exitCode, restored.stderr).toBe(0);
        expect(await sql('copy', 'SELECT COUNT(*), (SELECT last_value FROM installation_seq) FROM installation')).toBe(
          `${installations}|4711`,
        );
        const full = await to(address, [], 'made');
        expect(full.stderr).toContain('error TARGET_NOT_EMPTY');
      });
    });

    test('restore --to an OpenLDAP elsewhere, over its protocol', async () => {
      const ready = ['ldapsearch', '-x', '-H', 'ldap://127.0.0.1', '-b', '', '-s', 'base'];
      const env = ['LDAP_DOMAIN=example.test', `LDAP_BASE_DN=${ldapBase}`, `LDAP_ADMIN_PASSWORD=${password}`];
      await withServer('LDAP_IMAGE', env, 389, ready, async (port, inside) => {
        const address = `ldap://127.0.0.1:${port}/${ldapBase}?bind=${encodeURIComponent(`cn=admin,${ldapBase}`)}`;
        const wrong = await to(address, [], 'wrong');
        expect(wrong.stderr).toContain('refuses the account or its password (LDAP result 49)');
        const restored = await to(address, ['--json']);
        expect(restored.exitCode, restored.stderr).toBe(0);
        expect(JSON.parse(restored.stdout)).toMatchObject({ source: 'directory', rows: people + 2 });
        const found = await inside([
          'ldapsearch',
          '-Q',
          '-Y',
          'EXTERNAL',
          '-LLL',
          '-H',
          'ldapi:///',
          '-b',
          ldapBase,
          '(uid=u7)',
          'cn',
          'manager',
        ]);
        expect(found).toContain(`manager: uid=u1,ou=people,${ldapBase}`);
        expect((await to(address)).stderr).toContain('error TARGET_NOT_EMPTY');
        const replaced = await to(address, ['--replace', '--yes']);
        expect(replaced.exitCode, replaced.stderr).toBe(0);
        expect(await stack.helpers()).toBe('');
      });
    });
  });
