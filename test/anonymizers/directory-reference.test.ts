import { describe, expect, test } from 'vitest';
import { createReferenceEntries } from '../../anonymizers/directory-reference.ts';
import { parseDn, type Rdn } from '../../anonymizers/dn.ts';
import { parseLdapFilter } from '../../anonymizers/ldap-filter.ts';

const dnOf = (text: string): readonly Rdn[] => parseDn(text) ?? [];
const filterOf = (text: string) => {
  const filter = parseLdapFilter(text);
  if (!filter) throw new Error(`no filter: ${text}`);
  return filter;
};
const bases = [dnOf('o=Shop,c=FR'), dnOf('dc=shop')];

describe('the entries that an empty directory has', () => {
  const isReference = createReferenceEntries(bases, {
    dns: [dnOf('cn=sync, OU=robots,o=Services,dc=shop')],
    filters: [filterOf('(objectClass=groupOfNames)')],
  });
  const carried = (dn: string, ...objectClass: string[]): boolean =>
    isReference({ dn, attributes: new Map([['objectClass', objectClass.map((name) => Buffer.from(name))]]) });

  test.each([
    ['a base', 'dc=shop'],
    ['a base that is no unit', 'o=shop, c=fr'],
    ['a unit', 'ou=people,dc=shop'],
    ['a unit of units', 'oid.2.5.4.11=on call,dc=eu,organizationalUnitName=people,o=Shop,c=FR'],
    ['an entry named by DN', 'CN=Sync,ou=robots,o=services,dc=shop'],
    ['what stands above one', 'o=services,dc=shop'],
  ])('are %s', (_, dn) => expect(carried(dn)).toBe(true));

  test.each([
    ['a person', 'uid=marie,ou=people,dc=shop'],
    ['a person named by a unit too', 'uid=marie+ou=people,dc=shop'],
    ['a unit below a person', 'ou=addresses,uid=marie,ou=people,dc=shop'],
    ['an organization that is a customer', 'o=Acme,dc=shop'],
    ['what stands beside an entry named by DN', 'cn=other,ou=robots,o=Services,dc=shop'],
    ['a unit outside', 'ou=people,dc=other'],
    ['what is no DN', 'ou'],
  ])('are not %s', (_, dn) => expect(carried(dn)).toBe(false));

  test('are those that a filter matches, where their parent is carried', () => {
    expect(carried('cn=all,ou=groups,dc=shop', 'top', 'groupOfNames')).toBe(true);
    expect(carried('cn=all,ou=groups,dc=shop', 'top', 'device')).toBe(false);
    expect(carried('cn=all,uid=marie,dc=shop', 'groupOfNames')).toBe(false);
  });
});
