import type { RowDataPacket } from 'mysql2/promise';
import { type LeakRule, pseudonymWords } from '../anonymizers/index.ts';
import { DynDataError } from '../core/errors.ts';
import type { HostileSystems } from './hostile.ts';
import { pngOf, withPngText } from './pictures.ts';
import { createPopulation } from './population.ts';
import { defaultSeed } from './sizes.ts';

/** A place of the policy, and the rule that forgets what can stand there. */
export type Forgetting = { readonly path: readonly string[]; readonly rule: unknown };

export interface HostileLeak {
  readonly name: string;
  /** Where the leak scan must find it, and by which rule. */
  readonly place: string;
  readonly rule: LeakRule;
  /** What a careless policy says there; undefined where the sample's own policy keeps the place already. */
  readonly forgets?: Forgetting;
  /** Gives what takes it out again. */
  plant(systems: HostileSystems): Promise<() => Promise<void>>;
}

const population = createPopulation(defaultSeed);
const { email } = population.person(3);
const phone = population.person(4).mobileAsTyped;
const { login } = population.person(5);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A value into a column of one row. */
const intoMysql =
  (table: string, column: string, value: unknown, where: string): HostileLeak['plant'] =>
  async ({ mysql }) => {
    const [before] = await mysql<RowDataPacket & { value: unknown }>(`SELECT ${column} AS value FROM ${table} WHERE ${where}`);
    await mysql(`UPDATE ${table} SET ${column} = ? WHERE ${where}`, [value]);
    const found = before?.value ?? null;
    // The client gives a document as what it means.
    const restored = typeof found === 'object' && found !== null && !Buffer.isBuffer(found) ? JSON.stringify(found) : found;
    return async () => {
      await mysql(`UPDATE ${table} SET ${column} = ? WHERE ${where}`, [restored]);
    };
  };

const inSql = (table: string, column: string, rule: unknown): Forgetting => ({ path: ['mysql', 'tables', table, 'columns', column], rule });

const commentLeak: HostileLeak = {
  name: 'an e-mail address in a comment field',
  place: 'mysql dynamease.contacts.comment',
  rule: 'known-email',
  forgets: inSql('contacts', 'comment', 'keep'),
  plant: intoMysql('contacts', 'comment', `Merci d’écrire à ${email}\navant mardi.`, 'owner_id = 1 AND position = 1'),
};

const jsonListLeak: HostileLeak = {
  name: 'a phone number in a JSON list',
  place: 'mysql dynamease.users.settings',
  rule: 'known-phone',
  plant: intoMysql('users', 'settings', JSON.stringify({ widgets: ['calls', phone] }), 'id = 2'),
};

const descriptionLeak: HostileLeak = {
  name: 'a name in an LDAP description',
  place: 'ldap attribute description',
  rule: 'known-name',
  forgets: { path: ['ldap', 'attributes', 'description'], rule: 'keep' },
  plant: async ({ mysql, ldapDns, ldapReplace }) => {
    const common = pseudonymWords();
    const contacts = await mysql<RowDataPacket & { name: string }>(
      "SELECT name FROM contacts WHERE name LIKE '% %' ORDER BY owner_id, position",
    );
    // A name that an anonymizer can write too says nothing, and is not looked for.
    const own = contacts.find(({ name }) => name.split(' ').every((word) => !common.has(word.toLowerCase())));
    const [dn] = await ldapDns('(objectClass=inetOrgPerson)');
    if (own === undefined || dn === undefined) throw new DynDataError('VERIFY_FAILED', 'The sample system has no people. Fill it again.');
    await ldapReplace(dn, 'description', [`Remplace ${own.name} à l’accueil`]);
    return () => ldapReplace(dn, 'description', []);
  },
};

const pictureLeak: HostileLeak = {
  name: 'an address in the text chunk of a PNG',
  place: 'mysql dynamease.users.avatar',
  rule: 'known-email',
  forgets: inSql('users', 'avatar', 'keep'),
  plant: intoMysql('users', 'avatar', withPngText(pngOf(Buffer.alloc(64, 0x7f)), 'Author', email), 'id = 3'),
};

const messagePath = ['aerogear', 'tables', 'flat_push_message_info', 'columns', 'raw_json_message', 'json', 'paths', '$.criteria.alias[*]'];

