import { describe, expect, test } from 'vitest';
import { type CompiledPolicy, compilePolicy, type LiveSource, parseKey, parsePolicy, type Value } from '../../anonymizers/index.ts';
import { kindOfName } from '../../anonymizers/name-kinds.ts';
import { choose, decidedFrom, type Facts } from '../../builder/policy-tools/choose.ts';
import { readLeaves } from '../../builder/policy-tools/json-leaves.ts';
import { profileOf } from '../../builder/policy-tools/profile.ts';
import { readRefusal } from '../../builder/policy-tools/refusal.ts';
import { suggestDirectory } from '../../builder/policy-tools/suggest-directory.ts';
import { suggestTables } from '../../builder/policy-tools/suggest-tables.ts';
import { kindOfBytes, kindOfText } from '../../builder/policy-tools/value-kinds.ts';
import { writeSuggestion } from '../../builder/policy-tools/write-suggestion.ts';
import { DynDataError } from '../../core/index.ts';

const bytes = (values: readonly (string | null)[]): Value[] => values.map((value) => (value === null ? null : Buffer.from(value)));

const facts = (name: string, values: readonly (string | null)[], more: Partial<Facts> = {}): Facts => ({
  name,
  owner: '',
  type: 'text',
  unique: false,
  isKey: false,
  profile: profileOf(bytes(values)),
  ...more,
});

describe('values speak for themselves', () => {
  test.each([
    ['marie.dupont@acme.fr', 'email'],
    ['+33 6 12 34 56 78', 'phone'],
    ['0612345678', 'phone'],
    ['FR76 3000 6000 0112 3456 7890 189', 'iban'],
    ['4111 1111 1111 1111', 'card'],
    ['192.168.1.20', 'ip'],
    ['2001:db8::1', 'ip'],
    ['00:1b:44:11:3a:b7', 'mac'],
    ['(2.352222,48.856613)', 'place'],
    ['(3,4)', undefined],
    ['(310.5,48.8)', undefined],
    ['10:11:12', undefined],
    ['Marie', 'first-name'],
    ['8d1b2c3d-0000-4000-8000-0123456789ab', 'uuid'],
    ['$2b$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234', 'bcrypt'],
    ['{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g3xvQnXQ==', 'ssha'],
    ['$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', 'argon2'],
    ['-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----', 'private-key'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 'jwt'],
    ['https://example.com/feed', 'url'],
    ['2024-05-01', 'date'],
    ['1234', 'number'],
    ['{"a":1}', 'json'],
    ['Called back, wants another offer', 'prose'],
    ['Paris', undefined],
    ['', undefined],
  ])('%s', (value, kind) => expect(kindOfText(value)).toBe(kind));

  test('pictures are known by their first bytes', () => {
    expect(kindOfBytes(Buffer.from('89504e470d0a1a0a00', 'hex'))).toBe('image');
    expect(kindOfBytes(Buffer.from('ffd8ffe0', 'hex'))).toBe('image');
    expect(kindOfBytes(Buffer.from('00', 'hex'))).toBeUndefined();
  });
});

