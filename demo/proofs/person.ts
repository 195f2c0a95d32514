import type { OpenSystem } from '../systems.ts';

/** One person, seen in the three systems; e-mails in lower case. */
export type PersonSeen = {
  readonly mysqlEmail: string;
  readonly ldapEmail: string;
  readonly pushAlias: string;
  readonly fullName: string;
  readonly phone: string;
  readonly dn: string;
  readonly managerDn: string;
  /** Whether an entry stands at managerDn. */
  readonly managerExists: boolean;
};

/** How a person is found again in the copy: by what no policy changes. */
export type PersonKeys = { readonly userId: string; readonly entryUuid: string; readonly installationId: string };

/** The first user of the source who is an LDAP person with a manager and has an installation. */
export async function findPerson(source: OpenSystem): Promise<PersonKeys> {
  const employees = await source.mysql(
    'SELECT user_id AS id, LOWER(u.email) AS email FROM dynamease.employees e JOIN dynamease.users u ON u.id = e.user_id ORDER BY e.id LIMIT 500',
  );
  const entries = await source.ldap('(&(objectClass=inetOrgPerson)(manager=*))', ['mail', 'entryUUID']);
  const uuidOf = new Map(entries.map(({ values }) => [values.get('mail')?.[0]?.toLowerCase(), values.get('entryUUID')?.[0]]));
  for (const { id, email } of employees) {
    const entryUuid = uuidOf.get(email ?? undefined);
    if (!entryUuid || !id) continue;
    const [installation] = await source.postgres('SELECT id FROM installation WHERE lower(alias) = $1 ORDER BY id LIMIT 1', [email]);
    if (installation?.id) return { userId: id, entryUuid, installationId: installation.id };
  }
  throw new Error('The sample has no person in all three systems.');
}

export async function seePerson(system: OpenSystem, keys: PersonKeys): Promise<PersonSeen> {
  const [user] = await system.mysql(
    "SELECT LOWER(email) AS email, CONCAT(first_name, ' ', last_name) AS name, phone FROM dynamease.users WHERE id = ?",
    [keys.userId],
  );
  const [entry] = await system.ldap(`(entryUUID=${keys.entryUuid})`);
  const [installation] = await system.postgres('SELECT lower(alias) AS alias FROM installation WHERE id = $1', [keys.installationId]);
  const managerDn = entry?.values.get('manager')?.[0] ?? '';
  const reports = await system.ldap(`(manager=${escapeFilter(managerDn)})`, ['1.1']);
  const managers = await system.ldap(`(entryDN=${escapeFilter(managerDn)})`, ['1.1']);
  return {
    mysqlEmail: user?.email ?? '',
    ldapEmail: entry?.values.get('mail')?.[0]?.toLowerCase() ?? '',
    pushAlias: installation?.alias ?? '',
    fullName: user?.name ?? '',
    phone: user?.phone ?? '',
    dn: entry?.dn ?? '',
    managerDn,
    managerExists: managers.length === 1 && reports.length > 0,
  };
}

/** How many people carry one e-mail across MySQL and LDAP, MySQL and AeroGear. */
export async function countJoins(system: OpenSystem): Promise<{ readonly ldap: number; readonly push: number }> {
  const users = new Set((await system.mysql('SELECT LOWER(email) AS email FROM dynamease.users')).map(({ email }) => email));
  const entries = await system.ldap('(mail=*)', ['mail']);
  const aliases = await system.postgres('SELECT lower(alias) AS alias FROM installation WHERE alias IS NOT NULL');
  return {
    ldap: entries.filter(({ values }) => values.get('mail')?.some((mail) => users.has(mail.toLowerCase()))).length,
    push: aliases.filter(({ alias }) => users.has(alias ?? null)).length,
  };
}

function escapeFilter(value: string): string {
  return value.replace(/[\\*()\0]/g, (char) => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
