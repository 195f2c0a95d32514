import { describe, expect, test } from 'vitest';
import { matchesPattern } from '../../anonymizers/patterns.ts';
import { column, compile, refusal, shop, transformed } from './live.ts';
import { textRule } from './making.ts';

const number = { type: 'integer', sqlType: 'int', nullable: false } as const;

test.each([
  ['log_*', 'log_2024', true],
  ['log_*', 'logs', false],
  ['*_at', 'created_at', true],
  ['*', '', true],
  ['a*b*a', 'aba', true],
  ['a*b*a', 'abxba', true],
  ['a*b*a', 'aa', false],
  ['users', 'users', true],
  ['users', 'Users', false],
])('%s and %s: %s', (pattern, name, expected) => {
  expect(matchesPattern(pattern, name)).toBe(expected);
});

describe('patterns', () => {
  const source = shop({
    log_2023: [column('line'), column('seen_at')],
    log_2024: [column('line'), column('seen_at'), column('extra')],
    log_books: [column('title')],
  });

  test('decide tables and columns that no name decides', () => {
    const policy = compile(
      "sources: {mysql: {tables: {'log_*': {keep: ['*_at'], columns: {line: text, '*': null}}, log_books: {keep: [title]}}}}",
      source,
    );
    expect(policy.table('mysql', 'shop', 'log_2023').kept).toEqual([false, true]);
    expect(transformed(policy, 'log_2024', 'Marie', '2024-01-01', 'x').slice(1)).toEqual(['2024-01-01', null]);
    expect(policy.table('mysql', 'shop', 'log_books').kept).toEqual([true]);
  });

  test('may match nothing, but a column that no matched table has is refused', () => {
    const text = (more: string): string =>
      `sources: {mysql: {tables: {'tmp_*': {rows: none}, log_books: {keep: [title]}, 'log_*': {keep: ['*_at', line${more}], columns: {extra: text}}}}}`;
    expect(() => compile(text(''), source)).not.toThrow();
    expect(refusal(text(', lime'), source).details).toEqual(['mysql log_*.lime: there is no such column; a generated one needs no rule']);
  });

  test('never keep what nobody has seen', () => {
    for (const decided of ["keep: ['*']", "keep: ['**']", "columns: {'*': keep}", "columns: {'**': {keep: {}}}"]) {
      const error = refusal(`sources: {mysql: {tables: {'log_*': {${decided}}}}}`, source);
      expect(error.details[0]).toMatch(/^mysql shop\.log_2023\.\*: "keep" for any column would keep columns that nobody has seen/);
    }
  });
});