describe('names speak English and French', () => {
  test.each([
    ['email', 'email'],
    ['contactEmail', 'email'],
    ['adresse_mail', 'email'],
    ['téléphone', 'phone'],
    ['portable', 'phone'],
    ['prénom', 'first-name'],
    ['nom', 'last-name'],
    ['nom_de_famille', 'last-name'],
    ['mot_de_passe', 'password'],
    ['code_postal', 'postal-code'],
    ['ville', 'city'],
    ['adresse', 'street'],
    ['date_naissance', 'birth'],
    ['raison_sociale', 'company'],
    ['commentaire', 'prose'],
    ['created_at', 'moment'],
    ['api_key', 'secret'],
    ['google_key', 'secret'],
    ['primary_key', undefined],
    ['long_text', 'prose'],
    ['longitude', 'geo'],
    ['push_message_variant_id', 'id'],
    ['is_default', 'flag'],
    ['codepostal', 'postal-code'],
    ['numtel', 'phone'],
    ['ddn', 'birth'],
    ['datenaissance', 'birth'],
    ['nom_naissance', 'last-name'],
    ['fname', 'first-name'],
    ['lname', 'last-name'],
    ['nom_prenom', 'full-name'],
    ['titulaire', 'full-name'],
    ['interlocuteur', 'person'],
    ['createdBy', 'person'],
    ['contenu', 'prose'],
    ['carteBleue', 'card'],
    ['numero_secu', 'number-of-person'],
    ['tax_id', 'number-of-person'],
    ['license_plate', 'number-of-person'],
    ['macAddress', 'device-id'],
    ['advertising_id', 'device-id'],
    ['user_id', 'id'],
    ['location_id', 'id'],
    ['is_disabled', 'flag'],
    ['marital_status', 'special'],
    ['is_pregnant', 'special'],
    ['sipCallQuality', undefined],
  ])('%s', (name, kind) => expect(kindOfName(name)).toBe(kind));
});

