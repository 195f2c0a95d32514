import { createECDH, createHash, createPrivateKey } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { bulkText, type Cell } from '../../sample/bulk-text.ts';
import { ldapEntries, ldapEntryCount } from '../../sample/ldap/entries.ts';
import { type LdapEntry, ldifOf } from '../../sample/ldap/ldif.ts';
import { mysqlTables } from '../../sample/mysql/tables.ts';
import { createPopulation, followedPerson } from '../../sample/population.ts';
import { postgresTables } from '../../sample/postgres/tables.ts';
import { sampleSizes } from '../../sample/sizes.ts';

const seed = 20_240_501;
const counts = sampleSizes.small;
const population = createPopulation(seed);
type Table = { readonly table: string; readonly columns: readonly string[]; rows(): Iterable<readonly Cell[]> };

const digestOf = (pieces: Iterable<Buffer>): string => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
};
const digests = (ofSeed: number): string[] => {
  const people = createPopulation(ofSeed);
  const tables = [...mysqlTables(people, sampleSizes.tiny), ...postgresTables(people, sampleSizes.tiny)];
  return [...tables.map((table) => digestOf(bulkText(table.rows()))), digestOf(ldifOf(ldapEntries(people, sampleSizes.tiny)))];
};
const recordsOf = (tables: readonly Table[], name: string): Record<string, Cell>[] => {
  const table = tables.find((one) => one.table === name);
  if (table === undefined) throw new Error(`no table ${name}`);
  return [...table.rows()].map((row) => Object.fromEntries(table.columns.map((column, at) => [column, row[at] ?? null])));
};
const mysql = mysqlTables(population, counts);
const postgres = postgresTables(population, counts);
const entries = [...ldapEntries(population, counts)];
const firstValue = (entry: LdapEntry | undefined, name: string): string | undefined =>
  entry?.attributes.find(([attribute]) => attribute === name)?.[1][0]?.toString();

