import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectSpellings, makeSpelled } from '../builder/foreign-key-spellings.ts';
import { describeWithEngine } from '../support/engine.ts';
import { type MysqlPair, startMysqlPair } from '../support/mysql-pair.ts';
import { contentsOf, keepAllPolicy } from './mysql-contents.ts';

const databases = ['a', 'a.b'];

/** @param options.images may take as long as building them takes */
export function mariadbRoundTrip(
  name: string,
  options: { readonly project: string; readonly images: () => Promise<{ readonly source: string; readonly target: string }> },
): void {
  describeWithEngine(name, () => {
    let servers: MysqlPair;

    beforeAll(async () => {
      const { source, target } = await options.images();
      servers = await startMysqlPair({ project: options.project, image: source, targetImage: target, client: 'mariadb' });
      for (const file of ['mariadb-tables.sql', 'mariadb-programs.sql']) await servers.run(`${import.meta.dirname}/${file}`);
    });
    afterAll(() => servers?.[Symbol.asyncDispose]());

    it('with every object, and every table by the checksum that the server computes', async () => {
      const before = await contentsOf(servers.source, databases);
      const { manifest } = await servers.copy(databases, await keepAllPolicy(servers.source, databases, []));
      expect(manifest.sources[0]?.server.product).toBe('MariaDB');
      expect(await contentsOf(servers.target, databases)).toEqual(before);
    });

    it('and its foreign keys whose values are spelled otherwise than those they refer to are found', async () => {
      await servers.source.query('CREATE DATABASE spelled');
      await servers.source.query('USE spelled');
      for (const sql of makeSpelled('MariaDB')) await servers.source.query(sql);
      await using session = await servers.connectSource(['spelled']);
      const { signal } = new AbortController();
      await session.openPoint(signal);
      await expectSpellings('MariaDB', session, (await session.describe(signal)).live);
    });

    it('and what cannot be carried is named before a row is read', async () => {
      await servers.source.query('CREATE DATABASE refused');
      await servers.source.query('CREATE TABLE refused.history (id INT PRIMARY KEY) WITH SYSTEM VERSIONING');
      await servers.source.query('CREATE TABLE refused.part (id INT) ENGINE = MyISAM');
      await servers.source.query('CREATE TABLE refused.whole (id INT) ENGINE = MERGE UNION = (refused.part)');
      await using session = await servers.connectSource(['refused']);
      const { signal } = new AbortController();
      await session.openPoint(signal);
      await expect(session.describe(signal)).rejects.toMatchObject({
        code: 'SOURCE_UNSUPPORTED',
        details: ['table refused.whole: its engine, MRG_MyISAM', 'system versioned refused.history'],
      });
      await servers.source.query('CREATE DATABASE wrong');
      await servers.source.query("CREATE TABLE wrong.choices (id INT PRIMARY KEY, e ENUM('', '0', 'x'))");
      await servers.source.query("SET SESSION sql_mode = ''");
      await servers.source.query("INSERT INTO wrong.choices VALUES (1, ''), (2, '0'), (3, 0)");
      await expect(servers.copy(['wrong'], await keepAllPolicy(servers.source, ['wrong'], []))).rejects.toMatchObject({
        code: 'SOURCE_UNSUPPORTED',
        message: expect.stringContaining('wrong.choices.e'),
      });
    });
  });
}
