import { describe, expect, it } from 'vitest';
import { createByteBuffer } from '../../builder/byte-buffer.ts';
import { createEntryWriter } from '../../builder/ldap/ldif.ts';
import { dnDepth } from '../../builder/ldap/session.ts';

const appendEntry = createEntryWriter();
const record = (dn: string, attributes: Record<string, (string | Uint8Array)[]>): string => {
  const out = createByteBuffer(1);
  appendEntry(out, {
    dn,
    attributes: new Map(Object.entries(attributes).map(([name, values]) => [name, values.map((value) => Buffer.from(value))])),
  });
  return out.bytes.toString('latin1', 0, out.length);
};

describe('LDIF', () => {
  it('starts with the classes, sorts attributes, keeps the order of values and ends with a blank line', () => {
    expect(record('uid=a,dc=x', { uid: ['a'], mail: ['z@x', 'a@x'], objectClass: ['top', 'person'] })).toBe(
      'dn: uid=a,dc=x\nobjectClass: top\nobjectClass: person\nmail: z@x\nmail: a@x\nuid: a\n\n',
    );
  });

  it.each([[' lead'], ['trail '], [':colon'], ['<url'], ['line\nbreak'], ['carriage\rreturn'], ['nul\0'], ['é']])(
    'writes %j as base64',
    (value) => {
      expect(record('dc=x', { cn: [value] })).toContain(`cn:: ${Buffer.from(value).toString('base64')}\n`);
    },
  );

  it('writes a DN that is no ASCII as base64, and an empty value as nothing', () => {
    expect(record('cn=é', { description: [''] })).toBe(`dn:: ${Buffer.from('cn=é').toString('base64')}\ndescription: \n\n`);
  });

  it('counts the components of a DN without being fooled by escapes', () => {
    expect([dnDepth(''), dnDepth('dc=x'), dnDepth('o=a\\, b,dc=x'), dnDepth('cn=a\\\\,dc=x')]).toEqual([0, 1, 2, 2]);
  });
});
