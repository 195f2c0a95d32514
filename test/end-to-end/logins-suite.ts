import { argon2Sync, createHash, pbkdf2Sync } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import bcrypt from 'bcryptjs';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { findScheme, passwordSchemes } from '../../anonymizers/password-schemes.ts';
import { stackFile } from '../../demo/developer.ts';
import { samplePolicy } from '../../demo/sample-registry.ts';
import { type OpenSystem, openSystem, sampleSystem, stackSystem } from '../../demo/systems.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { runOrFail } from '../../scripts/run-command.ts';
import type { WholeWay } from '../support/whole-way.ts';

/** Of stack/policies/prod.yaml. */
const developmentPassword = 'dyn-data';
const realPassword = 'a password of production';

type Counts = { readonly [join: string]: number };

/** How many values find their partner in another table or system, by e-mail, login and phone. */
async function joins(system: OpenSystem): Promise<Counts> {
  const column = async (sql: string): Promise<string[]> => (await system.mysql(sql)).flatMap(({ v }) => v ?? []);
  const people = await system.ldap('(objectClass=inetOrgPerson)', ['uid', 'mail', 'telephoneNumber', 'mobile']);
  const ofPeople = (...names: string[]): string[] => people.flatMap(({ values }) => names.flatMap((name) => values.get(name) ?? []));
  const aliases = (await system.postgres('SELECT alias AS v FROM installation WHERE alias IS NOT NULL')).flatMap(({ v }) => v ?? []);
  // Numbers are written in many styles, of which only France's has no calling code. The whole number counts: among this many, two of
  // different calling codes or kinds now and then end with the same eight digits.
  const digits = (text: string): string => text.replace(/\D/g, '').replace(/^0/, '33');
  const count = (values: readonly string[], among: readonly string[], same: (text: string) => string): number => {
    const known = new Set(among.map(same));
    return values.filter((value) => known.has(same(value))).length;
  };
  const folded = (text: string): string => text.trim().toLowerCase();
  const emails = await column('SELECT email AS v FROM dynamease.users');
  const logins = await column('SELECT login AS v FROM dynamease.users');
  const phones = await column('SELECT phone AS v FROM dynamease.users WHERE phone IS NOT NULL');
  return {
    people: people.length,
    users: emails.length,
    'LDAP mail = users.email': count(ofPeople('mail'), emails, folded),
    'LDAP uid = users.login': count(ofPeople('uid'), logins, folded),
    'LDAP phones = users.phone': count(ofPeople('telephoneNumber', 'mobile'), phones, digits),
    'AeroGear alias = users.email': count(aliases, emails, folded),
    'contacts.email = users.email': count(
      await column('SELECT email AS v FROM dynamease.contacts WHERE email IS NOT NULL'),
      emails,
      folded,
    ),
    'calls.caller = users.phone': count(await column('SELECT caller AS v FROM dynamease.calls WHERE caller IS NOT NULL'), phones, digits),
    'numbers.number = users.phone': count(await column('SELECT number AS v FROM dynamease.numbers'), phones, digits),
  };
}

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '');

/** Whether a password fits a stored hash, as the servers of each scheme check it. @param crypt the C library's crypt(3) */
async function verifies(stored: string, password: string, crypt: (password: string, salt: string) => Promise<string>): Promise<boolean> {
  const salted = /^\{(SSHA|SSHA256|SSHA512)\}(.+)$/.exec(stored);
  if (salted) {
    const algorithm = { SSHA: 'sha1', SSHA256: 'sha256', SSHA512: 'sha512' }[salted[1] ?? ''] ?? '';
    const bytes = Buffer.from(salted[2] ?? '', 'base64');
    const length = createHash(algorithm).digest().length;
    const digest = createHash(algorithm).update(password).update(bytes.subarray(length)).digest();
    return digest.equals(bytes.subarray(0, length));
  }
  const argon = /^\$(argon2id|argon2i|argon2d)\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(stored);
  if (argon) {
    const [, name, memory, passes, parallelism, salt = '', hash = ''] = argon;
    const nonce = Buffer.from(salt, 'base64');
    const settings = {
      message: Buffer.from(password),
      nonce,
      memory: Number(memory),
      passes: Number(passes),
      parallelism: Number(parallelism),
    };
    return unpadded(argon2Sync(name as 'argon2id', { ...settings, tagLength: Buffer.from(hash, 'base64').length })) === hash;
  }
  const django = /^pbkdf2_sha256\$(\d+)\$([^$]+)\$(.+)$/.exec(stored);
  if (django) return pbkdf2Sync(password, django[2] ?? '', Number(django[1]), 32, 'sha256').toString('base64') === django[3];
  const ldap = /^\{PBKDF2-SHA256\}(\d+)\$([^$]+)\$(.+)$/.exec(stored);
  if (ldap) {
    const salt = Buffer.from((ldap[2] ?? '').replaceAll('.', '+'), 'base64');
    return unpadded(pbkdf2Sync(password, salt, Number(ldap[1]), 32, 'sha256')).replaceAll('+', '.') === ldap[3];
  }
  if (/^\$2[aby]\$/.test(stored)) return bcrypt.compareSync(password, stored);
  if (/^\$[156]\$/.test(stored)) return (await crypt(password, stored)) === stored;
  return stored === password;
}

