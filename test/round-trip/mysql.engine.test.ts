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
});
