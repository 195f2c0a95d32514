import { describe, expect, test } from 'vitest';
import { createNamingTypes, type DirectoryEntry, type LiveSource, reportSurveys } from '../../anonymizers/index.ts';
import { parseLdapFilter } from '../../anonymizers/ldap-filter.ts';
import { compile, refusal, transformedEntry } from './live.ts';
import { textRule } from './making.ts';

const directory: LiveSource = {
  name: 'ldap',
  kind: 'ldap',
  bases: ['dc=shop'],
  attributes: ['objectClass', 'cn', 'uid', 'description', 'userPassword', 'member', 'settings', 'employeeType'],
};
const entry = (attributes: Readonly<Record<string, readonly string[]>>): DirectoryEntry => ({
  dn: 'uid=a,dc=shop',
  attributes: new Map(Object.entries(attributes).map(([name, values]) => [name, values.map((value) => Buffer.from(value))])),
});

test.each([
  ['(objectClass=person)', true],
  ['(objectclass=PERSON)', true],
  ['(cn=*)', true],
  ['(mail=*)', false],
  ['(cn=mar*du*t)', true],
  ['(cn=*x*)', false],
  ['(&(cn=*)(!(sn=*)))', true],
  ['(|(sn=*)(mail=*))', false],
  ['(cn=marie \\64upont)', true],
  ['(cn=marie \\2a)', false],
  ['(2.5.4.3=Marie Dupont)', true],
  ['(uidNumber>=5)', true],
  ['(uidNumber<=5)', false],
])('%s: %s', (filter, expected) => {
  const matches = parseLdapFilter(filter)?.matches;
  expect(matches?.(entry({ objectClass: ['top', 'person'], cn: ['Marie Dupont'], uidNumber: ['7'] }))).toBe(expected);
});

test.each(['objectClass=person', '(cn=a', '(&(cn=a)', '(cn:caseExactMatch:=a)', '(!(a=b)(c=d))', '(cn=a))', ''])(
  '%s is no filter',
  (text) => {
    expect(parseLdapFilter(text)).toBeUndefined();
  },
);

const policy = (more = ''): string => `
development_password: dev
sources:
  ldap:
    attributes:
      cn: keep
      uid: login
      description: text
      userPassword: {password: ssha}
      settings: {json: {keep: [$.theme], paths: {$.mail: email}}}
      employeeType: {when: {column: cn, is: Boss, then: keep, else: null}}
    filters:
      '(&(objectClass=device)(cn=printer*))': {description: keep}
    classes:
      device: {description: {constant: a device}}
    keep_entries: ['uid=sync,ou=services,dc=shop', '(cn=gate*)']
    where: '(!(ou=old))'
    dn: {uid: login, ou: keep}
${more}`;
const plan = compile(policy(), directory).directory('ldap');

