import { describe, expect, test } from 'vitest';
import type { LiveSource } from '../../anonymizers/index.ts';
import { column, compile, refusal, shop, transformed, transformedEntry } from './live.ts';
import { textRule } from './making.ts';

const source = shop({
  users: { columns: [column('email', { unique: true, nullable: false }), column('login'), column('boss')], key: [0] },
  orders: {
    columns: [column('buyer'), column('seller')],
    foreignKeys: [{ columns: ['buyer'], schema: 'shop', table: 'users', targetColumns: ['email'] }],
  },
  lines: {
    columns: [column('buyer')],
    foreignKeys: [{ columns: ['buyer'], schema: 'shop', table: 'orders', targetColumns: ['buyer'] }],
  },
});
const directory: LiveSource = { name: 'ldap', kind: 'ldap', bases: ['dc=shop'], attributes: ['uid', 'mail', 'carLicense'] };
const text = (orders: string, more = 'lines: {}'): string =>
  `sources: {mysql: {tables: {users: {columns: {email: email, login: login, boss: {same_as: users.email}}}, orders: {columns: {${orders}}}, ${more}}}}`;

describe('a foreign key', () => {
  test('follows its target by itself, over several tables', () => {
    const policy = compile(text('seller: null'), source);
    const mail = textRule('email')('a@b.fr');
    expect(transformed(policy, 'orders', 'A@b.fr', null)).toEqual([mail, null]);
    expect(transformed(policy, 'lines', 'a@b.fr')).toEqual([mail]);
    expect(transformed(policy, 'users', 'a@b.fr', null, 'a@b.fr')).toEqual([mail, null, mail]);
  });

  test('may repeat the rule of its target or be NULL, and nothing else', () => {
    expect(() => compile(text('buyer: email, seller: null'), source)).not.toThrow();
    expect(() => compile(text('buyer: null, seller: null'), source)).not.toThrow();
    expect(refusal(text('buyer: login, seller: null'), source).details[0]).toMatch(
      /^mysql shop\.orders\.buyer: it is a foreign key to users\.email, which has another rule/,
    );
  });

  test('that leads round in a circle without a rule is undecided', () => {
    const circle = shop({
      a: { columns: [column('x')], foreignKeys: [{ columns: ['x'], schema: 'shop', table: 'b', targetColumns: ['y'] }] },
      b: { columns: [column('y')], foreignKeys: [{ columns: ['y'], schema: 'shop', table: 'a', targetColumns: ['x'] }] },
    });
    expect(refusal('sources: {mysql: {tables: {a: {}, b: {}}}}', circle).code).toBe('POLICY_UNDECIDED');
    expect(compile('sources: {mysql: {tables: {a: {keep: [x]}, b: {}}}}', circle).table('mysql', 'shop', 'b').kept).toEqual([true]);
  });
});

describe('same_as', () => {
  test('reaches into other sources, both ways', () => {
    const policy = compile(
      `
sources:
  mysql: {tables: {users: {columns: {email: email, login: {same_as: ldap uid}, boss: null}}, orders: {columns: {seller: null}}, lines: {}}}
  ldap: {attributes: {uid: login, mail: {same_as: mysql users.email}, carLicense: {same_as: mail}}, dn: {uid: {same_as: uid}}}`,
      source,
      directory,
    );
    const [mail, ,] = transformed(policy, 'users', 'a@b.fr', 'marie', null);
    expect(transformed(policy, 'users', 'a@b.fr', 'marie', null)[1]).toBe(textRule('login')('marie'));
    const entry = transformedEntry(policy.directory('ldap'), 'uid=marie,dc=shop', {
      uid: ['marie'],
      mail: ['A@B.fr'],
      carLicense: ['a@b.fr'],
    });
    expect(entry).toMatchObject({ uid: [textRule('login')('marie')], mail: [mail], carLicense: [mail] });
  });

  test.each([
    ['users.nobody', /there is no column users\.nobody in mysql/],
    ['elsewhere users.email', /there is no source "elsewhere"/],
    ['orders.seller', /leads back to where it stands/],
    ['users.boss', /.*/],
  ])('%s', (target, message) => {
    const policy = text(`seller: {same_as: ${target}}`);
    if (target === 'users.boss') expect(() => compile(policy, source)).not.toThrow();
    else expect(refusal(policy, source).details[0]).toMatch(message);
  });

  test('stands inside other rules too: in a branch, and for a path of a document', () => {
    const inBranch = 'buyer: email, seller: {when: {column: buyer, is: a@b.fr, then: {same_as: users.login}, else: null}}';
    expect(transformed(compile(text(inBranch), source), 'orders', 'a@b.fr', 'marie')[1]).toBe(textRule('login')('marie'));
    const inDocument = 'buyer: email, seller: {json: {paths: {$.mail: {same_as: users.email}}}}';
    const [, document] = transformed(compile(text(inDocument), source), 'orders', 'a@b.fr', '{"mail":"A@b.fr"}');
    expect(document).toBe(`{"mail":"${textRule('email')('a@b.fr')}"}`);
    const inCircle = 'buyer: email, seller: {json: {paths: {$.mail: {same_as: orders.seller}}}}';
    expect(refusal(text(inCircle), source).details[0]).toMatch(/leads back to where it stands/);
  });
});

describe('what would break', () => {
  test('a unique key of several columns is refused', () => {
    const members = (columns: string, wholeValues = true): string[] => {
      const live = shop({
        members: { columns: [column('team'), column('name')], uniqueKeys: [{ columns: ['team', 'name'], wholeValues }] },
      });
      try {
        compile(`sources: {mysql: {tables: {members: {columns: {${columns}}}}}}`, live);
      } catch {
        return [...refusal(`sources: {mysql: {tables: {members: {columns: {${columns}}}}}}`, live).details];
      }
      return [];
    };
    expect(members('team: keep, name: login')).toEqual([]);
    expect(members('team: keep, name: first-name')).toEqual([
      'mysql shop.members.name: its rule can give two values the same result, and the column is part of the unique key (team, name)',
    ]);
    expect(members('team: keep, name: keep', false)).toEqual([]);
    expect(members('team: keep, name: null', false)).toEqual([]);
    expect(members('team: keep, name: login', false)[0]).toMatch(/name: its rule changes how a value begins/);
  });

  test('a character set or a length is refused', () => {
    const live = shop({ t: [column('a', { charset: 'ascii' }), column('b', { charset: 'latin1' }), column('c', { maxLength: 5 })] });
    const { details } = refusal("sources: {mysql: {tables: {t: {columns: {a: first-name, b: {constant: 'Ω'}, c: email}}}}}", live);
    expect(details).toEqual([
      expect.stringMatching(/^mysql shop\.t\.a: "first-name" writes letters that the character set/),
      expect.stringMatching(/^mysql shop\.t\.b: "constant" has letters that the character set/),
      expect.stringMatching(/^mysql shop\.t\.c: "email" needs room for/),
    ]);
    expect(() => compile("sources: {mysql: {tables: {t: {columns: {a: email, b: {constant: 'é'}, c: null}}}}}", live)).not.toThrow();
  });
});
