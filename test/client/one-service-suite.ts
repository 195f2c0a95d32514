import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DataImage } from '../support/data-image.ts';
import { ldapBase, mysqlSource } from '../support/shop-data.ts';
import { directory, push, type ShopStack } from '../support/shop-stack.ts';

/** Part of test/client/restore.engine.test.ts, on a stack that holds something. */
export const oneServiceSuite = (shop: () => ShopStack) =>
  describe('one service, hooks and changes', () => {
    let stack: ShopStack;
    let fewer: DataImage;

    beforeAll(async () => {
      stack = shop();
      await stack.publish('few', [mysqlSource({ customers: 50, chunkRows: 20 }), push, directory]);
      fewer = await stack.publish('fewer', [mysqlSource({ customers: 30, chunkRows: 20, indexes: false }), push, directory]);
      // The oldest version of snapshots is restored too.
      expect(fewer.manifest.schemaVersion).toBe(1);
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
      await stack.mysql('SELECT COUNT(*) FROM shop.customers; INSERT INTO notes.seen VALUES (7)');
      expect(await changed()).toMatchObject({ db: 'no', 'push-db': 'no' });
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
  });
