import { Client as LdapClient } from 'ldapts';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { SourceSession } from '../../builder/extraction.ts';
import { connectLdap } from '../../builder/ldap/session.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import { connectPostgres } from '../../builder/postgres/session.ts';
import type { SourceData } from '../../builder/source-data.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { readSource } from './read-source.ts';

/** Accounts in each of the tables `bank_a` and `bank_z`: two, so that one transaction's halves are read at different times. */
export const accounts = 2_000;
const balance = 1_000;
/** What must be there at every point in time, however the money was moved. */
export const bankTotal = 2 * accounts * balance;
/** Entries of a directory that are moved between `ou=coins-a` and `ou=coins-z`, each by one operation. */
export const coins = 200;

const never = new AbortController().signal;

/** Accounts beside the sample's own, which has everything: one that may lock tables, and one that may lock nothing. Same password. */
export const bankUsers = { password: 'extraction', mayLockTables: 'locker', mayOnlyRead: 'reader' } as const;

type MysqlAddress = { readonly host: string; readonly port: number; readonly user: string; readonly password: string };

/** @param database made where it is not there */
export async function fillMysqlBank(admin: MysqlAddress, database: string): Promise<void> {
  const { host, port, user, password } = admin;
  const my = await mysql.createConnection({ host, port, user, password });
  const rows = Array.from({ length: accounts }, (_item, index) => [index + 1, balance]);
  const isMysql = !/mariadb/i.test(String((await my.query<mysql.RowDataPacket[]>('SELECT VERSION() AS v'))[0][0]?.v));
  await my.query(`CREATE DATABASE IF NOT EXISTS ${database}`);
  for (const table of ['bank_a', 'bank_z']) {
    await my.query(`CREATE TABLE ${database}.${table} (id INT PRIMARY KEY, balance INT NOT NULL)`);
    await my.query(`INSERT INTO ${database}.${table} VALUES ?`, [rows]);
  }
  for (const [name, grants] of [
    [bankUsers.mayLockTables, 'SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT'],
    [bankUsers.mayOnlyRead, 'SELECT, SHOW VIEW, TRIGGER, EVENT'],
  ]) {
    await my.query(`CREATE USER ${name}@'%' IDENTIFIED BY '${bankUsers.password}'`);
    await my.query(`GRANT ${grants} ON ${database}.* TO ${name}@'%'`);
    if (isMysql) await my.query(`GRANT REPLICATION CLIENT, SHOW_ROUTINE ON *.* TO ${name}@'%'`);
  }
  await my.end();
}

export async function fillPostgresBank(admin: SampleConnections['postgresAdmin']): Promise<void> {
  const post = new pg.Client(admin);
  await post.connect();
  for (const table of ['bank_a', 'bank_z']) {
    await post.query(`CREATE TABLE ${table} (id int PRIMARY KEY, balance int NOT NULL)`);
    await post.query(`INSERT INTO ${table} SELECT i, ${balance} FROM generate_series(1, ${accounts}) i`);
  }
  await post.end();
}

export async function fillLdapBank({ host, port, bindDn, password, baseDn }: SampleConnections['ldap']): Promise<void> {
  const client = new LdapClient({ url: `ldap://${host}:${port}` });
  await client.bind(bindDn, password);
  for (const ou of ['coins-a', 'coins-z']) await client.add(`ou=${ou},${baseDn}`, { objectClass: 'organizationalUnit', ou });
  for (let coin = 1; coin <= coins; coin += 1)
    await client.add(`cn=coin${coin},ou=coins-a,${baseDn}`, { objectClass: 'device', cn: `coin${coin}` });
  await client.unbind();
}

export function openMysqlBank(server: MysqlAddress, database: string): Promise<SourceSession> {
  const { host, port, user, password } = server;
  return connectMysql('mysql', { kind: 'mysql', host, port, user, password: { env: 'none' }, databases: [database] }, password, never);
}

export function openPostgresBank(server: SampleConnections['postgres'], pgDump: string[]): Promise<SourceSession> {
  const { host, port, user, database, password } = server;
  return connectPostgres(
    'aerogear',
    { kind: 'postgres', host, port, user, database, password: { env: 'none' }, pgDump },
    password,
    process.env,
    never,
  );
}

export function openLdapBank({ host, port, bindDn, password, baseDn }: SampleConnections['ldap']): Promise<SourceSession> {
  const url = `ldap://${host}:${port}`;
  return connectLdap('ldap', { kind: 'ldap', url, bindDn, password: { env: 'none' }, base: baseDn }, password, never);
}

/** The session, which tells each record that is read its money: that of an account, or 1 for a coin. A directory read again starts over. */
function counting(session: SourceSession, count: { total: number }): SourceSession {
  const moneyOf = (record: string): number => {
    if (session.kind === 'ldap') return /^dn: cn=coin\d+,ou=coins-[az],/.test(record) ? 1 : 0;
    return Number(record.split('\t')[1]);
  };
  return {
    ...session,
    extractions(policy) {
      count.total = 0;
      return session.extractions(policy).map((any) =>
        session.kind !== 'ldap' && !any.name.startsWith('bank_')
          ? any
          : {
              ...any,
              use: (consumer) =>
                any.use((typed) =>
                  consumer({
                    ...typed,
                    encode: (record, out) => {
                      const start = out.length;
                      typed.encode(record, out);
                      count.total += moneyOf(out.bytes.toString('latin1', start, out.length));
                    },
                  }),
                ),
            },
      );
    },
  };
}

/** Reads a whole source as a build does, and adds up the money in it. `pointMs` is when the point was being opened, by `performance.now()`. */
export async function readBank(
  session: SourceSession,
): Promise<{ data: SourceData; total: number; pointMs: { readonly from: number; readonly to: number } }> {
  const count = { total: 0 };
  const read = await readSource(counting(session, count));
  return { ...read, total: count.total };
}
