import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Made } from '../../anonymizers/anonymizer.ts';
import { canonicalType, depthBelow, formatDn, parseDn, type Rdn, sameDn } from '../../anonymizers/dn.ts';
import { createDnMapping } from '../../anonymizers/dn-mapping.ts';

const encoder = new TextEncoder();
const reversed: Made = {
  apply: (value) => encoder.encode(`fake of ${Buffer.from(value).toString('utf8').toLowerCase()}`),
  unique: true,
  longest: 'input',
};
const kept: Made = { apply: (value) => value, unique: true, longest: 'input', keeps: true };
const rules = new Map([
  ['uid', reversed],
  ['cn', reversed],
  ['ou', kept],
  ['dc', kept],
  ['o', reversed],
]);

/** The same, component by component, of a DN as a whole. */
function mapped(text: string, bases: readonly (readonly Rdn[])[], services: readonly (readonly Rdn[])[]): string {
  const dn = parseDn(text) as Rdn[];
  const below = depthBelow(dn, bases) ?? dn.length;
  let changed = false;
  const result = dn.map((rdn, at) => {
    if (at >= below || services.some((service) => sameDn(service, dn.slice(at)))) return rdn;
    return rdn.map((attribute) => {
      const rule = rules.get(canonicalType(attribute.type)) as Made;
      if (rule.keeps) return attribute;
      changed = true;
      return { type: attribute.type, value: rule.apply(attribute.value, []) as Uint8Array, ber: false };
    });
  });
  return changed ? formatDn(result) : text;
}

const type = fc.constantFrom('uid', 'UID', 'cn', 'commonName', 'ou', 'o');
const value = fc.constantFrom(
  'a',
  'B c',
  'a\\, b',
  'a\\2C b',
  'x\\+y',
  '\\#z',
  'é',
  'a;b'.replace(';', '\\;'),
  '"quoted, one"',
  'trailing\\ ',
);
const rdn = fc
  .array(fc.tuple(type, value), { minLength: 1, maxLength: 2 })
  .map((pairs) => pairs.map(([one, text]) => `${one}=${text}`).join('+'));
const dn = fc
  .tuple(
    fc.array(rdn, { maxLength: 4 }),
    fc.constantFrom(
      'ou=services,dc=shop,dc=test',
      'dc=shop,dc=test',
      'DC=Shop, dc=test',
      'o=second',
      'dc=test',
      'dc=other,dc=test',
      'o=inner,dc=shop,dc=test',
    ),
    fc.constantFrom(',', ', ', ';'),
  )
  .map(([leaves, end, separator]) => [...leaves, end].join(separator));

it.each([
  ['one base', ['dc=shop,dc=test'], []],
  ['several bases, one in another', ['dc=shop,dc=test', 'o=second', 'o=inner,dc=shop,dc=test'], []],
  ['kept entries', ['dc=shop,dc=test'], ['uid=a,ou=services,dc=shop,dc=test', 'ou=services,dc=shop,dc=test']],
])('a DN is mapped like its components, whatever was mapped before: %s', (_what, baseTexts, serviceTexts) => {
  const bases = baseTexts.map((text) => parseDn(text) as Rdn[]);
  const services = serviceTexts.map((text) => parseDn(text) as Rdn[]);
  fc.assert(
    fc.property(fc.array(dn, { minLength: 1, maxLength: 30 }), (texts) => {
      const mapping = createDnMapping('ldap', bases, rules, services);
      for (const text of texts) {
        expect(mapping.map(text, 'place')).toBe(mapped(text, bases, services));
        const own = parseDn(text) as Rdn[];
        expect(mapping.own(text)).toEqual({
          rdn: own[0],
          isRewritten: depthBelow(own, bases) !== 0 && !services.some((service) => sameDn(service, own)),
        });
      }
    }),
  );
});

it('what is no DN is refused, the second time too', () => {
  const { map, own } = createDnMapping('ldap', [parseDn('dc=shop,dc=test') as Rdn[]], rules);
  for (const text of ['uid=a,', ',dc=shop,dc=test', 'uid=a,,dc=shop,dc=test', 'no dn,dc=shop,dc=test', 'uid=a,dc=shop,dc=test,']) {
    for (let time = 0; time < 2; time += 1) {
      expect(() => map(text, 'place')).toThrow('a value that is no DN');
      expect(own(text)).toBeUndefined();
    }
  }
});
