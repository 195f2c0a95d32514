import { describe, expect, test } from 'vitest';
import { type LiveSource, parsePolicy, viewPlan } from '../../anonymizers/index.ts';
import { driftOf, pathDrift } from '../../builder/policy-tools/drift.ts';
import { recordedPlaces } from '../../builder/recorded-places.ts';
import type { Manifest } from '../../core/index.ts';
import { column, compile, shop, transformed, transformedEntry } from '../anonymizers/live.ts';

const settings = column('settings', { type: 'json', sqlType: 'json' });

describe('what of a policy is met in documents', () => {
  const met = (paths: (() => ReadonlyMap<string, boolean>) | undefined): Record<string, boolean> =>
    Object.fromEntries(paths?.() ?? new Map());

  test('is told path by path, and nulls are no values', () => {
    const rules = "settings: {json: {keep: [$.theme, $.old], paths: {'$.mails[*]': email, $.phone: phone, $.any.*: text}}}";
    const policy = compile(`sources: {mysql: {tables: {users: {columns: {${rules}}}}}}`, shop({ users: [settings] }));
    const [documents] = policy.table('mysql', 'shop', 'users').documents ?? [];
    expect(documents?.column).toBe('settings');
    expect(Object.values(met(documents?.metPaths))).toEqual([false, false, false, false, false]);
    transformed(policy, 'users', '{"theme":"dark","mails":["a@acme.fr"],"phone":null}');
    transformed(policy, 'users', '{"theme":true,"any":{"x":{}}}');
    expect(met(documents?.metPaths)).toEqual({ '$.theme': true, '$.mails[*]': true, '$.phone': false, '$.any.*': false, '$.old': false });
  });

  test('by any of the rules that a column or an attribute has', () => {
    const when =
      'settings: {when: {column: kind, is: a, then: {json: {keep: [$.x, $.y]}}, else: {json: {keep: [$.x], paths: {$.z: text}}}}}';
    const policy = compile(
      `sources: {mysql: {tables: {users: {keep: [kind], columns: {${when}}}}}}`,
      shop({ users: [column('kind'), settings] }),
    );
    transformed(policy, 'users', 'a', '{"x":1}');
    expect(met(policy.table('mysql', 'shop', 'users').documents?.[0]?.metPaths)).toEqual({ '$.x': true, '$.y': false, '$.z': false });

    const directory: LiveSource = { name: 'ldap', kind: 'ldap', bases: ['dc=x'], attributes: ['objectClass', 'info'] };
    const plan = compile(
      'sources: {ldap: {attributes: {info: {json: {keep: [$.a]}}}, classes: {person: {info: {json: {paths: {$.b: text}}}}}, dn: {cn: login}}}',
      directory,
    ).directory('ldap');
    transformedEntry(plan, 'cn=a,dc=x', { objectClass: ['person'], info: ['{"b":"c"}'] });
    expect(plan.documents?.map(({ column: name, metPaths }) => [name, met(metPaths)])).toEqual([['info', { '$.a': false, '$.b': true }]]);
  });
});

describe('what a manifest records of a plan', () => {
  const policy = parsePolicy(
    `version: 1
sources:
  mysql:
    comments: drop
    programs: {keep: [seen], drop: [old]}
    tables:
      users: {where: "name <> 'Dupont'", keep: [kind], columns: {name: {when: {column: kind, is: Dupont, then: full-name, else: null}}}}
      logs: {rows: none}
      calls: {rows: {sample: 1%, by: id}, columns: {id: keep, doc: {json: {paths: {$.a: {when: {column: id, is: [Dupont], then: text, else: null}}}}}}}
  ldap:
    attributes: {mail: email}
    drop: [jpegPhoto]
    classes: {device: {mail: keep}}
    filters: {"(uid=dupont)": {mail: keep}, "(uid=durand)": {mail: text}}
    dn: {uid: login}
`,
    'p.yaml',
  );
  const definition = { digest: '0123456789ab', droppable: true };
  const live: LiveSource[] = [
    shop(
      {
        users: [column('kind'), column('name')],
        logs: [column('line')],
        calls: { columns: [column('id'), column('doc', { type: 'json', sqlType: 'json' })], key: [0] },
      },
      {
        definitions: [
          { kind: 'comment', name: 'shop.users', ...definition },
          { kind: 'view', name: 'shop.seen', ...definition },
          { kind: 'view', name: 'shop.old', ...definition },
        ],
      },
    ),
    { name: 'ldap', kind: 'ldap', bases: ['dc=x'], attributes: ['mail', 'jpegPhoto'], namingTypes: ['uid'] },
  ];
  const recorded = recordedPlaces(viewPlan(policy, live));

  test('is the rule of each place, and the digest of texts that leave only', () => {
    expect(recorded.get('mysql')).toEqual([
      { section: 'shop.users', name: '', rule: '{ where: given }' },
      { section: 'shop.users', name: 'kind', rule: 'keep' },
      { section: 'shop.users', name: 'name', rule: '{ when: { column: kind, then: full-name, else: null } }' },
      { section: 'shop.logs', name: '', rule: 'none' },
      { section: 'shop.calls', name: '', rule: '{ sample: 1%, by: id }' },
      { section: 'shop.calls', name: 'id', rule: 'keep' },
      { section: 'shop.calls', name: 'doc', rule: '{ json: { paths: { $.a: { when: { column: id, then: text, else: null } } } } }' },
      { section: 'structure', name: 'comment shop.users', rule: 'drop' },
      { section: 'structure', name: 'view shop.seen', rule: 'keep', digest: '0123456789ab' },
      { section: 'structure', name: 'view shop.old', rule: 'drop' },
    ]);
    expect(recorded.get('ldap')).toEqual([
      { section: 'attributes', name: 'mail', rule: 'email' },
      { section: 'attributes', name: 'jpegPhoto', rule: 'drop' },
      { section: 'filter 1', name: 'mail', rule: 'keep' },
      { section: 'filter 2', name: 'mail', rule: 'text' },
      { section: 'class device', name: 'mail', rule: 'keep' },
      { section: 'dn', name: 'uid', rule: 'login' },
    ]);
  });

  test('has none of the real values that a policy asks for', () => {
    expect(JSON.stringify([...recorded.values()])).not.toMatch(/dupont|durand/i);
  });
});