describe('rules of a directory', () => {
  test('go by filter before class before all', () => {
    const of = (cn: string, ...objectClass: string[]): unknown =>
      transformedEntry(plan, 'uid=a,dc=shop', { objectClass, cn: [cn], uid: ['a'], description: ['Marie'] }).description;
    expect(of('Printer 7', 'device')).toEqual(['Marie']);
    expect(of('Phone', 'Device')).toEqual(['a device']);
    expect(of('Printer 7', 'person')).toEqual([textRule('text')('Marie')]);
  });

  test('read JSON values by path, and fail on one that is not decided', () => {
    const given = (settings: string) => ({ objectClass: ['person'], uid: ['a'], settings: [settings] });
    expect(transformedEntry(plan, 'uid=a,dc=shop', given('{"theme":"dark","mail":"a@b.fr"}')).settings).toEqual([
      `{"theme":"dark","mail":"${textRule('email')('a@b.fr')}"}`,
    ]);
    expect(() => transformedEntry(plan, 'uid=a,dc=shop', given('{"name":"Marie"}'))).toThrow(/ldap attribute settings \$\.name/);
  });

  test('ask the real value of another attribute', () => {
    const of = (cn: string): unknown => transformedEntry(plan, 'uid=a,dc=shop', { employeeType: ['x'], cn: [cn], uid: ['a'] }).employeeType;
    expect([of('Boss'), of('Clerk')]).toEqual([['x'], undefined]);
  });

  test('leave the accounts of services their password, and their name where it is given as a DN', () => {
    const dn = 'uid=sync,ou=services,dc=shop';
    const service = transformedEntry(plan, dn, { objectClass: ['person'], uid: ['sync'], userPassword: ['{SSHA}abc'] });
    expect(service).toMatchObject({ dn, uid: ['sync'], userPassword: ['{SSHA}abc'] });
    expect(plan.mapDn('UID=Sync, ou=services,dc=shop')).toBe('UID=Sync, ou=services,dc=shop');
    expect(plan.mapDn('uid=sync,ou=others,dc=shop')).toBe(`uid=${textRule('login')('sync')},ou=others,dc=shop`);
    expect(transformedEntry(plan, 'uid=a,dc=shop', { uid: ['a'], cn: ['gateway'], userPassword: ['plain'] }).userPassword).toEqual([
      'plain',
    ]);
    expect(transformedEntry(plan, 'uid=a,dc=shop', { uid: ['a'], cn: ['x'], userPassword: ['plain'] }).userPassword).toEqual([
      expect.stringMatching(/^\{SSHA\}/),
    ]);
  });

  test('choose entries by a filter that the server is given', () => {
    expect(plan.where).toBe('(!(ou=old))');
  });

  test('that are no filter or DN are named', () => {
    const wrong = policy()
      .replace("'(cn=gate*)'", "'(cn=gate*', nobody")
      .replace("'(!(ou=old))'", 'ou=old')
      .replace("'(&(objectClass=device)(cn=printer*))'", "'(cn'");
    expect(refusal(wrong, directory).details).toEqual([
      expect.stringMatching(/^ldap filter \(cn: is no search filter/),
      expect.stringMatching(/^ldap where: a search filter/),
      expect.stringMatching(/^ldap keep_entries \(cn=gate\*: is no search filter/),
      expect.stringMatching(/^ldap keep_entries nobody: is neither a DN nor a search filter/),
    ]);
  });
});

describe('what a directory is asked before an entry is taken', () => {
  const live: LiveSource = { ...directory, attributes: ['objectClass', 'cn', 'uid', 'departmentNumber', 'settings'] };
  const asked = (more = ''): ReturnType<typeof compile> =>
    compile(
      `sources: {ldap: {attributes: {uid: login, departmentNumber: token, settings: {json: {keep: [$.theme], paths: {}}}}, keep: [cn], dn: {uid: login}${more}}}`,
      live,
    );

  test('how many values there are of attributes that are replaced value by value and name no entry, and the paths in documents', () => {
    const { surveys } = asked();
    expect(surveys.map(({ place, fewValuesRefused, undecidedPaths }) => [place, fewValuesRefused, undecidedPaths !== undefined])).toEqual([
      ['ldap attribute departmentNumber', 'token', false],
      ['ldap attribute settings', undefined, true],
    ]);
    expect(surveys[1]?.undecidedPaths?.(Buffer.from('{"theme":"dark","boss":{"mail":"marie@acme.fr"}}'))).toEqual(['$.boss.mail']);
  });

  test('what is found is named, with a patch for the attribute', () => {
    const [few, document] = asked().surveys;
    if (!few || !document) throw new Error('two surveys were expected');
    const answers = [
      { survey: few, paths: [], counted: { values: 3, rows: 900 } },
      { survey: document, paths: ['$.boss.mail'] },
    ];
    expect(() => reportSurveys(answers)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
    expect(() => reportSurveys(answers.slice(1))).toThrow(
      expect.objectContaining({
        code: 'POLICY_UNDECIDED',
        details: [
          'ldap attribute settings $.boss.mail',
          '',
          'A patch for the policy; look at every line before you take it:',
          'sources:',
          '  ldap:',
          '    attributes:',
          '      settings:',
          '        json:',
          '          paths:',
          '            $.boss.mail: email',
        ],
      }),
    );
  });

  test('leaves of documents, but for those with a reason', () => {
    const rules = '{objectClass: keep, cn: keep, uid: login, departmentNumber: keep, settings: {json: {paths: {$.a: token, $.b: email}}}}';
    const policy = (more: string): string => `sources: {ldap: {attributes: ${rules}, dn: {uid: login}${more}}}`;
    const pathsAsked = (more = ''): (readonly string[])[] =>
      compile(policy(more), live).surveys.map(({ keyedLeaves }) => [...(keyedLeaves?.rules.keys() ?? [])]);
    expect(pathsAsked()).toEqual([['$.a', '$.b']]);
    expect(pathsAsked(', low_cardinality: {"Settings $.a": Public.}')).toEqual([['$.b']]);
  });

  test('a reason in the policy excuses few values and goes into the manifest', () => {
    const excused = asked(', low_cardinality: {departmentnumber: Public.}');
    expect(excused.surveys.map(({ column: attribute }) => attribute)).toEqual(['settings']);
    expect(excused.exemptions).toEqual([{ place: 'ldap attribute departmentnumber', rule: 'low-cardinality', reason: 'Public.' }]);
    expect(
      refusal(
        'sources: {ldap: {attributes: {uid: login}, keep: [cn, departmentNumber, settings], dn: {uid: login}, low_cardinality: {l: Public.}}}',
        live,
      ).details,
    ).toContain('ldap attribute l: low_cardinality names no attribute that is in use');
  });
});

describe('DNs of a directory with a schema of its own', () => {
  const live: LiveSource = {
    name: 'ldap',
    kind: 'ldap',
    bases: ['dc=shop'],
    attributes: ['uid', 'cn', 'employeeNumber', 'sponsor;x-since-2020'],
    dnAttributes: ['sponsor', '1.3.6.1.4.1.32473.1'],
    namingTypes: ['employeenumber', 'ou', 'uid'],
  };
  const rules = (more: string, dn = 'uid: login, ou: keep, employeeNumber: token'): string =>
    `sources: {ldap: {attributes: {uid: login, cn: full-name, employeeNumber: token${more}}, dn: {${dn}}}}`;

  test('attributes of DN syntax are rewritten without a word', () => {
    const { dn, ...attributes } = transformedEntry(compile(rules(''), live).directory('ldap'), 'uid=marie,ou=a,dc=shop', {
      uid: ['marie'],
      'sponsor;x-since-2020': ['uid=jean,ou=b,dc=shop'],
    });
    expect(dn).toBe(`uid=${textRule('login')('marie')},ou=a,dc=shop`);
    expect(attributes['sponsor;x-since-2020']).toEqual([`uid=${textRule('login')('jean')},ou=b,dc=shop`]);
  });

  test.each(['keep', 'text', 'token', '{when: {column: cn, is: x, then: keep, else: null}}', "{constant: 'uid=jean,dc=shop'}"])(
    'sponsor: %s is refused',
    (rule) => {
      expect(refusal(rules(`, sponsor: ${rule}`), live)).toMatchObject({
        code: 'POLICY_INVALID',
        details: [expect.stringMatching(/^ldap attribute sponsor: the values are DNs; they can only be rewritten/)],
      });
    },
  );

  test('dropping it is a decision too', () => {
    const policy = `sources: {ldap: {drop: [sponsor], attributes: {uid: login, cn: text, employeeNumber: token}, dn: {uid: login, ou: keep, employeeNumber: token}}}`;
    expect(
      transformedEntry(compile(policy, live).directory('ldap'), 'ou=a,dc=shop', { 'sponsor;x-since-2020': ['uid=jean,dc=shop'] }),
    ).toEqual({ dn: 'ou=a,dc=shop' });
  });

  test('what entries are named by is undecided until a rule under dn decides it, and the patch has the rule of the attribute', () => {
    const error = refusal(rules('', 'uid: login'), live);
    expect(error.code).toBe('POLICY_UNDECIDED');
    expect(error.details).toEqual([
      'ldap dn employeenumber (an attribute type that names entries)',
      'ldap dn ou (an attribute type that names entries)',
      '',
      'A patch for the policy; look at every line before you take it:',
      'sources:',
      '  ldap:',
      '    dn:',
      '      employeenumber: token',
      expect.stringMatching(/^ {6}ou: keep # look: /),
    ]);
    expect(() => compile(rules('', 'uid: login, employeenumber: token, ou: keep'), live)).not.toThrow();
  });

  test('a rule that could give two entries one name is not proposed', () => {
    const error = refusal(rules('', 'uid: login, ou: keep').replace('employeeNumber: token', 'employeeNumber: text'), live);
    expect(error.details.at(-1)).toMatch(/^ +# employeenumber: undecided, its attribute has a rule that can give two entries one name/);
  });

  test('an attribute that names entries and has no rule yet is proposed one that stands in both places', () => {
    const { details } = refusal('sources: {}', live);
    const patch = details.slice(details.indexOf('sources:')).join('\n');
    expect(() => compile(patch, live)).not.toThrow();
    expect(patch).toMatch(/uid: login[\s\S]*dn:[\s\S]*uid: login/);
  });

  test('a rule in DNs that is not the one of the attribute is refused', () => {
    expect(refusal(rules('', 'uid: login, ou: keep, employeeNumber: {token: {form: uuid}}'), live).details).toEqual([
      expect.stringMatching(/^ldap dn employeeNumber: the attribute employeenumber has another rule/),
    ]);
  });

  test('where rules of some entries differ, each is asked whether its name has the one of DNs', () => {
    const groups = (more = ''): string =>
      `sources: {ldap: {attributes: {uid: login, cn: full-name, employeeNumber: token}, classes: {groupOfNames: {cn: keep}}, dn: {uid: login, ou: keep, employeeNumber: token, cn: keep}${more}}}`;
    const asked = (text: string, dn: string, ...objectClass: string[]): string | undefined => {
      const { names } = compile(text, { ...live, attributes: [...live.attributes, 'objectClass'] }).directory('ldap');
      expect(names?.attributes).toEqual(['objectClass']);
      return names?.wrong({ dn, attributes: new Map([['objectClass', objectClass.map((name) => Buffer.from(name))]]) });
    };
    expect(asked(groups(), 'cn=sales,ou=groups,dc=shop', 'top', 'groupOfNames')).toBeUndefined();
    expect(asked(groups(), 'uid=marie,ou=people,dc=shop', 'top', 'person')).toBeUndefined();
    expect(asked(groups(), 'dc=shop', 'domain')).toBeUndefined();
    expect(asked(groups(", keep_entries: ['cn=sync,dc=shop']"), 'cn=sync,dc=shop', 'device')).toBeUndefined();
    for (const dn of ['cn=Marie Dupont,ou=people,dc=shop', 'uid=marie+cn=Marie Dupont,dc=shop']) {
      const wrong = asked(groups(), dn, 'top', 'person');
      expect(wrong).toMatch(/^ldap dn cn: entries of the classes top, person are named by it, and have another rule/);
      expect(wrong).not.toContain('Marie');
      // As the build would say it, in the middle.
      expect(() =>
        transformedEntry(compile(groups(), live).directory('ldap'), dn, {
          objectClass: ['top', 'person'],
          cn: ['Marie Dupont'],
          uid: ['marie'],
        }),
      ).toThrow(/it names an entry in its DN, and the rule for it there is another one/);
    }
    expect(compile(rules(''), live).directory('ldap').names).toBeUndefined();
  });

  test('only services named by it need no rule', () => {
    const policy = rules('', 'uid: login, ou: keep').replace('dn: {', "keep_entries: ['employeeNumber=0,dc=shop'], dn: {");
    expect(() => compile(policy, live)).not.toThrow();
  });

  test('what names entries is read out of DNs, below the bases', () => {
    const naming = createNamingTypes();
    for (const dn of ['uid=a,ou=people,dc=shop', 'CN=x\\,y+serialNumber=7,dc=shop', '2.5.4.11=z,dc=shop', 'no DN']) naming.add(dn);
    expect(naming.types()).toEqual(['cn', 'ou', 'serialnumber', 'uid']);
  });
});