describe('the sample data', () => {
  it('is the same byte for byte for the same seed, and other for another', () => {
    const first = digests(seed);
    expect(digests(seed)).toEqual(first);
    expect(digests(seed + 1)).not.toEqual(first);
  });

  it('has as many rows and entries as it says', () => {
    for (const { rowCount, columns, rows, table } of [...mysql, ...postgres]) {
      const made = [...rows()];
      expect([table, made.length]).toEqual([table, rowCount]);
      for (const row of made) expect(row.length).toBe(columns.length);
    }
    expect(entries.length).toBe(ldapEntryCount(counts));
  });

  it('reaches the numbers of the demo, and four times them', () => {
    const rowsAt = (size: 'demo' | 'demo-x4'): number =>
      mysqlTables(population, sampleSizes[size]).reduce((sum, { rowCount }) => sum + rowCount, 0);
    expect(sampleSizes.demo.users).toBeGreaterThanOrEqual(100_000);
    expect(sampleSizes.demo.installations).toBeGreaterThanOrEqual(100_000);
    expect(rowsAt('demo')).toBeGreaterThanOrEqual(1_000_000);
    expect(ldapEntryCount(sampleSizes.demo)).toBeGreaterThanOrEqual(10_000);
    expect(rowsAt('demo-x4') / rowsAt('demo')).toBeCloseTo(4, 1);
  });

  it('has the followed person in all three systems', () => {
    const person = population.person(followedPerson);
    const user = recordsOf(mysql, 'users').find(({ login }) => login === person.login);
    expect(user).toMatchObject({ email: 'Marie.Dupont@Acme.fr', phone: person.mobileAsTyped });
    const entry = entries.find(({ dn }) => dn.startsWith(`uid=${person.login},`));
    expect(firstValue(entry, 'mail')).toBe('marie.dupont@acme.fr');
    expect(firstValue(entry, 'mobile')).toBe(person.mobile);
    expect(entries.map(({ dn }) => dn)).toContain(firstValue(entry, 'manager'));
    const tokens = recordsOf(mysql, 'devices').filter(({ user_id }) => user_id === followedPerson + 1);
    const installations = recordsOf(postgres, 'installation').filter(({ alias }) => String(alias).toLowerCase() === person.email);
    expect(installations.length).toBeGreaterThan(0);
    for (const { device_token } of installations) expect(tokens.map(({ push_token }) => push_token)).toContain(device_token);
    expect(recordsOf(postgres, 'flat_push_message_info').some((message) => String(message.raw_json_message).includes(person.email))).toBe(
      true,
    );
  });

  it('refers only to rows that are there', () => {
    const idsOf = (tables: readonly Table[], table: string): Set<Cell> => new Set(recordsOf(tables, table).map(({ id }) => id ?? null));
    const expectWithin = (tables: readonly Table[], table: string, column: string, ids: Set<Cell>): void => {
      for (const record of recordsOf(tables, table)) if (record[column] !== null) expect(ids.has(record[column] ?? null)).toBe(true);
    };
    const users = idsOf(mysql, 'users');
    for (const table of ['employees', 'numbers', 'devices', 'calendars', 'calls']) expectWithin(mysql, table, 'user_id', users);
    expectWithin(mysql, 'contacts', 'owner_id', users);
    expectWithin(mysql, 'companies', 'main_user_id', users);
    for (const table of ['users', 'employees', 'numbers']) expectWithin(mysql, table, 'company_id', idsOf(mysql, 'companies'));
    expectWithin(mysql, 'employees', 'manager_id', idsOf(mysql, 'employees'));
    expectWithin(mysql, 'availability_rules', 'calendar_id', idsOf(mysql, 'calendars'));
    expectWithin(postgres, 'installation', 'variant_id', idsOf(postgres, 'variant'));
    expectWithin(postgres, 'variant_error_status', 'push_job_id', idsOf(postgres, 'flat_push_message_info'));
  });

  it('has managers and members that resolve, parents before children', () => {
    const seen = new Set<string>();
    for (const { dn } of entries) {
      const parent = dn.replace(/^(?:\\.|[^\\,])*,/, '');
      if (dn !== 'dc=dynamease,dc=test') expect(seen.has(parent)).toBe(true);
      seen.add(dn);
    }
    for (const { attributes } of entries)
      for (const [name, values] of attributes)
        if (name === 'manager' || name === 'member') for (const value of values) expect(seen.has(value.toString())).toBe(true);
    expect(entries.some(({ dn }) => dn.includes('o=Dupont\\, Fils & Cie,'))).toBe(true);
    expect(entries.some(({ dn }) => /^uid=[a-z]+\\\+\d+,/.test(dn))).toBe(true);
  });

  it('has device tokens that pass the validators of UnifiedPush Server', () => {
    const valid = { android: /^[0-9a-zA-Z\-_:]{100,}$/, ios: /^[a-f0-9 -]{64,}$/, ios_token: /^[a-f0-9 -]{64,}$/ };
    const types = new Map(recordsOf(postgres, 'variant').map(({ id, variant_type }) => [id, variant_type]));
    for (const { device_token, variant_id } of recordsOf(postgres, 'installation')) {
      const type = types.get(variant_id ?? null);
      if (type === 'web_push') {
        const { endpoint, keys } = JSON.parse(Buffer.from(String(device_token), 'base64').toString());
        expect(new URL(endpoint).protocol).toBe('https:');
        expect(Buffer.from(keys.p256dh, 'base64url')).toHaveLength(65);
        expect(Buffer.from(keys.auth, 'base64url')).toHaveLength(16);
      } else expect(device_token).toMatch(valid[type as keyof typeof valid]);
    }
    for (const { raw_json_message } of recordsOf(postgres, 'flat_push_message_info'))
      expect(String(raw_json_message).length).toBeLessThan(4_500);
  });

  it('has keys and certificates that open', () => {
    for (const { private_key, key_id, team_id } of recordsOf(postgres, 'ios_token_variant')) {
      expect(createPrivateKey(String(private_key)).asymmetricKeyType).toBe('ec');
      expect([String(key_id).length, String(team_id).length]).toEqual([10, 10]);
    }
    for (const { cert_data, passphrase } of recordsOf(postgres, 'ios_variant'))
      expect(() => createSecureContext({ pfx: Buffer.from(String(cert_data), 'base64'), passphrase: String(passphrase) })).not.toThrow();
    for (const { public_key, private_key } of recordsOf(postgres, 'webpush_variant')) {
      const pair = createECDH('prime256v1');
      pair.setPrivateKey(String(private_key), 'base64url');
      expect(pair.getPublicKey('base64url')).toBe(public_key);
    }
  });
});