describe('drift', () => {
  const table = { schema: 'shop', name: 'users', path: 'mysql/data/users', rows: 0, sizeBytes: 0, load: 'x', chunks: [] };
  const ofSources = (...sources: unknown[]): Manifest => ({ sources }) as unknown as Manifest;
  const lines = (changes: readonly { readonly change: string; readonly what: string; readonly place: string }[]): string[] =>
    changes.map(({ change, what, place }) => `${change} ${what} ${place}`);

  test('names what is new and what is gone', () => {
    const live = shop({ users: [column('id'), column('email'), column('settings')], members: [column('id')] });
    const directory: LiveSource = { name: 'ldap', kind: 'ldap', bases: ['dc=x'], attributes: ['cn', 'roomNumber'] };
    const manifest = ofSources(
      {
        name: 'mysql',
        tables: [
          { ...table, columns: ['id', 'email', 'fax'] },
          { ...table, name: 'old', columns: ['id'] },
        ],
      },
      { name: 'ldap', tables: [{ ...table, schema: 'dc=x', name: 'dc=x', columns: ['cn', 'mail'] }] },
    );
    expect(lines(driftOf(manifest, [live, directory]))).toEqual([
      'new table mysql shop.members',
      'gone table mysql shop.old',
      'new column mysql shop.users.settings',
      'gone column mysql shop.users.fax',
      'new attribute ldap attribute roomNumber',
      'gone attribute ldap attribute mail',
    ]);
  });

  test('names texts of the structure that came, went or are others', () => {
    const text = (kind: 'view' | 'comment' | 'default', name: string, digest: string) => ({ kind, name, digest, droppable: true });
    const live = shop(
      { users: [column('id')] },
      {
        definitions: [
          text('view', 'shop.same', '111111111111'),
          text('view', 'shop.other', '222222222222'),
          text('default', 'shop.users.note', '333333333333'),
          // A comment of a column and of an index of one name.
          text('comment', 'shop.users.id', '444444444444'),
          text('comment', 'shop.users.id', '555555555555'),
          text('comment', 'shop.users', '666666666666'),
        ],
      },
    );
    const places = [
      { section: 'structure', name: 'view shop.same', rule: 'keep', digest: '111111111111' },
      { section: 'structure', name: 'view shop.other', rule: 'keep', digest: 'aaaaaaaaaaaa' },
      { section: 'structure', name: 'view shop.gone', rule: 'keep', digest: 'bbbbbbbbbbbb' },
      { section: 'structure', name: 'comment shop.users.id', rule: 'keep', digest: '555555555555' },
      { section: 'structure', name: 'comment shop.users.id', rule: 'keep', digest: '444444444444' },
      { section: 'structure', name: 'comment shop.users', rule: 'drop' },
    ];
    const tables = [{ ...table, columns: ['id'] }];
    expect(lines(driftOf(ofSources({ name: 'mysql', tables, places }), [live]))).toEqual([
      'new text mysql default shop.users.note',
      'gone text mysql view shop.gone',
      'changed text mysql view shop.other',
    ]);
    // A snapshot of before they were recorded.
    expect(driftOf(ofSources({ name: 'mysql', tables }), [live])).toEqual([]);
  });

  test('names paths of columns and attributes that came or went, whatever the policy is now', async () => {
    const documents = [
      { column: 'settings', met: ['$.theme', '$.fax', '$.any.*'], unmet: ['$.rare'] },
      { column: 'gone', met: ['$.a'], unmet: [] },
    ];
    const manifest = ofSources(
      { name: 'mysql', tables: [{ ...table, documents }] },
      { name: 'ldap', tables: [{ ...table, schema: 'dc=x', name: 'dc=x', documents: [{ column: 'info', met: ['$.a'], unmet: [] }] }] },
    );
    const directory: LiveSource = { name: 'ldap', kind: 'ldap', bases: ['dc=x'], attributes: ['info'] };
    const values: Readonly<Record<string, readonly string[]>> = {
      'mysql.shop.users.settings': [
        '{"theme":"dark","rare":1,"any":{"x":"y"},"mobile":"+336"}',
        '{"a b":{"marie@acme.fr":1}}',
        'no document',
        '{"fax":null}',
      ],
      'ldap...info': ['{"a":1,"list":[1,{"b":2}]}'],
    };
    const drift = await pathDrift(manifest, [shop({ users: [settings] }), directory], async (source, { schema, table: name, column: at }) =>
      (values[[source, schema, name, at].join('.')] ?? []).map((text) => Buffer.from(text)),
    );
    expect(lines(drift)).toEqual([
      'new path mysql shop.users.settings $.*.*',
      'new path mysql shop.users.settings $.mobile',
      'gone path mysql shop.users.settings $.fax',
      'new path ldap attribute info $.list[*]',
      'new path ldap attribute info $.list[*].b',
    ]);
  });
});
