import mysqlClient from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveSource } from '../../anonymizers/index.ts';
import type { SourceSession } from '../../builder/extraction.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import { connectPostgres } from '../../builder/postgres/session.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { pgDumpOfRun } from '../support/engine.ts';

const { signal } = new AbortController();
const rows = `(1, 'Marie', 1, 'jean', 'a@b.fr'), (2, 'marie', 1, 'Jean', 'c@b.fr'), (3, ' Marie', 2, 'jean', 'd@b.fr'),
  (4, 'É', 3, 'x', 'e@b.fr'), (5, 'é', 3, 'y', 'f@b.fr'), (6, 'a-b', 4, 'x', 'g@b.fr'), (7, 'ab', 4, 'y', 'h@b.fr'), (8, NULL, NULL, NULL, NULL)`;

/** @param sample gets a table in each database, and loses it again */
export function uniqueKeysSuite(sample: () => SampleConnections): void {
  describe('unique keys of a live MySQL and PostgreSQL', () => {
    const sessions = new Map<string, SourceSession>();
    const described = new Map<string, LiveSource>();

    const inPostgres = async (...statements: readonly string[]): Promise<void> => {
      const admin = new pg.Client({ ...sample().postgresAdmin });
      await admin.connect();
      for (const sql of statements) await admin.query(sql);
      await admin.end();
    };
    const inMysql = async (...statements: readonly string[]): Promise<void> => {
      const admin = await mysqlClient.createConnection({ ...sample().mysqlAdmin, charset: 'utf8mb4' });
      for (const sql of statements) await admin.query(sql);
      await admin.end();
    };

    const dropAll = async (): Promise<void> => {
      await inPostgres('DROP TABLE IF EXISTS folded_keys');
      await inMysql('DROP TABLE IF EXISTS folded_keys');
    };

    beforeAll(async () => {
      const connections = sample();
      await dropAll();
      await inPostgres(
        `CREATE TABLE folded_keys (id int PRIMARY KEY, name text UNIQUE, tenant int, login varchar(40), mail text,
           short text GENERATED ALWAYS AS (left(login, 3)) STORED, UNIQUE (tenant, login));
         CREATE UNIQUE INDEX folded_mail ON folded_keys (lower(mail));
         CREATE UNIQUE INDEX folded_live ON folded_keys (tenant, (CASE WHEN name IS NULL THEN NULL ELSE mail END));
         CREATE UNIQUE INDEX folded_short ON folded_keys (id, short);`,
        `INSERT INTO folded_keys (id, name, tenant, login, mail) VALUES ${rows}`,
        `GRANT SELECT ON folded_keys TO ${connections.postgres.user}`,
      );
      await inMysql(
        `CREATE TABLE folded_keys (id int PRIMARY KEY, name varchar(40) COLLATE utf8mb4_bin UNIQUE, tenant int,
           login varchar(40) COLLATE utf8mb4_bin, mail varchar(40), live tinyint AS (if(name IS NULL, NULL, 1)) VIRTUAL,
           UNIQUE (tenant, login), UNIQUE KEY folded_mail ((lower(mail))), UNIQUE KEY folded_live (mail, live),
           UNIQUE KEY folded_short (id, (substr(login, 1, 3))))`,
        `INSERT INTO folded_keys (id, name, tenant, login, mail) VALUES ${rows}`,
      );
      const none = { env: 'none' };
      const database = { kind: 'mysql' as const, ...connections.mysql, password: none, databases: [connections.mysql.database] };
      sessions.set('mysql', await connectMysql('mysql', database, connections.mysql.password, signal));
      const pgDump = pgDumpOfRun();
      const push = { kind: 'postgres' as const, ...connections.postgres, password: none, pgDump };
      sessions.set('postgres', await connectPostgres('push', push, connections.postgres.password, process.env, signal));
      for (const [kind, session] of sessions) {
        await session.openPoint(signal);
        described.set(kind, (await session.describe(signal)).live);
      }
    });

    afterAll(async () => {
      for (const session of sessions.values()) await session[Symbol.asyncDispose]();
      await dropAll();
    });

    it.each(['mysql', 'postgres'])('%s says what they are computed from, and how', (kind) => {
      const live = described.get(kind);
      const table = live === undefined || live.kind === 'ldap' ? undefined : live.tables.find(({ name }) => name === 'folded_keys');
      const keys = table?.uniqueKeys
        ?.map(({ columns, computed }) => `${columns.join(' ')}: ${Object.entries(computed ?? {}).join(' ')}`)
        .sort();
      const liveKey = kind === 'mysql' ? 'mail name: name,chosen' : 'tenant name mail: name,chosen mail,chosen';
      expect(keys).toEqual(['id login: login,part', 'id: ', liveKey, 'mail: mail,folded', 'name: ', 'tenant login: '].sort());
      const exact = table?.columns.filter(({ exactCase }) => exactCase === true).map(({ name }) => name);
      expect(exact).toEqual(kind === 'mysql' ? ['name', 'login'] : ['name', 'login', 'mail']);
    });

    it.each(['mysql', 'postgres'])('%s finds the values that differ only in what a rule folds', async (kind) => {
      const schema = kind === 'mysql' ? sample().mysql.database : 'public';
      const alike = async (column: string, folds: 'blanks' | 'signs', within: readonly string[] = []): Promise<string[]> => {
        const found = await sessions.get(kind)?.survey.alike({ schema, table: 'folded_keys', column }, { folds, within }, 10, signal);
        return (found ?? []).map((pair) => pair.map((value) => Buffer.from(value).toString()).join(' = ')).sort();
      };
      expect(await alike('name', 'blanks')).toEqual([' Marie = marie', 'É = é']);
      expect(await alike('name', 'signs')).toEqual([' Marie = marie', 'a-b = ab', 'É = é']);
      expect(await alike('login', 'blanks', ['tenant'])).toEqual(['Jean = jean']);
      expect(await alike('login', 'blanks', ['tenant', 'id'])).toEqual([]);
    });
  });
}
