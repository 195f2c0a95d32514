import { createHash } from 'node:crypto';
import { placeOfEmployee } from '../companies.ts';
import { chance, uuidOf } from '../dice.ts';
import { noteAbout } from '../mentions.ts';
import { jpegOf } from '../pictures.ts';
import type { Person, Population } from '../population.ts';
import type { SampleCounts } from '../sizes.ts';
import { dnValue } from './dn.ts';
import type { LdapEntry, LdapValue } from './ldif.ts';

export const ldapBase = 'dc=dynamease,dc=test';

/** Password of the service bind account `cn=tomcat`; a known one, so that the sample's server can bind. */
const tomcatBindPassword = 'sample-tomcat-bind';

/** Entries that are there at every size: base, services, the service account. */
const fixedEntryCount = 3;
/** Entries a company has beside its people: itself, two units, three groups. */
const entriesPerCompany = 6;

/** How many companies the first `people` employees work for. */
const ldapCompanyCount = (people: number): number => placeOfEmployee(people - 1).companyIndex + 1;

/** How many entries {@link ldapEntries} gives. */
export const ldapEntryCount = (counts: SampleCounts): number =>
  fixedEntryCount + ldapCompanyCount(counts.ldapPeople) * entriesPerCompany + counts.ldapPeople;

const ssha = (password: string, salt: Buffer): string =>
  `{SSHA}${Buffer.concat([createHash('sha1').update(password).update(salt).digest(), salt]).toString('base64')}`;

type Attributes = (readonly [name: string, values: readonly LdapValue[]])[];

/** French numbers as people read them: `+33 1 42 68 53 00`. */
const spaced = (e164: string): string => `${e164.slice(0, 3)} ${e164.slice(3, 4)} ${(e164.slice(4).match(/../g) ?? []).join(' ')}`;

/**
 * The whole directory, parents before children and a company after the other.
 * Operational attributes (entryUUID, entryCSN, times) are part of it, so that the same seed gives the same database.
 */