describe('choosing a rule', () => {
  test('name and values that agree are surest', () => {
    expect(choose(facts('email', ['a@b.fr', 'c@d.fr']))).toMatchObject({ rules: ['email'], confidence: 0.98 });
  });

  test('types that hold one thing only say it, the surer with the name', () => {
    const of = (name: string, sqlType: string, values: readonly string[]) => choose(facts(name, values, { type: 'other', sqlType }));
    for (const sqlType of ['inet', 'cidr', 'inet4', 'inet6'])
      expect(of('last_seen', sqlType, [])).toEqual({
        rules: ['ip', null],
        confidence: 0.9,
        reason: `its type says IP addresses: ${sqlType}`,
      });
    expect(of('client_ip', 'inet', ['81.56.12.4'])).toMatchObject({ rules: ['ip', null], confidence: 0.98 });

    const place = ['(2.352222,48.856613)', '(-0.57,44.83)'];
    const moved = { 'geo-point': 'pair' };
    expect(of('location', 'point', place)).toMatchObject({ rules: [moved, null], confidence: 0.95 });
    expect(of('location', 'point', [])).toMatchObject({ rules: [moved, null], confidence: 0.85 });
    expect(of('middle', 'point', place)).toMatchObject({
      rules: [moved, null],
      confidence: 0.75,
      reason: 'its type says a point, and 100 % of 2 sampled points can be a longitude and a latitude',
    });
    // Of a plane, of nothing that was seen, or by name of something that only a person decides.
    for (const [name, values] of [
      ['location', ['(1200.5,800.25)', ...place]],
      ['middle', []],
      ['birth_place', place],
    ] as const)
      expect(of(name, 'point', values).confidence).toBeLessThan(decidedFrom);
    expect(of('balance', 'money', ['$1.00'])).toMatchObject({ rules: [null], confidence: 0.4 });
  });

  test('points of MySQL are read in its own form', () => {
    const point = (x: number, y: number): Buffer => {
      const value = Buffer.alloc(25);
      value.writeUInt32LE(4326, 0);
      value.writeUInt8(1, 4);
      value.writeUInt32LE(1, 5);
      value.writeDoubleLE(x, 9);
      value.writeDoubleLE(y, 17);
      return value;
    };
    expect([point(2.35, 48.85), point(1200.5, 3), point(3, 4)].map(kindOfBytes)).toEqual(['place', undefined, undefined]);
  });

  test('values decide where the name says nothing, or something else', () => {
    expect(choose(facts('actor', ['a@b.fr', 'c@d.fr'])).rules[0]).toBe('email');
    expect(choose(facts('forward_to', ['+33612345678', '+33612345679'])).rules[0]).toBe('phone');
  });

  test('a name without values to prove it is just enough', () => {
    expect(choose(facts('telephone', [null, '']))).toMatchObject({ rules: ['phone'], confidence: decidedFrom });
  });

  test('a name that the values do not bear out is left to a person', () => {
    expect(choose(facts('email', ['yes', 'no', 'no'])).confidence).toBeLessThan(decidedFrom);
    expect(choose(facts('ville', ['12', '75001'])).confidence).toBeLessThan(decidedFrom);
  });

  test('mixed values are left to a person', () => {
    expect(choose(facts('contact_point', ['a@b.fr', 'c@d.fr', 'Paris', 'Lyon'])).confidence).toBeLessThan(decidedFrom);
  });

  test('the scheme of a password is that of its values', () => {
    const hash = `$2b$10$${'a'.repeat(53)}`;
    expect(choose(facts('mot_de_passe', [hash, hash])).rules[0]).toEqual({ password: 'bcrypt' });
    expect(choose(facts('password', ['hunter2'])).confidence).toBeLessThan(decidedFrom);
  });

  test('few short values alone do not make a code: they could be the names of a team', () => {
    const values = Array.from({ length: 100 }, (_, at) => ['Marie', 'Paul', 'Lea'][at % 3] as string);
    expect(choose(facts('agent', values)).confidence).toBeLessThan(decidedFrom);
    expect(choose(facts('statut', values))).toMatchObject({ rules: ['first-name'], confidence: 0.4 });
    const codes = values.map((_, at) => ['open', 'closed'][at % 2] as string);
    expect(choose(facts('statut', codes)).rules).toEqual(['keep']);
  });

  test('a number is kept only where its name or a key says what it is', () => {
    expect(choose(facts('id', ['1'], { type: 'integer', isKey: true })).rules).toEqual(['keep']);
    expect(choose(facts('rating', ['1'], { type: 'integer' })).confidence).toBeLessThan(decidedFrom);
    expect(choose(facts('salaire', ['1'], { type: 'decimal' })).rules).toEqual([null]);
  });

  test.each<[string, Facts['type'], string]>([
    ['blood_type', 'text', 'A+'],
    ['marital_status', 'text', 'single'],
    ['situation_familiale', 'enum', 'marie'],
    ['religion', 'enum', 'none'],
    ['ethnicity', 'set', 'x'],
    ['gender', 'boolean', 't'],
    ['is_pregnant', 'boolean', 't'],
    ['travailleur_handicape', 'boolean', 'f'],
    ['salary_band', 'enum', 'a'],
    ['tax_id', 'integer', '184057512345678'],
    ['nir', 'integer', '184057512345678'],
    ['birth_year', 'year', '1984'],
    ['age', 'integer', '40'],
    ['date_naissance', 'text', '1984-05-12'],
    ['imei', 'integer', '356938035643809'],
    ['advertising_id', 'uuid', '8d1b2c3d-0000-4000-8000-0123456789ab'],
    ['union_member', 'integer', '1'],
    ['device_id', 'binary', '0123456789abcdef'],
    ['birth_time', 'time', '10:11:12'],
    ['divorced_on', 'date', '2020-01-01'],
  ])('%s (%s) is for a person to decide, key or not, and nothing proposes to keep it', (name, type, value) => {
    for (const isKey of [false, true]) {
      const { confidence, rules, reason } = choose(facts(name, Array(50).fill(value), { type, isKey, unique: isKey }));
      expect(confidence).toBeLessThan(decidedFrom);
      expect(rules).not.toContain('keep');
      expect(reason).toMatch(/by its name it can be|by its name it can tell/);
    }
  });

  test('what hides a place, an income or a device needs no person', () => {
    expect(choose(facts('latitude', ['48.85'], { type: 'decimal' }))).toMatchObject({ rules: [null], confidence: 0.85 });
    expect(choose(facts('mac_address', ['00:1b:44:11:3a:b7'])).rules[0]).toBe(null);
    expect(choose(facts('died_on', ['2020-01-01'], { type: 'date', subject: 'id' })).rules[0]).toMatchObject({ 'date-shift': {} });
  });

  test('a name in a table of companies is a company, in one of people a person', () => {
    expect(choose(facts('name', ['Acme'], { owner: 'companies' })).rules[0]).toBe('company-name');
    expect(choose(facts('name', ['Marie Dupont'], { owner: 'contacts' })).rules[0]).toBe('full-name');
    expect(choose(facts('name', ['Basic'], { owner: 'offers' })).confidence).toBeLessThan(decidedFrom);
  });

  test('a date of birth is shifted for the row it belongs to', () => {
    const choice = choose(facts('date_naissance', ['1980-01-01'], { type: 'date', subject: 'id' }));
    expect(choice.rules[0]).toEqual({ 'date-shift': { subject: 'id', days: 365 } });
  });
});

