import { beforeAll, describe, expect, test } from 'vitest';
import { startServer } from '../../bench/servers.ts';
import type { SourceKind } from '../../core/manifest.ts';
import { imageVariables } from '../support/engine.ts';
import { ldapBase, mysqlSource } from '../support/shop-data.ts';
import { directory, installations, people, push, type ShopStack } from '../support/shop-stack.ts';

const password = 'pass \'word" $HOME \\ é';

/**
 * Restores into servers that no stack knows of; the stack itself need not be up.
 * @param kinds of servers; of each one is started
 */
export const restoreToSuite = (shop: () => ShopStack, kinds: readonly SourceKind[]) =>
  describe('servers elsewhere', () => {
    beforeAll(async () => {
      await shop().publish('elsewhere', [mysqlSource({ customers: 50, chunkRows: 20 }), push, directory]);
    });

    const withServer = async (
      server: {
        readonly image: string;
        readonly env: Readonly<Record<string, string>>;
        readonly port: number;
        /** A shell command inside that succeeds as soon as it answers. */
        readonly ready: string;
      },
      use: (port: number, inside: (command: readonly string[]) => Promise<string>) => Promise<void>,
    ): Promise<void> => {
      const { image, ...rest } = server;
      const name = `${shop().project}-elsewhere`;
      await using started = await startServer({ ...rest, name, image: imageVariables()[image] ?? '', command: [] });
      await use(started.port, async (command) => (await shop().client.docker(['exec', name, ...command])).stdout.trim());
    };
    const to = (address: string, more: readonly string[] = [], secret = password) =>
      shop().client.run(['restore', 'elsewhere', '--to', address, ...more], { DYN_DATA_TARGET_PASSWORD: secret });

    if (kinds.includes('mysql'))
      test('restore --to a MySQL elsewhere: refused when it holds data, no password in what is printed', async () => {
        const ready = 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql -h127.0.0.1 -uroot -e "SELECT 1"';
        await withServer({ image: 'MYSQL_IMAGE', env: { MYSQL_ROOT_PASSWORD: password }, port: 3306, ready }, async (port, inside) => {
          const address = `mysql://root@127.0.0.1:${port}`;
          const sql = (statement: string) =>
            inside(['sh', '-c', 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql -uroot -NBe "$1"', 'sh', statement]);
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
          expect(await shop().helpers()).toBe('');
        });
      });

    if (kinds.includes('postgres'))
      test('restore --to a PostgreSQL elsewhere, under another name of the database', async () => {
        const ready = 'pg_isready --quiet --host=127.0.0.1';
        const env = { POSTGRES_USER: 'owner', POSTGRES_PASSWORD: password };
        await withServer({ image: 'POSTGRES_IMAGE', env, port: 5432, ready }, async (port, inside) => {
          const sql = (database: string, statement: string) => inside(['psql', '-U', 'owner', '-d', database, '-XAtc', statement]);
          // An account that may make databases and nothing more.
          await sql('postgres', `CREATE ROLE maker LOGIN CREATEDB PASSWORD '${password.replaceAll("'", "''")}'`);
          const address = `postgres://maker@127.0.0.1:${port}/copy`;
          const wrong = await to(address, [], 'wrong');
          expect(wrong.stderr).toContain('error ACCESS_DENIED');
          const restored = await to(address);
          expect(restored.exitCode, restored.stderr).toBe(0);
          expect(await sql('copy', 'SELECT COUNT(*), (SELECT last_value FROM installation_seq) FROM installation')).toBe(
            `${installations}|4711`,
          );
          const full = await to(address);
          expect(full.stderr).toContain('error TARGET_NOT_EMPTY');
          expect(`${restored.stderr}${full.stderr}`).not.toContain('pass ');
          expect(await shop().helpers()).toBe('');
        });
      });

    if (kinds.includes('ldap'))
      test('restore --to an OpenLDAP elsewhere, over its protocol', async () => {
        const ready = "ldapsearch -x -H ldap://127.0.0.1 -b '' -s base";
        const env = { LDAP_DOMAIN: 'example.test', LDAP_BASE_DN: ldapBase, LDAP_ADMIN_PASSWORD: password };
        await withServer({ image: 'LDAP_IMAGE', env, port: 389, ready }, async (port, inside) => {
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
          expect(await shop().helpers()).toBe('');
        });
      });
  });