export function* ldapEntries(population: Population, counts: SampleCounts): Generator<LdapEntry> {
  const roll = population.dice.die('ldap');
  const salt = population.dice.bytes('ldap.salt');
  const uuid = population.dice.bytes('ldap.uuid');
  let made = 0;

  const entry = (dn: string, objectClasses: readonly string[], attributes: Attributes): LdapEntry => {
    const number = made++;
    return {
      dn,
      attributes: [
        ['objectClass', objectClasses],
        ...attributes,
        ['entryUUID', [uuidOf(uuid(number, 16))]],
        ['creatorsName', [`cn=admin,${ldapBase}`]],
        ['modifiersName', [`cn=admin,${ldapBase}`]],
        ['createTimestamp', ['20240101000000Z']],
        ['modifyTimestamp', ['20240501000000Z']],
        ['entryCSN', [`20240501000000.000000Z#${number.toString(16).padStart(6, '0')}#000#000000`]],
      ],
    };
  };

  const companyDn = (companyIndex: number): string => `o=${dnValue(population.company(companyIndex).name)},${ldapBase}`;
  const personDn = (person: Person, ofCompany: string): string => `uid=${dnValue(person.login)},ou=people,${ofCompany}`;

  const personEntry = (person: Person, ofCompany: string, companyName: string): LdapEntry => {
    const { employment } = person;
    if (employment === null) throw new RangeError('a person in LDAP without employment');
    const rolled = roll(person.index);
    const manager = employment.managerOrdinal === null ? null : population.person(population.employee(employment.managerOrdinal));
    const attributes: Attributes = [
      ['uid', [person.login]],
      ['cn', rolled % 6 === 0 ? [person.displayName, `${person.lastName} ${person.firstName}`] : [person.displayName]],
      ['sn', [person.lastName]],
      ['givenName', [person.firstName]],
      ['displayName', [person.nickname === null ? person.displayName : `${person.displayName} (${person.nickname})`]],
      ['mail', [person.email]],
      ['telephoneNumber', [spaced(person.landline)]],
      ['mobile', [person.mobile]],
      ['employeeNumber', [employment.employeeNumber]],
      ['title', [employment.title]],
      ['o', [companyName]],
      ['preferredLanguage', [person.locale.replace('_', '-')]],
      ['userPassword', [Buffer.from(ssha(`Sample-${person.index}-horse`, salt(person.index, 8)))]],
    ];
    if (rolled % 4 === 0) attributes.push(['initials', [person.initials]]);
    if (rolled % 5 !== 0) attributes.push(['street', [person.street]], ['postalCode', [person.postalCode]], ['l', [person.city]]);
    if (manager !== null) attributes.push(['manager', [personDn(manager, ofCompany)]]);
    if (chance(rolled, 30)) attributes.push(['description', [noteAbout(person, manager ?? person, rolled)]]);
    if (rolled % 3 === 0) attributes.push(['jpegPhoto', [jpegOf(rolled % 256, `sample ${person.index}`)]]);
    return entry(personDn(person, ofCompany), ['top', 'person', 'organizationalPerson', 'inetOrgPerson'], attributes);
  };

  const companyEntries = function* (companyIndex: number, ordinals: readonly number[]): Generator<LdapEntry> {
    const company = population.company(companyIndex);
    const dn = companyDn(companyIndex);
    yield entry(
      dn,
      ['top', 'organization'],
      [
        ['o', [company.name]],
        ['description', [`Siège : ${company.city}`]],
        ['telephoneNumber', [spaced(company.phone)]],
        ['street', [company.street]],
        ['postalCode', [company.postalCode]],
        ['l', [company.city]],
      ],
    );
    yield entry(`ou=people,${dn}`, ['top', 'organizationalUnit'], [['ou', ['people']]]);
    const dns: string[] = [];
    for (const ordinal of ordinals) {
      const person = population.person(population.employee(ordinal));
      dns.push(personDn(person, dn));
      yield personEntry(person, dn, company.name);
    }
    yield entry(`ou=groups,${dn}`, ['top', 'organizationalUnit'], [['ou', ['groups']]]);
    const groups: readonly (readonly [name: string, description: string, members: readonly string[]])[] = [
      ['all', 'Tout le monde', dns],
      ['managers', 'Ceux qui encadrent', dns.filter((_, rank) => rank === 0 || rank * 8 < dns.length - 1)],
      ['on-call', 'Astreinte ☎', dns.filter((_, rank) => rank % 4 === 0)],
    ];
    for (const [name, description, members] of groups)
      yield entry(
        `cn=${name},ou=groups,${dn}`,
        ['top', 'groupOfNames'],
        [
          ['cn', [name]],
          ['description', [description]],
          ['member', members],
        ],
      );
  };

  yield entry(
    ldapBase,
    ['top', 'dcObject', 'organization'],
    [
      ['o', ['Dynamease']],
      ['dc', ['dynamease']],
    ],
  );
  yield entry(`ou=services,${ldapBase}`, ['top', 'organizationalUnit'], [['ou', ['services']]]);
  yield entry(
    `cn=tomcat,ou=services,${ldapBase}`,
    ['top', 'organizationalRole', 'simpleSecurityObject'],
    [
      ['cn', ['tomcat']],
      ['description', ['Bind account of the application server']],
      ['userPassword', [Buffer.from(ssha(tomcatBindPassword, salt(0xffff_ffff, 8)))]],
    ],
  );
  let ordinal = 0;
  for (let companyIndex = 0; ordinal < counts.ldapPeople; companyIndex++) {
    const ordinals: number[] = [];
    for (; ordinal < counts.ldapPeople && placeOfEmployee(ordinal).companyIndex === companyIndex; ordinal++) ordinals.push(ordinal);
    yield* companyEntries(companyIndex, ordinals);
  }
}
