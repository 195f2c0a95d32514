import { expect, test } from 'vitest';
import { compilePolicy, type LiveSource, parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { findEnvironment } from '../../builder/environment.ts';
import { parseRegistryConfig } from '../../core/registry-config.ts';

const [now, next] = ['a'.repeat(64), 'b'.repeat(64)];
const keyOf = (more: string, secrets: Readonly<Record<string, string>>): Promise<{ id: string }> => {
  const yaml = `version: 1\nstorage: {folder: data}\nenvironments:\n  prod: {repository: shop, policy: p.yaml, key: {env: NOW}${more}, sources: {}}\n`;
  const context = { config: parseRegistryConfig(yaml, 'registry.yaml'), configDirectory: '/', environment: secrets };
  return findEnvironment(context, 'prod').key();
};

test('snapshots are made with the key, and with the next one as soon as there is one', async () => {
  expect((await keyOf('', { NOW: now })).id).toBe(parseKey(now).id);
  expect((await keyOf(', nextKey: {env: NEXT}', { NOW: now, NEXT: next })).id).toBe(parseKey(next).id);
});

test('a next key that is missing, no key, or no other one stops the build', async () => {
  await expect(keyOf(', nextKey: {env: NEXT}', { NOW: now })).rejects.toThrow(expect.objectContaining({ code: 'KEY_MISSING' }));
  await expect(keyOf(', nextKey: {env: NEXT}', { NOW: now, NEXT: 'short' })).rejects.toThrow(
    expect.objectContaining({ code: 'KEY_INVALID' }),
  );
  const same = keyOf(', nextKey: {env: NEXT}', { NOW: now, NEXT: `${now}\n` });
  await expect(same).rejects.toThrow(expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringContaining('same key') }));
  await expect(same).rejects.not.toThrow(now);
});

test('equal values are equal in all sources of one key, and others under the next: nothing joins two snapshots', () => {
  const email = { name: 'email', type: 'text', sqlType: 'varchar(254)', nullable: false, unique: true } as const;
  const sources: readonly LiveSource[] = [
    { name: 'mysql', kind: 'mysql', tables: [{ schema: 'shop', name: 'users', columns: [email] }] },
    { name: 'push', kind: 'postgres', tables: [{ schema: 'public', name: 'installation', columns: [{ ...email, name: 'alias' }] }] },
    { name: 'ldap', kind: 'ldap', bases: ['dc=shop'], attributes: ['mail', 'uid'] },
  ];
  const text = `version: 1
sources:
  mysql: {tables: {users: {columns: {email: email}}}}
  push: {tables: {installation: {columns: {alias: email}}}}
  ldap: {attributes: {mail: email, uid: login}, dn: {uid: login}}
`;
  const made = (key: string) => {
    const policy = compilePolicy({ policy: parsePolicy(text, 'p.yaml'), key: parseKey(key), sources });
    const column = (source: string, schema: string, table: string): string => {
      const row = [Buffer.from('marie@acme.fr')];
      policy.table(source, schema, table).transform(row);
      return String(row[0]);
    };
    const entry = policy
      .directory('ldap')
      .transform({ dn: 'uid=marie,dc=shop', attributes: new Map([['mail', [Buffer.from('marie@acme.fr')]]]) });
    const mails = [column('mysql', 'shop', 'users'), column('push', 'public', 'installation'), String(entry.attributes.get('mail')?.[0])];
    return { keyId: policy.keyId, mails: new Set(mails), dn: entry.dn };
  };
  const [old, again, rotated] = [made(now), made(now), made(next)];
  expect(again).toEqual(old);
  expect([old.mails.size, rotated.mails.size]).toEqual([1, 1]);
  expect(rotated.mails).not.toEqual(old.mails);
  expect(rotated.dn).not.toBe(old.dn);
  expect(rotated.keyId).not.toBe(old.keyId);
});
