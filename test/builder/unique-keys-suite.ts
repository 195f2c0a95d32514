import mysqlClient from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveSource } from '../../anonymizers/index.ts';
import type { AskedAlike, SourceSession } from '../../builder/extraction.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import { connectPostgres } from '../../builder/postgres/session.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { pgDumpOfRun } from '../support/engine.ts';
import { dropSpelled, expectSpellings, makeSpelled, spelledTables } from './foreign-key-spellings.ts';

const { signal } = new AbortController();
/** Some accents are letters of their own here, and in others a sign behind the letter. */
const rows = `(1, 'Marie', 1, 'jean', 'a@b.fr', 'ann lee', '{"mail":"a@b.fr"}'), (2, 'marie', 1, 'Jean', 'c@b.fr', 'ann  lee', '{"mail":"A@b.fr"}'),
  (3, ' Marie', 2, 'jean', 'd@b.fr', 'Zoe', '{"mail":"b@b.fr"}'), (4, 'É', 3, 'x', 'e@b.fr', 'zo', '{}'), (5, 'é', 3, 'y', 'f@b.fr', 'a-b', NULL),
  (6, 'a-b', 4, 'x', 'g@b.fr', 'ab', NULL), (7, 'ab', 4, 'y', 'h@b.fr', NULL, NULL), (8, NULL, NULL, NULL, NULL, NULL, NULL),
  (9, 'Zo\u00e9', NULL, 'same', NULL, NULL, NULL), (10, 'Zoe\u0301', NULL, 'SAME', NULL, NULL, NULL), (11, 'Zoe', 5, 'z', NULL, NULL, NULL),
  (12, 'Stra\u00dfe', NULL, NULL, NULL, NULL, NULL), (13, 'STRASSE', NULL, NULL, NULL, NULL, NULL), (14, '\u0131\u015f\u0131k', NULL, NULL, NULL, NULL, NULL), (15, 'I\u015eIK', NULL, NULL, NULL, NULL, NULL)`;

/** @param sample gets a table in each database, and loses it again */
export function uniqueKeysSuite(sample: () => SampleConnections): void {
  describe('unique and foreign keys of a live MySQL and PostgreSQL', () => {
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
      await inPostgres('DROP TABLE IF EXISTS folded_keys', 'DROP COLLATION IF EXISTS folded_accents', ...dropSpelled('PostgreSQL'));
      await inMysql('DROP TABLE IF EXISTS folded_keys', ...dropSpelled('MySQL'));
    };

    beforeAll(async () => {
      const connections = sample();
      await dropAll();
      await inPostgres(
        "CREATE COLLATION folded_accents (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
        `CREATE TABLE folded_keys (id int PRIMARY KEY, name text UNIQUE, tenant int, login varchar(40), mail text,
           nick text COLLATE folded_accents UNIQUE, doc jsonb, short text GENERATED ALWAYS AS (left(login, 3)) STORED, UNIQUE (tenant, login));
         CREATE UNIQUE INDEX folded_mail ON folded_keys (lower(mail));
         CREATE UNIQUE INDEX folded_live ON folded_keys (tenant, (CASE WHEN name IS NULL THEN NULL ELSE mail END));
         CREATE UNIQUE INDEX folded_short ON folded_keys (id, short);
         CREATE UNIQUE INDEX folded_doc ON folded_keys ((doc ->> 'mail'));`,
        `INSERT INTO folded_keys (id, name, tenant, login, mail, nick, doc) VALUES ${rows}`,
        ...makeSpelled('PostgreSQL'),
        `GRANT SELECT ON folded_keys, ${spelledTables('PostgreSQL').join(', ')} TO ${connections.postgres.user}`,
      );
      await inMysql(
        `CREATE TABLE folded_keys (id int PRIMARY KEY, name varchar(40) COLLATE utf8mb4_bin UNIQUE, tenant int,
           login varchar(40) COLLATE utf8mb4_bin, mail varchar(40), nick varchar(40) COLLATE utf8mb4_0900_ai_ci UNIQUE, doc json,
           doc_mail varchar(254) COLLATE utf8mb4_bin AS (json_unquote(json_extract(doc, '$.mail'))) VIRTUAL UNIQUE, live tinyint AS (if(name IS NULL, NULL, 1)) VIRTUAL,
           UNIQUE (tenant, login), UNIQUE KEY folded_mail ((lower(mail))), UNIQUE KEY folded_live (mail, live),
           UNIQUE KEY folded_short (id, (substr(login, 1, 3))))`,
        `INSERT INTO folded_keys (id, name, tenant, login, mail, nick, doc) VALUES ${rows}`,
        ...makeSpelled('MySQL'),
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
      const plain = ['id: ', 'name: ', 'nick: ', 'tenant login: '];
      expect(keys).toEqual([...plain, 'doc: doc,[object Object]', 'id login: login,part', liveKey, 'mail: mail,folded'].sort());
      const exact = table?.columns.filter(({ exactCase }) => exactCase === true).map(({ name }) => name);
      expect(exact).toEqual(kind === 'mysql' ? ['name', 'login'] : ['name', 'login', 'mail', 'nick']);
    });

    it.each(['mysql', 'postgres'])('%s finds the values that a rule may take for one, and some more', async (kind) => {
      const schema = kind === 'mysql' ? sample().mysql.database : 'public';
      const alike = async (column: string, by: Partial<AskedAlike> = {}): Promise<string[]> => {
        const asked: AskedAlike = { folds: 'blanks', within: [], equalNulls: false, caseTells: true, ...by };
        const found = await sessions.get(kind)?.survey(({ alike: ask }) => ask({ schema, table: 'folded_keys', column }, asked, signal));
        const texts = (group: readonly Uint8Array[]): string[] => group.map((value) => Buffer.from(value).toString()).sort();
        return (found ?? []).map((group) => texts(group).join(' = ')).sort();
      };
      expect(await alike('name')).toEqual(
        [
          ' Marie = Marie = marie',
          'I\u015eIK = \u0131\u015f\u0131k',
          'STRASSE = Stra\u00dfe',
          'Zoe = Zoe\u0301 = Zo\u00e9',
          'a-b = ab',
          '\u00c9 = \u00e9',
        ].sort(),
      );
      expect(await alike('login', { within: ['tenant'] })).toEqual(['Jean = jean']);
      expect(await alike('login', { within: ['tenant'], equalNulls: true })).toEqual(['Jean = jean', 'SAME = same']);
      expect(await alike('login', { within: ['tenant', 'id'] })).toEqual([]);
      expect(await alike('nick', { caseTells: false })).toEqual(['a-b = ab', 'ann  lee = ann lee']);
      // Of letters, digits and signs alone, in a key that ignores case, only `signs` can have two.
      expect(await alike('mail', { caseTells: false })).toEqual([]);
      const leaf = kind === 'mysql' ? '$.mail' : '$["mail"]';
      expect(await alike('doc', { leaf })).toEqual(['A@b.fr = a@b.fr']);
    });

    it.each(['mysql', 'postgres'])(
      '%s finds the values of foreign keys that are spelled otherwise than those they refer to',
      async (kind) => {
        const [session, live] = [sessions.get(kind), described.get(kind)];
        if (!session || !live) throw new Error(`${kind} was not opened`);
        await expectSpellings(kind === 'mysql' ? 'MySQL' : 'PostgreSQL', session, live);
      },
    );
  });
}