describe('choices of rows', () => {
  const source = shop({
    users: { columns: [column('id', { ...number, unique: true }), column('name')], key: [0] },
    orders: {
      columns: [column('id', { ...number, unique: true }), column('user_id', number)],
      key: [0],
      foreignKeys: [{ columns: ['user_id'], schema: 'shop', table: 'users', targetColumns: ['id'] }],
    },
  });
  const text = (users: string, orders: string): string =>
    `sources: {mysql: {tables: {users: {keep: [id], columns: {name: text}${users}}, orders: {keep: [id, user_id]${orders}}}}}`;
  const takes = (policy: string, table: string, ...values: readonly string[]): boolean =>
    compile(policy, source)
      .table('mysql', 'shop', table)
      .takes?.(values.map((value) => Buffer.from(value))) === true;

  test('by condition, which goes to the server as it is', () => {
    const policy = compile(text('', `, where: "user_id > 7"`), source);
    expect(policy.table('mysql', 'shop', 'orders').where).toBe('user_id > 7');
    expect(policy.table('mysql', 'shop', 'orders').takes).toBeUndefined();
  });

  test('by sample: the same rows in every build, about the share, and children with their parents', () => {
    const policy = compile(text(', rows: {sample: 10%}', ', rows: {sample: 10%, by: user_id}'), source);
    const users = policy.table('mysql', 'shop', 'users').takes;
    const orders = policy.table('mysql', 'shop', 'orders').takes;
    const ids = Array.from({ length: 20_000 }, (_, index) => Buffer.from(String(index)));
    const taken = ids.filter((id) => users?.([id, null]));
    expect(taken.length).toBeGreaterThan(1_800);
    expect(taken.length).toBeLessThan(2_200);
    expect(ids.filter((id) => orders?.([Buffer.from('1'), id]))).toEqual(taken);
    expect(takes(text(', rows: {sample: 100%}', ', rows: none'), 'users', '4', 'x')).toBe(true);
  });

  test.each([
    ['a parent carried empty', ', rows: none', ''],
    ['a parent filtered', ', where: "id > 3"', ''],
    ['a sampled parent and a whole child', ', rows: {sample: 10%}', ''],
    ['a child sampled by something else', ', rows: {sample: 10%}', ', rows: {sample: 10%}'],
    ['a child sampled more', ', rows: {sample: 10%}', ', rows: {sample: 20%, by: user_id}'],
  ])('%s is refused', (_, users, orders) => {
    expect(refusal(text(users, orders), source).details).toEqual([
      expect.stringMatching(/^mysql shop\.orders: its rows refer to users, of which rows are left out/),
    ]);
  });

  test.each([
    ['the child is empty too', ', rows: none', ', rows: none'],
    ['the child sees to it itself', ', where: "id > 3"', ', where: "user_id > 3", follows: [users]'],
  ])('unless %s', (_, users, orders) => {
    expect(() => compile(text(users, orders), source)).not.toThrow();
  });

  test('a table of an empty environment has its parents there too', () => {
    expect(refusal(text('', ', reference: true'), source).details).toEqual([
      expect.stringMatching(/^mysql shop\.orders: is carried by "up --empty" \(reference\), and its rows refer to users, which is not/),
    ]);
    expect(() => compile(text(', reference: true', ', reference: true'), source)).not.toThrow();
  });

  test('a sample of a table without a key needs a column to go by', () => {
    const logs = shop({ logs: [column('line')] });
    expect(refusal('sources: {mysql: {tables: {logs: {keep: [line], rows: {sample: 1%}}}}}', logs).details).toEqual([
      expect.stringMatching(/^mysql shop\.logs: a sample goes by the key, and the table has none/),
    ]);
    expect(refusal('sources: {mysql: {tables: {logs: {keep: [line], rows: {sample: 150%}}}}}', logs).code).toBe('POLICY_INVALID');
  });
});

describe('conditions', () => {
  const source = shop({ people: [column('kind'), column('name'), column('first'), column('shown')] });
  const text = (rule: string, kind = 'keep'): string =>
    `sources: {mysql: {tables: {people: {columns: {kind: ${kind}, name: ${rule}, first: first-name, shown: {template: '{first}'}}}}}}`;
  const rule = '{when: {column: kind, is: [company, null], then: company-name, else: full-name}}';

  test('choose by the real value of another column', () => {
    const policy = compile(text(rule), source);
    const company = textRule('company-name')('Acme');
    expect(transformed(policy, 'people', 'company', 'Acme', null, null)[1]).toBe(company);
    expect(transformed(policy, 'people', null, 'Acme', null, null)[1]).toBe(company);
    expect(transformed(policy, 'people', 'companyx', 'Marie Dupont', null, null)[1]).toBe(textRule('full-name')('Marie Dupont'));
    // Real even where that column is replaced itself.
    expect(transformed(compile(text(rule, 'text'), source), 'people', 'company', 'Acme', null, null)[1]).toBe(company);
  });

  test('stand beside templates as long as what they ask is kept', () => {
    const late = "{when: {column: kind, is: company, then: company-name, else: {template: '{first} SA'}}}";
    expect(transformed(compile(text(late), source), 'people', 'person', 'x', 'Marie', null)[1]).toBe(
      `${textRule('first-name')('Marie')} SA`,
    );
    expect(refusal(text(late, 'text'), source).details).toEqual([
      expect.stringMatching(/^mysql shop\.people\.name: depends on the real "kind"/),
    ]);
  });

  test.each([
    ['{when: {column: kin, is: a, then: keep, else: keep}}', /the table has no column "kin"/],
    ['{when: {column: kind, is: a, then: keep}}', /"when" has wrong parameters: else/],
    ['{when: {column: kind, is: a, then: keep, else: emial}}', /there is no anonymizer "emial"/],
  ])('%s is refused', (wrong, message) => {
    expect(refusal(text(wrong), source).details[0]).toMatch(message);
  });

  test('on a unique column are refused unless one side is NULL', () => {
    const unique = shop({ people: [column('kind'), column('name', { unique: true }), column('first'), column('shown')] });
    const both = '{when: {column: kind, is: a, then: email, else: login}}';
    expect(refusal(text(both), unique).details[0]).toMatch(/"when" can give two values the same result/);
    expect(() => compile(text('{when: {column: kind, is: a, then: email, else: null}}'), unique)).not.toThrow();
  });
});
