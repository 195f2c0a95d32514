import { expect, test } from 'vitest';
import type { DirectoryEntry } from '../../anonymizers/index.ts';
import { createNameCheck } from '../../builder/ldap/name-check.ts';

const entry = (dn: string): DirectoryEntry => ({ dn, attributes: new Map() });

test('what is wrong with names is told once for each kind of entry, all at once, and not without end', () => {
  const check = createNameCheck({ attributes: [], wrong: ({ dn }) => (dn.startsWith('cn') ? `the kind ${dn.at(-1)}` : undefined) });
  for (const dn of ['uid=a', 'cn=b2', 'cn=a1', 'cn=c1']) check.add(entry(dn));
  expect(() => check.report()).toThrow(expect.objectContaining({ code: 'POLICY_INVALID', details: ['the kind 1', 'the kind 2'] }));

  const many = createNameCheck({ attributes: [], wrong: ({ dn }) => dn });
  for (let at = 0; at < 1000; at += 1) many.add(entry(`cn=${at}`));
  expect(() => many.report()).toThrow(expect.objectContaining({ details: expect.objectContaining({ length: 20 }) }));
});

test('nothing wrong is no error', () => {
  const check = createNameCheck({ attributes: [], wrong: () => undefined });
  check.add(entry('cn=a'));
  expect(() => check.report()).not.toThrow();
});