const aliasLeak: HostileLeak = {
  name: 'an alias in raw_json_message',
  place: 'aerogear public.flat_push_message_info.raw_json_message',
  rule: 'known-email',
  forgets: { path: messagePath, rule: 'keep' },
  plant: async ({ postgres }) => {
    const set = (alias: readonly string[] | null): Promise<unknown> =>
      postgres(
        `UPDATE flat_push_message_info SET raw_json_message = jsonb_set(raw_json_message::jsonb, '{criteria,alias}', $1::jsonb)::text
         WHERE id = (SELECT min(id) FROM flat_push_message_info) RETURNING id`,
        [JSON.stringify(alias)],
      );
    await set([email.toUpperCase()]);
    return async () => {
      await set(null);
    };
  },
};

const deviceLeak: HostileLeak = {
  name: 'a device token in a column for the model',
  place: 'aerogear public.installation.device_type',
  rule: 'known-secret',
  plant: async ({ postgres }) => {
    const first = 'WHERE id = (SELECT min(id) FROM installation)';
    const [before] = await postgres(`SELECT device_type FROM installation ${first}`);
    await postgres(
      `UPDATE installation SET device_type = (SELECT left(device_token, 250) FROM installation WHERE length(device_token) < 250 LIMIT 1) ${first}`,
    );
    return async () => {
      await postgres(`UPDATE installation SET device_type = $1 ${first}`, [before?.device_type ?? null]);
    };
  },
};

/** Into columns of the table `quirks`, which the sample's policy keeps. */
const quirk = (name: string, column: string, value: unknown, rule: LeakRule, row: number): HostileLeak => ({
  name,
  place: `mysql dynamease.quirks.${column}`,
  rule,
  plant: intoMysql('quirks', column, value, `id = ${row}`),
});

/** Into the transport header of a call, which the sample's policy keeps. */
const header = (name: string, value: string, rule: LeakRule, row: number): HostileLeak => ({
  name,
  place: 'mysql dynamease.calls.raw_header',
  rule,
  plant: intoMysql('calls', 'raw_header', `X-Note: ${value}\r\n`, `id = ${row}`),
});

const pem =
  '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg6TCvOePVMTAjWLPlzVDOmdZmn0pvDGU3pGkrmkdRoAoGCCqGSM49\n-----END EC PRIVATE KEY-----\n';
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

/** Every way in which the hostile sample leaks; the columns of one place hold several, each in a row of its own. */
export const hostileLeaks: readonly HostileLeak[] = [
  commentLeak,
  jsonListLeak,
  descriptionLeak,
  pictureLeak,
  aliasLeak,
  deviceLeak,
  quirk('an e-mail address in base64', 'payload', base64(`{"contact":"${email}"}`), 'known-email', 10),
  quirk('a percent-encoded e-mail address', 'long_text', `https://acme.test/r?to=${encodeURIComponent(email)}&n=1`, 'known-email', 11),
  quirk('an e-mail address in binary data', 'payload_binary', Buffer.from(`\u0001\u0002 ${email} \u0003`), 'known-email', 12),
  quirk('a login in a label', 'label', `made by ${login}`, 'known-login', 13),
  header('a phone number in base64', base64(`tel:${phone}`), 'known-phone', 20),
  header('an address of nobody known', 'webmaster@entreprise-voisine.fr', 'email', 21),
  header('a bank account', 'FR76 3000 6000 0112 3456 7890 189', 'iban', 22),
  header('a card', '4111 1111 1111 1111', 'card', 23),
  header('a public address of a machine', 'received=82.64.17.3', 'ip', 24),
  header('a private key', pem, 'private-key', 25),
  header('a signed token', `Bearer ${jwt}`, 'jwt', 26),
  header('a password hash', '$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', 'bcrypt', 27),
  header('a key of a cloud service', 'AKIAIOSFODNN7EXAMPLE', 'api-key', 28),
];

/**
 * A policy that forgets the places of these leaks.
 * @param policy the parsed YAML of a policy; not changed
 */
export const forgetfulPolicy = (policy: unknown, leaks: readonly Pick<HostileLeak, 'forgets'>[]): unknown => {
  const forgetful: unknown = structuredClone(policy);
  for (const { forgets } of leaks) if (forgets) replaceAt(forgetful, ['sources', ...forgets.path], forgets.rule);
  return forgetful;
};

const replaceAt = (value: unknown, [step, ...rest]: readonly string[], rule: unknown): void => {
  if (typeof value !== 'object' || value === null || step === undefined || (rest.length > 0 && !(step in value))) {
    throw new DynDataError(
      'VERIFY_FAILED',
      `The policy has no rule at "${step}" for the hostile sample to forget. Give hostile-leaks.ts its present place.`,
    );
  }
  const object = value as Record<string, unknown>;
  if (rest.length === 0) object[step] = rule;
  else replaceAt(object[step], rest, rule);
};
