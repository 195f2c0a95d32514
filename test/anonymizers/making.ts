import type { Made, Target } from '../../anonymizers/anonymizer.ts';
import { parseKey } from '../../anonymizers/key.ts';
import { type Policy, parsePolicy, type Rule } from '../../anonymizers/policy.ts';
import { createRuleMaker } from '../../anonymizers/rule-maker.ts';

export const keyText = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
export const otherKeyText = 'f'.repeat(64);

export const basePolicy: Policy = parsePolicy(
  'version: 1\ndevelopment_password: dev-password\nidentities: {staff.email: email, staff.login: login}\nsources: {}\n',
  'test.yaml',
);

export const textTarget: Target = {
  place: 'mysql shop.people.column',
  sourceKind: 'mysql',
  type: 'text',
  sqlType: 'text',
  nullable: true,
  unique: false,
};

/** Makes a rule's anonymizer; `columns` are those of its row, by name. */
export function makeRule(rule: Rule, target: Partial<Target> = {}, options: { key?: string; columns?: readonly string[] } = {}): Made {
  const make = createRuleMaker(basePolicy, parseKey(options.key ?? keyText));
  return make(rule, { ...textTarget, ...target }, (name) => ({ index: (options.columns ?? []).indexOf(name), maxLength: undefined }));
}

/** A rule as a function of strings; null for NULL. */
export function textRule(rule: Rule, target: Partial<Target> = {}, options: { key?: string } = {}): (value: string) => string | null {
  const { apply } = makeRule(rule, target, options);
  return (value) => {
    const result = apply(Buffer.from(value), []);
    return result && Buffer.from(result).toString();
  };
}

/** Values that no anonymizer expects: not UTF-8, control characters, very long, other scripts, nothing at all. */
export const hostileValues: readonly Uint8Array[] = [
  new Uint8Array(0),
  Uint8Array.of(0),
  Uint8Array.of(0xff, 0xfe, 0x80, 0x41),
  Uint8Array.of(0xc3),
  Uint8Array.from({ length: 256 }, (_, byte) => byte),
  Buffer.from('\r\n\t\\N\u0000'),
  Buffer.from('𠮷野家 👩‍👩‍👧 مرحبا'),
  Buffer.from('marie.dupont@acme.fr'.repeat(500)),
  Buffer.from('+'),
  Buffer.from('{"a":'),
  Buffer.from('0000-00-00'),
  Buffer.from('+33 6 12 34 56 78'),
  Buffer.from('1984-05-12'),
  Buffer.from('Abc-123'),
  Buffer.from('81.56.12.4'),
];
