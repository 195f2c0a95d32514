import { describe, expect, test } from 'vitest';
import { type CompiledPolicy, compilePolicy, type LiveColumn, type LiveSource, parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';
import { keyText, otherKeyText } from './making.ts';

const column = (name: string, facts: Partial<LiveColumn> = {}): LiveColumn => ({
  name,
  type: 'text',
  sqlType: 'varchar(255)',
  maxLength: 255,
  nullable: true,
  unique: false,
  ...facts,
});
const integer = { type: 'integer', sqlType: 'int', nullable: false } as const;

const mysql: LiveSource = {
  name: 'mysql',
  kind: 'mysql',
  tables: [
    {
      schema: 'shop',
      name: 'users',
      columns: [
        column('id', { ...integer, unique: true }),
        column('email', { unique: true }),
        column('first'),
        column('last'),
        column('shown'),
        column('born', { type: 'date', sqlType: 'date' }),
      ],
    },
    { schema: 'shop', name: 'logs', columns: [column('line')] },
    { schema: 'shop', name: 'offers', columns: [column('id', integer)] },
  ],
};
const ldap: LiveSource = {
  name: 'ldap',
  kind: 'ldap',
  bases: ['dc=shop'],
  attributes: ['objectClass', 'uid', 'mail', 'entryUUID', 'hasSubordinates'],
};

const complete = `
version: 1
development_password: dev
sources:
  mysql:
    tables:
      users:
        keep: [id]
        columns:
          email: email
          first: first-name
          last: last-name
          shown: {template: '{first} {last}'}
          born: {date-shift: {subject: first}}
      logs: {rows: none}
      shop.offers: {reference: true, keep: [id]}
  ldap:
    attributes: {uid: login, mail: email}
    dn: {uid: login}
`;

const compile = (text: string, sources: readonly LiveSource[] = [mysql, ldap], key = keyText): CompiledPolicy =>
  compilePolicy({ policy: parsePolicy(text, 'test.yaml'), key: parseKey(key), sources });

const failure = (work: () => unknown): DynDataError => {
  try {
    work();
  } catch (error) {
    if (error instanceof DynDataError) return error;
    throw error;
  }
  throw new Error('a DynDataError was expected');
};

describe('a complete policy', () => {
  const row = (): (Uint8Array | null)[] =>
    ['7', 'Marie.Dupont@Acme.fr', 'Marie', 'Dupont', 'Marie D.', '1980-05-12'].map((text) => Buffer.from(text));
  const texts = (values: readonly (Uint8Array | null)[]): (string | null)[] =>
    values.map((value) => value && Buffer.from(value).toString());

  test('anonymizes a row in place, templates last, dates by the real subject', () => {
    const plan = compile(complete).table('mysql', 'shop', 'users');
    expect([plan.rows, plan.reference, plan.kept]).toEqual(['all', false, [true, false, false, false, false, false]]);
    const values = row();
    plan.transform(values);
    const [id, email, first, last, shown, born] = texts(values);
    expect(id).toBe('7');
    expect(email).toMatch(/@example\.com$/);
    expect(shown).toBe(`${first} ${last}`);
    expect(born).toMatch(/^19(79|80)-\d\d-\d\d$/);
    const again = row();
    compile(complete).table('mysql', 'shop', 'users').transform(again);
    expect(again).toEqual(values);
  });

  test('leaves NULL NULL', () => {
    const values = row().map((value, index) => (index === 0 ? value : null));
    compile(complete).table('mysql', 'shop', 'users').transform(values);
    expect(values.slice(1)).toEqual([null, null, null, null, null]);
  });

  test('carries tables empty or for reference as it says', () => {
    const policy = compile(complete);
    expect(policy.table('mysql', 'shop', 'logs').rows).toBe('none');
    expect(() => policy.table('mysql', 'shop', 'logs').transform([Buffer.from('x')])).toThrow(DynDataError);
    expect(policy.table('mysql', 'shop', 'offers').reference).toBe(true);
  });

  test('says of which tables the rows must come in order', () => {
    const inOrder = (rule: string): boolean =>
      compile(complete.replace('born: {date-shift: {subject: first}}', `born: ${rule}`)).table('mysql', 'shop', 'users').inOrder;
    expect(inOrder('{date-shift: {subject: first}}')).toBe(false);
    expect(inOrder('{shuffle: {start: ["2000-01-01"]}}')).toBe(true);
    expect(inOrder('{when: {column: last, is: null, then: null, else: {shuffle: {start: ["2000-01-01"]}}}}')).toBe(true);
  });

  test('has a digest that comments do not change, and the id of its key', () => {
    const policy = compile(complete);
    expect(compile(`# hello\n${complete}`).policyDigest).toBe(policy.policyDigest);
    expect(compile(complete.replace('email: email', "email: {email: {domain: 'a.test'}}")).policyDigest).not.toBe(policy.policyDigest);
    expect(compile(complete, undefined, otherKeyText)).toMatchObject({ policyDigest: policy.policyDigest });
    expect(compile(complete, undefined, otherKeyText).keyId).not.toBe(policy.keyId);
  });
});

describe('what is not decided', () => {
  const gaps = complete
    .replace('          last: last-name\n', '')
    .replace("{template: '{first} {last}'}", 'text')
    .replace('      logs: {rows: none}\n', '')
    .replace(', mail: email', '');

  test('is named all at once, with the type as the server spells it', () => {
    const error = failure(() => compile(gaps));
    expect(error.code).toBe('POLICY_UNDECIDED');
    expect(error.details.slice(0, 3)).toEqual([
      'mysql shop.users.last varchar(255)',
      'mysql shop.logs.line varchar(255)',
      'ldap attribute mail',
    ]);
    expect([error.message, ...error.details].join('\n')).not.toContain(keyText);
  });

  test('comes with a patch that, merged, decides it', () => {
    const { details } = failure(() => compile(gaps));
    const patch = details.slice(details.indexOf('sources:')).join('\n');
    expect(patch).toBe(
      [
        'sources:',
        '  mysql:',
        '    tables:',
        '      users:',
        '        columns:',
        '          last: text',
        '      logs:',
        '        columns:',
        '          line: text',
        '  ldap:',
        '    attributes:',
        '      mail: email',
      ].join('\n'),
    );
    const given = parsePolicy(gaps, 'test.yaml');
    const added = parsePolicy(`version: 1\n${patch}`, 'patch.yaml');
    const users = {
      ...given.sources.mysql?.tables?.users,
      ...{ columns: { ...given.sources.mysql?.tables?.users?.columns, ...added.sources.mysql?.tables?.users?.columns } },
    };
    const merged = {
      ...given,
      sources: {
        mysql: { tables: { ...added.sources.mysql?.tables, ...given.sources.mysql?.tables, users } },
        ldap: { ...given.sources.ldap, attributes: { ...given.sources.ldap?.attributes, ...added.sources.ldap?.attributes } },
      },
    } as typeof given;
    expect(() => compilePolicy({ policy: merged, key: parseKey(keyText), sources: [mysql, ldap] })).not.toThrow();
  });

  test('keeps nothing that a person must decide: NULL where there can be one, else a comment says why', () => {
    const of = (name: string, type: LiveColumn['type'], sqlType: string, nullable: boolean): LiveColumn => ({
      name,
      type,
      sqlType,
      nullable,
      unique: false,
    });
    const columns = [
      of('salary', 'integer', 'int', true),
      of('religion', 'enum', "enum('a','b')", false),
      of('birth_year', 'year', 'year', false),
      of('is_pregnant', 'boolean', 'boolean', true),
      of('tags', 'other', 'text[]', false),
      of('amount', 'integer', 'int', false),
      of('iban', 'text', 'varchar(34)', false),
    ];
    const live: LiveSource = { name: 'mysql', kind: 'mysql', tables: [{ schema: 'shop', name: 'people', columns }] };
    const { details } = failure(() =>
      compilePolicy({ policy: parsePolicy('version: 1\nsources: {}', 'test.yaml'), key: parseKey(keyText), sources: [live] }),
    );
    const lines = details.slice(details.indexOf('        columns:') + 1).map((line) => line.trim());
    expect(lines).toEqual([
      'salary: null',
      'is_pregnant: null',
      expect.stringMatching(/^amount: keep # look: cannot be NULL/),
      'iban: iban',
      expect.stringMatching(/^# religion: undecided, cannot be NULL, and by its name .*GDPR/),
      expect.stringMatching(/^# birth_year: undecided, cannot be NULL/),
      expect.stringMatching(/^# tags: undecided, cannot be NULL, and nothing is known/),
    ]);
    const patch = parsePolicy(`version: 1\n${details.slice(details.indexOf('sources:')).join('\n')}`, 'patch.yaml');
    expect(Object.keys(patch.sources.mysql?.tables?.people?.columns ?? {})).toEqual(['salary', 'is_pregnant', 'amount', 'iban']);
  });

  test('covers whole sources, and suggests what fits the column', () => {
    const { details } = failure(() => compile('version: 1\nsources: {}'));
    expect(details.filter((line) => line.startsWith('mysql') || line.startsWith('ldap'))).toHaveLength(10);
    expect(details).toContain('          email: email');
    expect(details).toContain('          id: keep');
    // objectClass, entryUUID and hasSubordinates are decided by dyn-data itself.
    expect(details.join('\n')).not.toMatch(/objectClass|entryUUID|hasSubordinates/);
  });

  test('a renamed column is both: a rule for nothing, and a column without a rule', () => {
    const error = failure(() => compile(complete.replace('first: first-name', 'firstname: first-name')));
    expect(error.code).toBe('POLICY_INVALID');
    expect(error.details[0]).toMatch(/^mysql shop\.users\.firstname: there is no such column/);
    expect(error.details).toContain('mysql shop.users.first varchar(255)');
  });
});

describe('what is wrong', () => {
  test('is named all at once', () => {
    const error = failure(() =>
      compile(`
version: 1
sources:
  elsewhere: {}
  mysql:
    tables:
      users:
        keep: [id, email]
        columns:
          email: text
          first: emial
          last: {constant: {valu: x}}
          shown: {template: '{nickname}'}
          born: email
      logs: {columns: {line: {template: '{line}'}}}
      nothing: {rows: none}
      offers: {columns: {id: {constant: 1}}}
      shop.offers: {keep: [id]}
    dn: {uid: keep}
  ldap:
    tables: {}
    attributes: {uid: login, mail: email, manager: keep}
    dn: {uid: {login: {identity: other}}, cn: text, ou: {template: '{uid}'}}
`),
    );
    expect(error.code).toBe('POLICY_INVALID');
    const expected = [
      /^sources elsewhere: /,
      /^mysql dn: only an LDAP source/,
      /^mysql nothing: there is no such table/,
      /^mysql offers: is named twice/,
      /^mysql shop\.users\.email: is decided twice/,
      /^mysql shop\.users\.first: there is no anonymizer "emial"/,
      /^mysql shop\.users\.last: "constant" has wrong parameters: .*valu: not a known key/,
      /^mysql shop\.users\.shown: the table has no column "nickname"/,
      /^mysql shop\.users\.born: "email" is for text values, and this is date/,
      /^mysql shop\.logs\.line: reads "line", which itself is made of other columns/,
      /^ldap tables: /,
      /^ldap attribute manager: the values are DNs/,
      /^ldap dn uid: the identity "other" is not declared/,
      /^ldap dn cn: "text" can give two values the same result/,
      /^ldap dn ou: "template" can give two values the same result/,
    ];
    for (const pattern of expected) expect(error.details.filter((line) => pattern.test(line))).toHaveLength(1);
    expect(error.details).toHaveLength(expected.length);
  });

  test('an RDN rule that differs from the attribute is refused', () => {
    const error = failure(() => compile(complete.replace('dn: {uid: login}', 'dn: {uid: keep}')));
    expect(error.details).toEqual([expect.stringMatching(/^ldap dn uid: the attribute uid has another rule/)]);
  });

  test('a table that two schemas have must be named with its schema', () => {
    const two: LiveSource = {
      name: 'mysql',
      kind: 'mysql',
      tables: ['a', 'b'].map((schema) => ({ schema, name: 't', columns: [column('c')] })),
    };
    const error = failure(() => compile('version: 1\nsources: {mysql: {tables: {t: {keep: [c]}}}}', [two]));
    expect(error.details[0]).toMatch(/more than one schema/);
    expect(() => compile('version: 1\nsources: {mysql: {tables: {a.t: {keep: [c]}, b.t: {columns: {c: null}}}}}', [two])).not.toThrow();
  });

  test('a policy that cannot be read names its keys and shows no value', () => {
    const error = failure(() =>
      parsePolicy('version: 2\nsources: {mysql: {tables: {t: {columns: {c: [hunter2]}}}}}\nextra: hunter2', 'p.yaml'),
    );
    expect(error.code).toBe('POLICY_INVALID');
    expect(error.details.join('\n')).toMatch(/version: .*\n.*sources\.mysql\.tables\.t\.columns\.c: an anonymizer is expected/);
    expect(error.details.join('\n')).toMatch(/extra: not a known key/);
    expect(error.message + error.details.join()).not.toContain('hunter2');
  });

  test('an unknown country is refused', () => {
    expect(failure(() => compile(complete.replace('version: 1', 'version: 1\ncountry: Atlantis'))).details[0]).toMatch(/country/);
  });
});
