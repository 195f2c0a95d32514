import { createECDH, createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { type LiveColumn, type LiveSource, parsePolicy } from '../../anonymizers/index.ts';
import { column, compile, refusal, transformedEntry } from './live.ts';
import { textRule } from './making.ts';

const id = column('id', { unique: true, nullable: false });
const bool = (name: string, dialect: 'mysql' | 'postgres'): LiveColumn =>
  column(name, dialect === 'mysql' ? { type: 'bit', sqlType: 'bit(1)' } : { type: 'boolean', sqlType: 'boolean' });

/** All tables of AeroGear UnifiedPush Server 2.5 as Hibernate makes them. */
function unifiedPush(kind: 'mysql' | 'postgres', more: Readonly<Record<string, readonly LiveColumn[]>> = {}): LiveSource {
  const text = (...names: string[]): LiveColumn[] => names.map((name) => column(name));
  const number = (name: string): LiveColumn => column(name, { type: 'integer', sqlType: 'bigint' });
  const time = (name: string): LiveColumn => column(name, { type: 'datetime', sqlType: 'timestamp' });
  const tables: Record<string, readonly LiveColumn[]> = {
    push_application: [id, ...text('name', 'description', 'api_key', 'master_secret', 'developer')],
    variant: [id, ...text('variant_type', 'name', 'description', 'api_key', 'secret', 'developer', 'push_application_id'), number('type')],
    android_variant: [id, ...text('google_key', 'project_number')],
    ios_variant: [id, bool('production', kind), column('cert_data', { maxLength: 100_000 }), ...text('passphrase')],
    ios_token_variant: [
      id,
      bool('production', kind),
      ...text('key_id', 'team_id', 'bundle_id'),
      column('private_key', { maxLength: 2048, sqlType: 'varchar(2048)' }),
    ],
    webpush_variant: [id, ...text('public_key', 'private_key', 'alias')],
    installation: [
      id,
      ...text('alias', 'device_type', 'operating_system', 'os_version', 'platform', 'variant_id'),
      column('device_token', { maxLength: 4096, sqlType: 'varchar(4096)' }),
      bool('enabled', kind),
    ],
    category: [number('id'), ...text('name')],
    installation_category: [...text('installation_id'), number('category_id')],
    flat_push_message_info: [
      id,
      ...text('push_application_id', 'ip_address', 'client_identifier'),
      column('raw_json_message', { maxLength: 4500, sqlType: 'varchar(4500)' }),
      time('submit_date'),
      time('first_open_date'),
      time('last_open_date'),
      number('app_open_counter'),
    ],
    variant_error_status: [
      column('push_message_variant_id', { unique: true, nullable: false }),
      ...text('error_reason', 'variant_id', 'push_job_id'),
    ],
    ...(kind === 'mysql' ? { category_seq: [number('next_val')] } : {}),
    ...more,
  };
  return { name: 'push', kind, tables: Object.entries(tables).map(([name, columns]) => ({ schema: 'public', name, columns })) };
}

describe('the policy for AeroGear UnifiedPush Server', () => {
  const text = 'sources: {push: {include: [aerogear-ups]}}';

  test.each(['mysql', 'postgres'] as const)('decides every table in %s', (kind) => {
    const policy = compile(text, unifiedPush(kind));
    const row: (Uint8Array | null)[] = [Buffer.from('1'), Buffer.from(kind === 'mysql' ? '1' : 't'), Buffer.from('x'), Buffer.from('y')];
    policy.table('push', 'public', 'ios_variant').transform(row);
    expect(Buffer.from(row[1] ?? '').toString()).toBe(kind === 'mysql' ? '0' : 'f');
    expect(policy.table('push', 'public', 'variant').reference).toBe(true);
  });

  test('gives credentials that the server accepts, and with which nothing reaches a real device', () => {
    const live = unifiedPush('postgres');
    const policy = compile(text, live);
    const rowOf = (name: string, values: Readonly<Record<string, string>>): Record<string, string> => {
      const columns = (live.kind === 'ldap' ? [] : live.tables).find((table) => table.name === name)?.columns ?? [];
      const row = columns.map((one) => Buffer.from(values[one.name] ?? 'real'));
      policy.table('push', 'public', name).transform(row);
      return Object.fromEntries(columns.map((one, index) => [one.name, Buffer.from(row[index] ?? '').toString()]));
    };
    const certificate = rowOf('ios_variant', { production: 't' });
    const pfx = Buffer.from(certificate.cert_data ?? '', 'base64');
    expect(() => createSecureContext({ pfx, passphrase: certificate.passphrase ?? '' })).not.toThrow();
    const token = rowOf('ios_token_variant', { production: 't', key_id: 'ABCDE12345', team_id: 'ABCDE12345' });
    expect(createPrivateKey(token.private_key ?? '').asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect([token.key_id, token.team_id]).toEqual([expect.stringMatching(/^[A-Z0-9]{10}$/), expect.stringMatching(/^[A-Z0-9]{10}$/)]);
    const curve = createECDH('prime256v1');
    const browser = rowOf('webpush_variant', {});
    curve.setPrivateKey(Buffer.from(browser.private_key ?? '', 'base64url'));
    expect(curve.getPublicKey().toString('base64url')).toBe(browser.public_key);
    expect(rowOf('android_variant', {}).google_key).toMatch(/^AAAA[\w-]{7}:APA91b[\w-]{134}$/);
    expect([certificate.production, token.production]).toEqual(['f', 'f']);
  });

  test('passes over what an installation has not, and leaves undecided what it has besides', () => {
    const live = unifiedPush('postgres', { webpush_variant: [id, column('alias')], audit: [column('who')] });
    expect(refusal(text, live).details.slice(0, 2)).toEqual(['push public.audit.who varchar(255)', '']);
  });

  test('gives way to what the source says itself', () => {
    const own =
      'sources: {push: {include: [aerogear-ups], tables: {installation: {columns: {alias: {login: {}}}}, variant: {rows: none}}}}';
    const policy = compile(own, unifiedPush('postgres'));
    const row: (Uint8Array | null)[] = [Buffer.from('1'), Buffer.from('marie'), null, null, null, null, null, null, null];
    policy.table('push', 'public', 'installation').transform(row);
    expect(Buffer.from(row[1] ?? '').toString()).toBe(textRule('login')('marie'));
    expect(policy.table('push', 'public', 'variant')).toMatchObject({ rows: 'none', reference: true });
  });
});

test('the policies for people and groups decide the standard attributes', () => {
  const attributes =
    'objectClass uid cn sn givenName displayName mail telephoneNumber mobile homePhone o ou l street postalCode postalAddress title jpegPhoto ' +
    'userPassword description employeeNumber uidNumber gidNumber homeDirectory loginShell member uniqueMember memberUid manager entryUUID';
  const directory: LiveSource = { name: 'ldap', kind: 'ldap', bases: ['dc=shop'], attributes: attributes.split(' ') };
  const policy = 'development_password: dev\nsources: {ldap: {include: [ldap-person, ldap-group]}}';
  const plan = compile(policy, directory).directory('ldap');
  const uid = textRule('login')('marie');
  const person = transformedEntry(plan, 'uid=marie,ou=people,dc=shop', {
    objectClass: ['inetOrgPerson', 'posixAccount'],
    uid: ['marie'],
    givenName: ['Marie'],
    sn: ['Dupont'],
    cn: ['Marie Dupont'],
    homeDirectory: ['/home/marie'],
  });
  expect(person).toMatchObject({ dn: `uid=${uid},ou=people,dc=shop`, homeDirectory: [`/home/${uid}`] });
  expect(person.cn).toEqual([`${textRule('first-name')('Marie')} ${textRule('last-name')('Dupont')}`]);
  const group = transformedEntry(plan, 'cn=all,ou=groups,dc=shop', { objectClass: ['posixGroup'], cn: ['all'], memberUid: ['marie'] });
  expect(group).toEqual({ dn: 'cn=all,ou=groups,dc=shop', objectClass: ['posixGroup'], cn: ['all'], memberUid: [uid] });
});

test('every file of the folder can be included, and nothing else', () => {
  const files = readdirSync(new URL('../../anonymizers/policies', import.meta.url));
  for (const file of files) {
    expect(() => parsePolicy(`version: 1\nsources: {a: {include: [${file.replace('.yaml', '')}]}}`, 'p.yaml')).not.toThrow();
  }
  expect(() => parsePolicy('version: 1\nsources: {a: {include: [../../package]}}', 'p.yaml')).toThrow(
    expect.objectContaining({ code: 'POLICY_INVALID', message: expect.stringContaining('aerogear-ups, ldap-person, ldap-group') }),
  );
  const sample = readFileSync(new URL('../../stack/policies/prod.yaml', import.meta.url), 'utf8');
  expect(parsePolicy(sample, 'prod.yaml').sources.aerogear?.included).toHaveLength(1);
});
