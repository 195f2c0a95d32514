import { expect } from 'vitest';
import { compilePolicy, type LiveSource, parseKey, parsePolicy } from '../../anonymizers/index.ts';
import type { SourceSession } from '../../builder/extraction.ts';
import { surveySources } from '../../builder/survey.ts';
import { DynDataError } from '../../core/index.ts';

export type SpellingsServer = 'MySQL' | 'MariaDB' | 'PostgreSQL';

/** `text` ignores case and accents, and `exact` nothing. `a` and `b` in other spellings are the same to `code`. */
type Spelled = { readonly text: string; readonly code: string; readonly exact: string; readonly a: string; readonly b: string };

const varchar = (collation: string): string => `varchar(60) CHARACTER SET utf8mb4 COLLATE ${collation}`;
/** Blanks at the end count in the newer collations alone. */
const ofMysql = (exact: string): Spelled => ({
  text: varchar('utf8mb4_general_ci'),
  code: varchar('utf8mb4_bin'),
  exact: varchar(exact),
  a: 'a ',
  b: 'b  ',
});
const servers: Readonly<Record<SpellingsServer, Spelled>> = {
  MySQL: ofMysql('utf8mb4_0900_bin'),
  MariaDB: ofMysql('utf8mb4_nopad_bin'),
  PostgreSQL: { text: 'varchar(60) COLLATE spelled_alike', code: 'citext', exact: 'text', a: 'A', b: 'B' },
};

/** Statements that make the tables, and rows that refer to others in other spellings. */
export function makeSpelled(server: SpellingsServer): readonly string[] {
  const { text, code, exact, a, b } = servers[server];
  const tables = [
    `CREATE TABLE spelled_people (name ${text} PRIMARY KEY, tenant int NOT NULL, boss ${text}, code ${code} NOT NULL UNIQUE,
       exact ${exact} NOT NULL UNIQUE, UNIQUE (tenant, name), FOREIGN KEY (boss) REFERENCES spelled_people (name))`,
    `CREATE TABLE spelled_calls (id int PRIMARY KEY, who ${text}, tenant int, code ${code}, exact ${exact},
       FOREIGN KEY (who) REFERENCES spelled_people (name), FOREIGN KEY (tenant, who) REFERENCES spelled_people (tenant, name),
       FOREIGN KEY (code) REFERENCES spelled_people (code), FOREIGN KEY (exact) REFERENCES spelled_people (exact))`,
    `CREATE TABLE spelled_lines (id int PRIMARY KEY, code ${code}, FOREIGN KEY (code) REFERENCES spelled_people (code))`,
    "INSERT INTO spelled_people VALUES ('dupont', 1, NULL, 'a', 'a'), ('elodie', 1, 'Dupont', 'b', 'b'), ('anna', 2, 'anna', 'c', 'c')",
    `INSERT INTO spelled_calls VALUES (1, 'DUPONT', 1, 'a', 'a'), (2, 'DUPONT', NULL, '${a}', NULL), (3, '\u00c9lodie', 1, '${b}', 'b'),
       (4, 'anna', 2, 'c', 'c'), (5, NULL, 1, NULL, NULL)`,
    `INSERT INTO spelled_lines VALUES (1, 'a'), (2, '${b}')`,
  ];
  if (server !== 'PostgreSQL') return tables;
  return [
    "CREATE COLLATION spelled_alike (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
    'CREATE EXTENSION citext',
    ...tables,
    'CREATE TABLE spelled_long (code char(60) PRIMARY KEY)',
    'CREATE TABLE spelled_short (code char(50) REFERENCES spelled_long)',
    "INSERT INTO spelled_long VALUES ('a')",
    "INSERT INTO spelled_short VALUES ('a')",
  ];
}

/** Their names; those that refer to others before them. */
export function spelledTables(server: SpellingsServer): readonly string[] {
  return ['lines', 'calls', 'people', ...(server === 'PostgreSQL' ? ['short', 'long'] : [])].map((name) => `spelled_${name}`);
}

