import type { LdapEntry, LdapValue } from '../../sample/ldap/ldif.ts';
import { ascii, firstNames, lastNames } from '../made-up.ts';

// The directory of a telephony company, of a size where speed matters: 100,000 persons and groups. Everybody in it is made up.

export const base = 'dc=large,dc=test';

/** Six keyed attributes (uid, mail, two phones, employeeNumber, and the names, which follow the address), and every DN with them. */
export const policy = `
version: 1
country: FR
development_password: dyn-data
sources:
  ldap:
    include: [ldap-person, ldap-group]
`;

const titles = ['Technicienne réseau', 'Ingénieur', 'Comptable', 'Directrice', 'Conseiller clientèle', 'Juriste'];
const personsPerUnit = 1_000;
const personsPerGroup = 50;

const of = (list: readonly string[], index: number, step: number): string => list[Math.floor(index / step) % list.length] as string;
const digits = (index: number, salt: number): string => String((index * 7_919 + salt * 104_729) % 100_000_000).padStart(8, '0');

/** About so many entries: units, their persons, and a group for every fifty persons. Operational attributes are the server's. */
export function* directoryEntries(entries: number): Generator<LdapEntry> {
  const persons = Math.round(entries / (1 + 1 / personsPerGroup + 1 / personsPerUnit));
  const units = Math.ceil(persons / personsPerUnit);
  const entry = (dn: string, attributes: readonly (readonly [string, readonly LdapValue[]])[]): LdapEntry => ({ dn, attributes });
  const loginOf = (index: number): string => `${ascii(of(firstNames, index, 1))}.${ascii(of(lastNames, index, 5))}${index}`;
  const dnOf = (index: number): string => `uid=${loginOf(index)},ou=unit ${Math.floor(index / personsPerUnit)},${base}`;

  yield entry(base, [
    ['objectClass', ['top', 'dcObject', 'organization']],
    ['dc', ['large']],
    ['o', ['Large']],
  ]);
  for (const name of ['groups', ...Array.from({ length: units }, (_, unit) => `unit ${unit}`)])
    yield entry(`ou=${name},${base}`, [
      ['objectClass', ['top', 'organizationalUnit']],
      ['ou', [name]],
    ]);
  for (let index = 0; index < persons; index += 1) {
    const [first, last] = [of(firstNames, index, 1), of(lastNames, index, 5)];
    const attributes: (readonly [string, readonly LdapValue[]])[] = [
      ['objectClass', ['top', 'person', 'organizationalPerson', 'inetOrgPerson']],
      ['uid', [loginOf(index)]],
      ['cn', index % 6 === 0 ? [`${first} ${last}`, `${last} ${first}`] : [`${first} ${last}`]],
      ['sn', [last]],
      ['givenName', [first]],
      ['mail', [`${loginOf(index)}@large.test`]],
      ['telephoneNumber', [`+331${digits(index, 1)}`]],
      ['mobile', [`+336${digits(index, 2)}`]],
      ['employeeNumber', [`E${digits(index, 3)}`]],
      ['title', [of(titles, index, 3)]],
      ['departmentNumber', [String(index % 40)]],
      ['employeeType', [index % 9 === 0 ? 'external' : 'internal']],
      ['preferredLanguage', ['fr-FR']],
      ['manager', [dnOf(Math.floor(index / 10))]],
      [
        'userPassword',
        [Buffer.from(`{SSHA}${Buffer.from(`${digits(index, 4)}${digits(index, 5)}${digits(index, 6)}`).toString('base64')}`)],
      ],
    ];
    if (index % 3 === 0) attributes.push(['description', [`Called about the bill of ${1 + (index % 28)} May, wants to be called back`]]);
    yield entry(dnOf(index), attributes);
  }
  for (let group = 0; group * personsPerGroup < persons; group += 1) {
    const members = Array.from({ length: Math.min(personsPerGroup, persons - group * personsPerGroup) }, (_, at) =>
      dnOf(group * personsPerGroup + at),
    );
    yield entry(`cn=group ${group},ou=groups,${base}`, [
      ['objectClass', ['top', 'groupOfNames']],
      ['cn', [`group ${group}`]],
      ['description', ['A group of people']],
      ['member', members],
    ]);
  }
}
