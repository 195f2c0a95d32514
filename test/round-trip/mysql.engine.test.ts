import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { type MysqlPair, startMysqlPair } from '../support/mysql-pair.ts';
import { contentsOf, keepAllPolicy } from './mysql-contents.ts';

const databases = ['a', 'a.b', 'näme "q\'uo`t.e % ;; \\ 名'];

describeWithEngine('a hostile MySQL schema comes back as it was', () => {
  let servers: MysqlPair;
  let before: Record<string, unknown>;
  let after: Record<string, unknown>;

  beforeAll(async () => {
    servers = await startMysqlPair({ project: 'dyn-data-test-round-trip', image: imageVariables().MYSQL_IMAGE ?? '', client: 'mysql' });
    for (const file of ['mysql-tables.sql', 'mysql-programs.sql']) await servers.run(`${import.meta.dirname}/${file}`);
    before = await contentsOf(servers.source, databases);
    await servers.copy(databases, await keepAllPolicy(servers.source, databases, []));
    after = await contentsOf(servers.target, databases);
  });
  afterAll(() => servers?.[Symbol.asyncDispose]());

  it('with every object, and every table by the checksum that the server computes', () => {
    expect(after).toEqual(before);
  });

  it('which one changed bit would show', async () => {
    const b = '`a.b`';
    await servers.target.query(`UPDATE ${b}.charsets SET sjis = 0x815f WHERE sjis = 0x5c`);
    await servers.target.query(`UPDATE ${b}.numbers SET f = 0 WHERE id = 3`);
    await servers.target.query(`UPDATE ${b}.documents SET j = '[]' WHERE id = 3`);
    const changed = Object.entries(await contentsOf(servers.target, ['a.b'])).filter(
      ([what, value]) => !isDeepStrictEqual(value, before[what]),
    );
    expect(changed.map(([what]) => what)).toEqual(['charsets', 'documents', 'numbers'].map((table) => `rows of ${b}.\`${table}\``));
  });

  it('and what cannot be carried is named before a row is read', async () => {
    const run = (sql: string) => servers.source.query(sql);
    await run('CREATE DATABASE refused');
    await run('CREATE TABLE refused.part (id INT) ENGINE = MyISAM');
    await run('CREATE TABLE refused.whole (id INT) ENGINE = MERGE UNION = (refused.part)');
    await run('CREATE TABLE refused.far (id INT, FOREIGN KEY (id) REFERENCES `a.b`.choices (id))');
    await run('CREATE LIBRARY refused.library LANGUAGE JAVASCRIPT AS "export function one() { return 1; }"');
    const { signal } = new AbortController();
    const described = async () => {
      await using session = await servers.connectSource(['refused']);
      await session.openPoint(signal);
      return await session.describe(signal);
    };
    await expect(described()).rejects.toMatchObject({
      code: 'SOURCE_UNSUPPORTED',
      details: [
        'table refused.far: a foreign key into the database a.b',
        'table refused.whole: its engine, MRG_MYISAM',
        'library refused.library',
      ],
    });

    for (const sql of ['TABLE refused.whole', 'TABLE refused.far', 'LIBRARY refused.library']) await run(`DROP ${sql}`);
    await run('CREATE TABLE refused.gone (id INT)');
    await run('CREATE VIEW refused.broken AS SELECT id FROM refused.gone');
    await run('CREATE VIEW refused.outside AS SELECT id FROM (SELECT c.id FROM refused.part p JOIN `a.b`.choices c) AS d');
    await run('CREATE VIEW refused.whole AS SELECT id FROM refused.part');
    await run('DROP TABLE refused.gone');
    const { files } = await described();
    await expect(files({ comments: 'keep', drops: () => false }, signal)).rejects.toMatchObject({
      code: 'SOURCE_UNSUPPORTED',
      details: ['view refused.broken: it does not work at the source', 'view refused.outside: it reads the database a.b'],
    });
    // What the policy leaves out need not be carried.
    const { after } = await files({ comments: 'keep', drops: (name) => ['refused.broken', 'refused.outside'].includes(name) }, signal);
    expect(after.at(-1)).toMatchObject({ name: 'views.sql', text: expect.stringContaining('VIEW `refused`.`whole`') });
  });
});