describe('paths of JSON', () => {
  test('are named by members and lists', () => {
    const leaves = readLeaves(bytes(['{"a":{"b":[{"c":1}]},"d":true}', null, '{"d":false}']));
    expect([...(leaves ?? []).keys()]).toEqual(['$.a.b[*].c', '$.d']);
  });

  test('members that are data are not named', () => {
    const leaves = readLeaves(bytes(['{"byEmail":{"marie@acme.fr":1,"plain":2}}']));
    expect([...(leaves ?? []).keys()]).toEqual(['$.byEmail.*']);
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`name${at}`, 1]));
    expect([...(readLeaves(bytes([JSON.stringify(many)])) ?? []).keys()]).toEqual(['$.*']);
  });

  test('what is no JSON has none', () => expect(readLeaves(bytes(['{']))).toBeUndefined());
});

const column = { type: 'text', sqlType: 'varchar(100)', nullable: true, unique: false } as const;

const shop: LiveSource = {
  name: 'mysql',
  kind: 'mysql',
  tables: [
    {
      schema: 'shop',
      name: 'users',
      columns: [
        { ...column, name: 'id', type: 'integer', sqlType: 'int', unique: true, nullable: false },
        { ...column, name: 'email' },
        { ...column, name: 'settings', type: 'json', sqlType: 'json' },
        { ...column, name: 'agent' },
      ],
      key: [0],
    },
    {
      schema: 'shop',
      name: 'members',
      columns: [{ ...column, name: 'user_id', type: 'integer', sqlType: 'int' }],
      foreignKeys: [{ columns: ['user_id'], schema: 'shop', table: 'users', targetColumns: ['id'] }],
    },
  ],
};

