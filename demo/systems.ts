import { Client as LdapClient } from 'ldapts';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { SampleConnections } from '../sample/connections.ts';
import { runOrFail } from '../scripts/run-command.ts';
import type { Developer, Environment } from './developer.ts';

export type Account = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
};

/** The three data servers of one side, production or copy, with accounts that may read everything. */
export type System = {
  readonly mysql: Account;
  readonly postgres: Account;
  readonly ldap: { readonly url: string; readonly bindDn: string; readonly password: string; readonly base: string };
};

export function sampleSystem(connections: SampleConnections): System {
  const { host, port, bindDn, password, baseDn } = connections.ldap;
  return {
    mysql: connections.mysqlAdmin,
    postgres: connections.postgresAdmin,
    ldap: { url: `ldap://${host}:${port}`, bindDn, password, base: baseDn },
  };
}

/** The servers of the example stack, at the ports Compose gave them; the passwords are the compose file's defaults. */
export async function stackSystem(composeFile: string, { stackProject, env }: Developer): Promise<System> {
  const port = async (service: string, inner: number): Promise<number> => {
    const args = ['compose', '-f', composeFile, '-p', stackProject, 'port', service, String(inner)];
    const printed = await runOrFail(`Finding the port of ${service}`, 'docker', args, { env: definedOnly(env) });
    return Number(printed.trim().split(':').at(-1));
  };
  const host = '127.0.0.1';
  return {
    mysql: { host, port: await port('mysql', 3306), user: 'root', password: 'dynamease-root', database: 'dynamease' },
    postgres: { host, port: await port('aerogear-db', 5432), user: 'aerogear', password: 'aerogear', database: 'aerogear' },
    ldap: {
      url: `ldap://${host}:${await port('ldap', 389)}`,
      bindDn: 'cn=admin,dc=dynamease,dc=test',
      password: 'dynamease-ldap',
      base: 'dc=dynamease,dc=test',
    },
  };
}

function definedOnly(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

export type OpenSystem = AsyncDisposable & {
  /** Rows as objects; numbers and dates as the server prints them. */
  mysql(sql: string, parameters?: readonly unknown[]): Promise<Record<string, string | null>[]>;
  postgres(sql: string, parameters?: readonly unknown[]): Promise<Record<string, string | null>[]>;
  /** Entries with all values as text; operational attributes included. */
  ldap(filter: string, attributes?: readonly string[]): Promise<{ dn: string; values: Map<string, string[]> }[]>;
  /** True where a bind with this DN and password is accepted. */
  binds(dn: string, password: string): Promise<boolean>;
};

export async function openSystem(system: System): Promise<OpenSystem> {
  const my = await mysql.createConnection({
    ...system.mysql,
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  await my.query("SET time_zone = '+00:00'");
  const post = new pg.Client({ ...system.postgres });
  await post.connect();
  const directory = new LdapClient({ url: system.ldap.url, strictDN: false });
  await directory.bind(system.ldap.bindDn, system.ldap.password);
  const asText = (value: unknown): string | null =>
    value === null || value === undefined ? null : Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
  const textual = (rows: readonly Record<string, unknown>[]): Record<string, string | null>[] =>
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asText(value)])));
  return {
    async mysql(sql, parameters = []) {
      const [rows] = await my.query(sql, [...parameters]);
      return textual(Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []);
    },
    async postgres(sql, parameters = []) {
      return textual((await post.query(sql, [...parameters])).rows);
    },
    async ldap(filter, attributes = ['*', '+']) {
      const { searchEntries } = await directory.search(system.ldap.base, {
        scope: 'sub',
        filter,
        attributes: [...attributes],
        paged: { pageSize: 500 },
      });
      return searchEntries.map(({ dn, ...rest }) => ({
        dn,
        values: new Map(Object.entries(rest).map(([name, value]) => [name, (Array.isArray(value) ? value : [value]).map(String)])),
      }));
    },
    async binds(dn, password) {
      const client = new LdapClient({ url: system.ldap.url });
      try {
        await client.bind(dn, password);
        return true;
      } catch {
        return false;
      } finally {
        await client.unbind().catch(() => undefined);
      }
    },
    [Symbol.asyncDispose]: async () => {
      my.destroy();
      await post.end();
      await directory.unbind();
    },
  };
}
