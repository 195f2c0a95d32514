import { ldapEntries } from './ldap/entries.ts';
import type { LdapValue } from './ldap/ldif.ts';
import { passwordHashes } from './mysql/password-hashes.ts';
import { voipNumber } from './mysql/telephony-data.ts';
import type { Population } from './population.ts';
import { postgresTables } from './postgres/tables.ts';
import type { SampleCounts } from './sizes.ts';

/**
 * How many people occur anywhere in the sample: the users, then the contacts and callers who are none.
 * Outsiders are at most as many as the users.
 */
const peopleOf = (counts: SampleCounts): number => counts.users * 2;

/** Every e-mail address that occurs in the sample, lower case. A snapshot must hold none of them. */
export function* realEmails(population: Population, counts: SampleCounts): Generator<string> {
  for (let index = 0; index < peopleOf(counts); index++) yield population.person(index).email;
  for (let index = 0; index < counts.companies; index++) yield population.company(index).contactEmail;
}

/** Every phone number that occurs in the sample, E.164; in the data some are written otherwise. */
export function* realPhones(population: Population, counts: SampleCounts): Generator<string> {
  for (let index = 0; index < peopleOf(counts); index++) yield population.mobile(index);
  for (let index = 0; index < counts.users; index++) yield population.landline(index);
  for (let index = 0; index < counts.companies; index++) yield population.company(index).phone;
  const ownNumbers = counts.numbers - counts.employees - counts.users / 2;
  for (let pair = 0; pair * 2 < ownNumbers; pair++) yield voipNumber(population)(pair);
}

/** The columns of AeroGear's tables that hold secrets. */
const secretColumns: Readonly<Record<string, readonly string[]>> = {
  push_application: ['master_secret'],
  variant: ['secret'],
  android_variant: ['google_key'],
  ios_variant: ['cert_data', 'passphrase'],
  ios_token_variant: ['private_key'],
  webpush_variant: ['private_key'],
  installation: ['device_token'],
};

const textOf = (value: LdapValue): string => value.toString();

/** Every secret of the sample: password hashes, application and variant secrets, keys, device tokens. PEM keys with their line breaks. */
export function* realSecrets(population: Population, counts: SampleCounts): Generator<string> {
  yield* passwordHashes;
  for (const { table, columns, rows } of postgresTables(population, counts)) {
    const places = (secretColumns[table] ?? []).map((column) => columns.indexOf(column));
    if (places.length > 0) for (const row of rows()) for (const place of places) yield String(row[place]);
  }
  for (const entry of ldapEntries(population, counts))
    for (const [name, values] of entry.attributes) if (name === 'userPassword') yield* values.map(textOf);
}
