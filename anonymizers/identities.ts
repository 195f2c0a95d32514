import type { IdentityKind } from './anonymizer.ts';

/** Identities every policy has; it may declare more of any kind. */
export const builtInIdentities: Readonly<Record<string, IdentityKind>> = {
  'person.email': 'email',
  'person.phone': 'phone',
  'person.login': 'login',
  'person.name': 'name',
  'person.date': 'date',
  'company.name': 'company',
  'company.domain': 'company',
  'bank.account': 'token',
  'bank.card': 'token',
  'address.postal-code': 'token',
  'push.credential': 'token',
  'device.token': 'token',
  'value.token': 'token',
  'network.ip': 'ip',
};