export function dropSpelled(server: SpellingsServer): readonly string[] {
  const others = server === 'PostgreSQL' ? ['DROP COLLATION IF EXISTS spelled_alike', 'DROP EXTENSION IF EXISTS citext'] : [];
  return [...spelledTables(server).map((name) => `DROP TABLE IF EXISTS ${name}`), ...others];
}

/** What the server finds, and what the rules of a policy make of it. */
export async function expectSpellings(server: SpellingsServer, session: SourceSession, live: LiveSource): Promise<void> {
  if (live.kind === 'ldap') throw new Error('a database was expected');
  const { signal } = new AbortController();
  const spelled = live.tables.filter(({ name }) => name.startsWith('spelled_'));
  const schema = spelled[0]?.schema ?? '';
  const exact = spelled.flatMap((table) => table.columns.flatMap(({ name, exactBytes }) => (exactBytes ? [`${table.name}.${name}`] : [])));
  expect(exact).toEqual(['spelled_calls.exact', 'spelled_people.exact']);

  const pairs = async (table: string, column: string, keyOf = 1): Promise<string[]> => {
    const foreignKey = spelled
      .find(({ name }) => name === table)
      ?.foreignKeys?.find(({ columns }) => columns.length === keyOf && columns.includes(column));
    if (!foreignKey) throw new Error(`no foreign key of ${table}.${column}`);
    const found = await session.survey((questions) => questions.spellings({ schema, table, column }, foreignKey, signal));
    return found.map((pair) => pair.map((value) => Buffer.from(value).toString()).join(' = ')).sort();
  };
  const isPostgres = server === 'PostgreSQL';
  const { a, b } = servers[server];
  expect(await pairs('spelled_calls', 'who')).toEqual(['DUPONT = dupont', '\u00c9lodie = elodie']);
  expect(await pairs('spelled_calls', 'who', 2)).toEqual(['DUPONT = dupont', '\u00c9lodie = elodie']);
  expect(await pairs('spelled_calls', 'tenant', 2)).toEqual([]);
  expect(await pairs('spelled_calls', 'code')).toEqual([`${a} = a`, `${b} = b`]);
  expect(await pairs('spelled_calls', 'exact')).toEqual([]);
  expect(await pairs('spelled_people', 'boss')).toEqual(['Dupont = dupont']);
  expect(await pairs('spelled_lines', 'code')).toEqual([`${b} = b`]);
  if (isPostgres) expect(await pairs('spelled_short', 'code')).toEqual([`${'a'.padEnd(50)} = ${'a'.padEnd(60)}`]);

  const refused = async (name: string, code: string): Promise<readonly string[]> => {
    const own = { ...live, tables: spelled, definitions: [] };
    const policy = `version: 1\nsources: {${live.name}: {tables: {spelled_people: {keep: [tenant], columns: {name: ${name}, code: ${code}, exact: token}},
      spelled_calls: {keep: [id]}, spelled_lines: {keep: [id]}${isPostgres ? `, spelled_long: {columns: {code: ${code}}}, spelled_short: {}` : ''}}}}`;
    const compiled = compilePolicy({ policy: parsePolicy(policy, 'test.yaml'), key: parseKey('5a'.repeat(32)), sources: [own] });
    const error: unknown = await surveySources(compiled, [session], signal).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return [];
    if (!(error instanceof DynDataError) || error.code !== 'POLICY_INVALID') throw error;
    const message = new RegExp(`^${live.name} ${schema}\\.spelled_(\\w+\\.\\w+): its foreign key (\\(.*\\) )?holds (\\d) times a value`);
    return error.details.map((line) => message.exec(line)?.slice(1).join(' ') ?? line).sort();
  };
  const composite = (times: number): string => `calls.who (tenant, who)  ${times}`;
  expect(await refused('token', 'token')).toEqual(
    [
      ...['calls.code  2', 'calls.who  2', composite(2), 'lines.code  1', 'people.boss  1'],
      ...(isPostgres ? ['short.code  1'] : []),
    ].sort(),
  );
  // It takes no accent for none.
  expect(await refused('login', 'login')).toEqual([composite(1), 'calls.who  1'].sort());
  expect(await refused('keep', 'keep')).toEqual([]);
}
