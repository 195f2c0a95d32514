import { describe, expect, test } from 'vitest';
import { compilePolicy, type DirectoryEntry, type DirectoryPlan, type LiveSource, parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { keyText, textRule } from './making.ts';

const policyText = `
version: 1
development_password: dev
sources:
  ldap:
    keep: [dc, ou]
    drop: [description]
    attributes:
      uid: login
      cn: {template: '{givenName} {sn}'}
      sn: last-name
      givenName: first-name
      mail: email
      o: company-name
      jpegPhoto: image
      userPassword: {password: ssha}
      cn;lang-el: text
    classes:
      groupOfNames: {cn: keep}
    dn: {uid: login, o: company-name, ou: keep, cn: keep}
`;
const attributes =
  'objectClass cn cn;lang-el sn givenName uid mail o ou dc member manager uniqueMember creatorsName jpegPhoto userPassword description entryUUID memberOf hasSubordinates'.split(
    ' ',
  );
const source: LiveSource = { name: 'ldap', kind: 'ldap', bases: ['dc=Shop,dc=test'], attributes };

const plan: DirectoryPlan = compilePolicy({
  policy: parsePolicy(policyText, 'p.yaml'),
  key: parseKey(keyText),
  sources: [source],
}).directory('ldap');

const entry = (dn: string, values: Readonly<Record<string, readonly (string | Uint8Array)[]>>): DirectoryEntry => ({
  dn,
  attributes: new Map(Object.entries(values).map(([name, list]) => [name, list.map((value) => Buffer.from(value as string))])),
});
const transform = (given: DirectoryEntry): { dn: string; [attribute: string]: string | string[] } => {
  const made = plan.transform(given);
  return {
    dn: made.dn,
    ...Object.fromEntries([...made.attributes].map(([name, list]) => [name, list.map((value) => Buffer.from(value).toString())])),
  };
};

const login = textRule('login');
const company = textRule('company-name');
const person = { objectClass: ['top', 'inetOrgPerson'], sn: ['Dupont'], givenName: ['Marie'], cn: ['Marie Dupont', 'Dupont Marie'] };
const escaped = (text: string | null): string => (text ?? '').replaceAll(/[,+"\\<>;=]/g, '\\$&');

describe('a person', () => {
  const dn = 'UID=mdupont\\+7, ou=people,o=Dupont\\, Fils & Cie,dc=shop,DC=test';
  const expectedDn = `UID=${login('mdupont+7')},ou=people,o=${escaped(company('Dupont, Fils & Cie'))},dc=shop,DC=test`;
  const made = transform(
    entry(dn, {
      ...person,
      uid: ['MDupont+7'],
      mail: ['Marie.Dupont@Acme.fr'],
      o: ['DUPONT, Fils & Cie'],
      manager: ['uid=Boss,ou=people,o=Dupont\\2c Fils & Cie,dc=Shop,dc=test'],
      creatorsName: ['cn=admin,dc=Shop,dc=test'],
      entryUUID: ['5f6b0f2e-0000-4000-8000-000000000000'],
      memberOf: ['cn=all,dc=Shop,dc=test'],
      hasSubordinates: ['FALSE'],
      description: ['Marie, 06 12 34 56 78'],
      userPassword: ['{SSHA}a', '{SSHA}b'],
      jpegPhoto: [Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), Uint8Array.of(1, 2, 3)],
    }),
  );

  test('keeps DN and attributes in agreement', () => {
    expect(made.dn).toBe(expectedDn);
    expect(made.uid).toEqual([login('mdupont+7')]);
    expect(made.o).toEqual([company('Dupont, Fils & Cie')]);
    expect(made.mail).toEqual([textRule('email')('marie.dupont@acme.fr')]);
  });

  test('has its DN-valued attributes rewritten by the same mapping', () => {
    expect(made.manager).toEqual([`uid=${login('boss')},ou=people,o=${escaped(company('Dupont, Fils & Cie'))},dc=Shop,dc=test`]);
    expect(made.creatorsName).toEqual(['cn=admin,dc=Shop,dc=test']);
  });

  test('has a common name of its new names, once', () => {
    expect(made.cn).toEqual([`${textRule('first-name')('Marie')} ${textRule('last-name')('Dupont')}`]);
  });

  test('loses what the server makes, what is dropped, and values that became equal', () => {
    expect([made.hasSubordinates, made.description]).toEqual([undefined, undefined]);
    expect(made.userPassword).toHaveLength(1);
    expect(made.jpegPhoto).toHaveLength(1);
    expect(made.entryUUID).toHaveLength(1);
  });
});

test('a group keeps its name and its members resolve', () => {
  const made = transform(
    entry('cn=all,ou=groups,dc=Shop,dc=test', {
      objectClass: ['groupOfNames'],
      cn: ['all'],
      member: ['uid=a,ou=people,dc=Shop,dc=test', 'UID=b, ou=people,dc=shop,dc=test'],
      uniqueMember: ["uid=a,ou=people,dc=Shop,dc=test#'0101'B"],
    }),
  );
  expect(made.dn).toBe('cn=all,ou=groups,dc=Shop,dc=test');
  expect(made.cn).toEqual(['all']);
  expect(made.member).toEqual([plan.mapDn('uid=a,ou=people,dc=Shop,dc=test'), plan.mapDn('UID=b,ou=people,dc=shop,dc=test')]);
  expect(made.uniqueMember).toEqual([`uid=${login('a')},ou=people,dc=Shop,dc=test#'0101'B`]);
});

test('the base and what is above it stays', () => {
  const made = transform(entry('dc=Shop,dc=test', { objectClass: ['domain', 'organization'], dc: ['Shop'], o: ['Shop Ltd'] }));
  expect(made).toMatchObject({ dn: 'dc=Shop,dc=test', dc: ['Shop'], o: [company('Shop Ltd')] });
  expect(plan.mapDn('dc=test')).toBe('dc=test');
});

test("a DN outside the base is rewritten too; the server's own stay", () => {
  expect(plan.mapDn('uid=a,o=Acme')).toBe(`uid=${login('a')},o=${company('Acme')}`);
  expect(plan.mapDn('cn=admin,cn=config')).toBe('cn=admin,cn=config');
  expect(plan.mapDn('gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth')).toBe(
    'gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth',
  );
  expect(plan.mapDn('uid=marie,cn=gssapi,cn=auth')).toBe(`uid=${login('marie')},cn=gssapi,cn=auth`);
  expect(plan.mapDn('')).toBe('');
});

test.each([
  [
    'an entry named by an attribute that has another rule',
    entry('cn=Marie Dupont,dc=Shop,dc=test', person),
    /attribute cn: it names an entry/,
  ],
  ['a DN with an undecided type', entry('uid=a,l=Paris Marie,dc=Shop,dc=test', { ...person, uid: ['a'] }), /attribute type "l"/],
  [
    'an attribute that appeared later',
    entry('uid=a,dc=Shop,dc=test', { ...person, uid: ['a'], carLicense: ['Marie'] }),
    /attribute carLicense: no rule/,
  ],
  [
    'a DN value that is none',
    entry('uid=a,dc=Shop,dc=test', { ...person, uid: ['a'], manager: ['Marie'] }),
    /attribute manager: a value that is no DN/,
  ],
  ['a DN of an entry that is none', entry('Marie', person), /cannot be read/],
])('%s stops the build without being shown', (_, given, message) => {
  expect(() => plan.transform(given)).toThrow(message);
  expect(() => plan.transform(given)).toThrow(expect.objectContaining({ code: 'DATA_UNMASKABLE' }));
  expect(() => plan.transform(given)).not.toThrow(/Marie/);
});

test('an attribute with options has the rule of its type, or its own', () => {
  const made = transform(entry('uid=a,dc=Shop,dc=test', { ...person, uid: ['a'], 'sn;lang-fr': ['Dupont'], 'cn;lang-el': ['Μαρία'] }));
  expect(made['sn;lang-fr']).toEqual(made.sn);
  expect(made['cn;lang-el']).not.toEqual(made.cn);
});
