import { describe, expect, test } from 'vitest';
import type { LiveSource } from '../../anonymizers/index.ts';
import { column, compile, shop, transformed, transformedEntry } from './live.ts';
import { textRule } from './making.ts';

const people = shop({ people: [column('email'), column('first_name'), column('last_name'), column('shown'), column('whole')] });
const directory: LiveSource = {
  name: 'ldap',
  kind: 'ldap',
  bases: ['dc=shop'],
  attributes: ['uid', 'mail', 'givenName', 'sn', 'displayName'],
};
const policy = compile(
  `
sources:
  mysql:
    tables:
      people:
        columns:
          email: email
          first_name: {first-name: {of: email}}
          last_name: {last-name: {of: email}}
          shown: {template: '{first_name} {last_name}'}
          whole: {full-name: {of: email}}
  ldap:
    attributes:
      uid: login
      mail: email
      givenName: {first-name: {of: mail}}
      sn: {last-name: {of: mail}}
      displayName: {template: '{givenName} {sn}'}
    dn: {uid: login}`,
  people,
  directory,
);
const ascii = (text: string): string =>
  text
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z]/g, '');

describe('names that follow an e-mail address', () => {
  test.each(['marie.dupont@acme.fr', 'x@y', 'Jean <jean@b.fr>'])('are those of the fake address of %s, in every source', (address) => {
    const [email, first, last, shown, whole] = transformed(policy, 'people', address, 'Marie', 'Dupont', 'MD', 'Dr. Marie Dupont');
    expect(email).toBe(textRule('email')(address));
    expect(email?.split('.').slice(0, 2)).toEqual([ascii(first ?? ''), ascii(last ?? '')]);
    expect([shown, whole]).toEqual([`${first} ${last}`, `${first} ${last}`]);
    const entry = transformedEntry(policy.directory('ldap'), 'uid=md,dc=shop', {
      displayName: ['MD'],
      givenName: ['Marie'],
      sn: ['Dupont'],
      // Read by the others, and replaced after them whatever the order.
      mail: [address.toUpperCase()],
    });
    expect(entry).toMatchObject({ displayName: [shown], givenName: [first], sn: [last], mail: [email] });
  });

  test('follow the real name where there is no address', () => {
    expect(transformed(policy, 'people', null, 'Marie', 'Dupont', null, null)).toEqual([
      null,
      textRule('first-name')('Marie'),
      textRule('last-name')('Dupont'),
      null,
      null,
    ]);
  });
});
