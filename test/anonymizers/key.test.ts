import { expect, test } from 'vitest';
import { parseKey } from '../../anonymizers/key.ts';
import { DynDataError } from '../../core/index.ts';
import { keyText, otherKeyText } from './making.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('a key has a stable fingerprint, and sub-keys that differ by purpose and by key', () => {
  const key = parseKey(` ${keyText.toUpperCase()}\n`);
  expect(key.id).toMatch(/^[0-9a-f]{16}$/);
  expect(key.id).toBe(parseKey(keyText).id);
  expect(key.id).not.toBe(parseKey(otherKeyText).id);
  expect(keyText).not.toContain(key.id);
  expect(key.subKey('a')).toHaveLength(16);
  expect(hex(key.subKey('a'))).toBe(hex(parseKey(keyText).subKey('a')));
  expect(hex(key.subKey('a'))).not.toBe(hex(key.subKey('b')));
  expect(hex(key.subKey('a'))).not.toBe(hex(parseKey(otherKeyText).subKey('a')));
});

test('the derivation is pinned: another one would change every pseudonym', () => {
  const key = parseKey(keyText);
  expect([key.id, hex(key.subKey('test'))]).toMatchInlineSnapshot(`
    [
      "2c193596e034cfc8",
      "697eb1f1c6502afada825169f112afd5",
    ]
  `);
});

test.each(['', 'hunter2', keyText.slice(1), `${keyText}00`, keyText.replace('0', 'g')])(
  'what is no key is refused without being shown',
  (text) => {
    const error = (() => {
      try {
        parseKey(text);
        return undefined;
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(DynDataError);
    expect(error).toMatchObject({ code: 'KEY_INVALID' });
    if (text !== '') expect(String(error)).not.toContain(text);
  },
);
