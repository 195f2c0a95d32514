import { expect, test } from 'vitest';
import { parseKey } from '../../anonymizers/index.ts';
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