const storedSchemes = [
  'bcrypt',
  'argon2id',
  'argon2i',
  'ssha',
  'ssha256',
  'ssha512',
  'ldap-pbkdf2-sha256',
  'django-pbkdf2-sha256',
  'md5-crypt',
  'sha256-crypt',
  'sha512-crypt',
  'plain',
];

/** Gives the sample system a table of accounts, one for each scheme that passwords are stored in. */
export async function fillOtherAccounts({ mysqlAdmin }: SampleConnections): Promise<void> {
  const database = await mysql.createConnection(mysqlAdmin);
  await database.query('CREATE TABLE other_accounts (id INT NOT NULL PRIMARY KEY, password_hash VARCHAR(255) NOT NULL)');
  for (const [index, scheme] of storedSchemes.entries()) {
    const salt = createHash('md5').update(scheme).digest();
    const hash = passwordSchemes[scheme]?.({ password: realPassword, salt, cost: 4, variant: index % 2 === 0 ? '2a' : '2y' });
    await database.query('INSERT INTO other_accounts VALUES (?, ?)', [index, hash]);
  }
  await database.end();
}

/** The text of a policy for the sample system that decides {@link fillOtherAccounts} too. */
export function withOtherAccounts(policyText: string): string {
  const policy = parse(policyText);
  policy.sources.mysql.tables.other_accounts = { keep: ['id'], columns: { password_hash: { password: 'found' } } };
  return stringify(policy);
}

/**
 * Who has a copy can log in as anybody, with the one known password, and finds each person in every system.
 * @param way its stack holds a snapshot with {@link fillOtherAccounts}; afterwards source and policy are without them
 */
export function loginsSuite(way: () => WholeWay): void {
  describe('logging in to a copy', () => {
    let source: OpenSystem;
    let copy: OpenSystem;

    beforeAll(async () => {
      const { connections, developer } = way().context;
      source = await openSystem(sampleSystem(connections));
      copy = await openSystem(await stackSystem(stackFile, developer));
    });
    afterAll(async () => {
      await copy?.[Symbol.asyncDispose]();
      await source?.[Symbol.asyncDispose]();
      const { connections, policyFile } = way().context;
      const database = await mysql.createConnection(connections.mysqlAdmin);
      await database.query('DROP TABLE other_accounts');
      await database.end();
      await copyFile(samplePolicy, policyFile);
    });

    const crypt = (password: string, salt: string): Promise<string> =>
      runOrFail('crypt(3)', 'docker', [
        'exec',
        `${way().context.developer.stackProject}-aerogear-db-1`,
        'perl',
        '-e',
        'print crypt($ARGV[0], $ARGV[1])',
        password,
        salt,
      ]);

    it('the development password binds as every person in LDAP, and no other password does', async () => {
      const people = await copy.ldap('(&(objectClass=inetOrgPerson)(userPassword=*))', ['1.1']);
      expect(people.length).toBeGreaterThan(100);
      const refused: string[] = [];
      for (const { dn } of people) if (!(await copy.binds(dn, developmentPassword))) refused.push(dn);
      expect(refused).toEqual([]);
      expect(await copy.binds(people[0]?.dn ?? '', 'another password')).toBe(false);
    });

    it('the development password verifies against every stored hash of users', async () => {
      const rows = await copy.mysql('SELECT DISTINCT password_hash AS v FROM dynamease.users');
      expect(rows.length).toBeGreaterThan(0);
      for (const { v } of rows) {
        expect(bcrypt.compareSync(developmentPassword, v ?? '')).toBe(true);
        expect(bcrypt.compareSync('another password', v ?? '')).toBe(false);
      }
    });

    it('it verifies in the scheme that each value had, and the real password no longer does', async () => {
      const before = await source.mysql('SELECT id, password_hash AS v FROM dynamease.other_accounts ORDER BY id');
      const after = await copy.mysql('SELECT id, password_hash AS v FROM dynamease.other_accounts ORDER BY id');
      expect(after.map(({ v }) => findScheme(v ?? '').scheme)).toEqual(storedSchemes);
      for (const [index, scheme] of storedSchemes.entries()) {
        const [real = '', made = ''] = [before[index]?.v ?? '', after[index]?.v ?? ''];
        expect([scheme, await verifies(real, realPassword, crypt)]).toEqual([scheme, true]);
        expect([scheme, await verifies(made, developmentPassword, crypt)]).toEqual([scheme, true]);
        expect([scheme, await verifies(made, realPassword, crypt)]).toEqual([scheme, false]);
      }
    });

    it('each person is found again in every system: as many by e-mail, login and phone as before', async () => {
      const before = await joins(source);
      expect(await joins(copy)).toEqual(before);
      expect(before['LDAP mail = users.email']).toBe(before.people);
      expect(before['LDAP uid = users.login']).toBe(before.people);
      for (const [join, count] of Object.entries(before)) expect([join, count > 0]).toEqual([join, true]);
    });
  });
}