test('a suggestion is a policy with reasons, without any value, and without what nobody can know', () => {
  const rows = [
    ['1', 'marie@acme.fr', '{"theme":"dark","contact":{"phone":"+33612345678"}}', 'Zoltan'],
    ['2', 'paul@acme.fr', '{"theme":"light"}', 'Wilhelmine'],
  ].map(bytes);
  const source = suggestTables(shop as Exclude<LiveSource, { kind: 'ldap' }>, new Map([['shop\0users', rows]]));
  const text = writeSuggestion({ environment: 'prod', sources: [source] }, ['a note']);
  expect(text).toContain('id: keep # 0.90 a number that is a key');
  expect(text).toMatch(/email: email # 0\.98 .*100 % of 2 sampled values are e-mail addresses/);
  expect(text).toMatch(/\$\.contact\.phone: phone # 0\.98/);
  expect(text).toMatch(/^# +agent: text # undecided, 0\.40/m);
  expect(text).toMatch(/^ +members: \{\} # all its columns follow/m);
  expect(text).toContain('# a note');
  for (const value of ['marie', 'paul', '33612345678', 'Zoltan', 'Wilhelmine', 'dark']) expect(text).not.toContain(value);
});

test('in a directory, what names an entry has one rule there and in its DN', () => {
  const live = { name: 'ldap', kind: 'ldap', bases: ['dc=x'], attributes: ['cn', 'mail', 'sshPublicKey', 'uid'] } as const;
  const entry = (dn: string, attributes: Readonly<Record<string, readonly string[]>>) => ({
    dn,
    attributes: new Map(Object.entries(attributes).map(([name, values]) => [name, values.map((value) => Buffer.from(value))])),
  });
  const source = suggestDirectory(
    live,
    [
      entry('uid=mdupont,ou=people,dc=x', {
        objectClass: ['top', 'inetOrgPerson'],
        uid: ['mdupont'],
        cn: ['Marie Dupont'],
        mail: ['m@x.fr'],
      }),
      entry('cn=sales,ou=groups,dc=x', { objectClass: ['groupOfNames'], cn: ['sales'], member: ['uid=mdupont,ou=people,dc=x'] }),
    ],
    live.attributes,
  );
  expect(source.attributes.map(({ name, choice }) => [name, choice.rules[0]])).toEqual([
    ['cn', 'full-name'],
    ['mail', 'email'],
    ['sshPublicKey', 'drop'],
    ['uid', 'login'],
  ]);
  expect(source.classes).toMatchObject([{ objectClass: 'groupOfNames', lines: [{ name: 'cn', choice: { rules: ['keep'] } }] }]);
  expect(source.dn.map(({ name, choice }) => [name, choice.rules[0]])).toEqual([
    ['cn', 'keep'],
    ['ou', 'keep'],
    ['uid', 'login'],
  ]);
});

test('AeroGear is known by its tables', () => {
  const names = ['push_application', 'variant', 'installation', 'installation_category'];
  const live = { name: 'push', kind: 'postgres', tables: names.map((name) => ({ schema: 'public', name, columns: [] })) } as const;
  expect(suggestTables(live, new Map()).include.map(({ name }) => name)).toEqual(['aerogear-ups']);
  expect(suggestTables({ ...live, tables: live.tables.slice(1) }, new Map()).include).toEqual([]);
});

describe('a refusal is read apart', () => {
  test('undecided places and their patch', () => {
    const error = new DynDataError('POLICY_UNDECIDED', '', {
      details: ['mysql a.b int', '', 'A patch for the policy; look:', 'sources: {}'],
    });
    expect(readRefusal(error)).toEqual({ invalid: [], undecided: ['mysql a.b int'], patch: ['sources: {}'] });
  });

  test('wrong rules beside undecided places', () => {
    const details = ['mysql a.c: no', '', 'Not decided:', 'mysql a.b int', '', 'A patch for the policy; look:', 'sources: {}'];
    expect(readRefusal(new DynDataError('POLICY_INVALID', '', { details }))).toEqual({
      invalid: ['mysql a.c: no'],
      undecided: ['mysql a.b int'],
      patch: ['sources: {}'],
    });
  });

  test('another error is none', () => {
    expect(() => readRefusal(new DynDataError('SOURCE_UNREACHABLE', 'x'))).toThrow('x');
  });
});

test('a new table whose columns all follow foreign keys is named as undecided, and its patch names it', () => {
  const text = 'version: 1\nsources: { mysql: { tables: { users: { keep: [id, agent, settings], columns: { email: email } } } } }\n';
  const compile = (policy: string): CompiledPolicy =>
    compilePolicy({ policy: parsePolicy(policy, 'test'), key: parseKey('0123456789abcdef'.repeat(4)), sources: [shop] });
  const refusal = (() => {
    try {
      compile(text);
      return undefined;
    } catch (error) {
      return readRefusal(error);
    }
  })();
  expect(refusal).toEqual({
    invalid: [],
    undecided: ['mysql shop.members (a table that the policy does not name)'],
    patch: ['sources:', '  mysql:', '    tables:', '      members:', '        columns: {}'],
  });
  expect(compile(text.replace('tables: { ', 'tables: { members: {}, ')).table('mysql', 'shop', 'members').kept).toEqual([true]);
});
