import { readFile } from 'node:fs/promises';
import { Attribute, Client as LdapClient } from 'ldapts';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { type Developer, stackFile } from '../../demo/developer.ts';
import { stackSystem } from '../../demo/systems.ts';
import { projectFolder } from '../../scripts/project-paths.ts';

/** Settings of the example's servers, as they read them themselves. */
async function settingsOf(file: string): Promise<(name: string) => string> {
  const text = await readFile(`${projectFolder}/stack/config/${file}.properties`, 'utf8');
  const settings = new Map([...text.matchAll(/^([\w.]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  return (name) => settings.get(name) ?? '';
}

/**
 * What the example's application does for a new person, with its own accounts: a user in MySQL, an entry in LDAP that then binds, a device with a
 * category in AeroGear's database. @returns what it reads back
 */
export async function registerPerson(developer: Developer, login: string): Promise<Record<string, unknown>> {
  const system = await stackSystem(stackFile, developer);
  const [server, push] = await Promise.all(['server', 'aerogear'].map(settingsOf));
  const email = `${login}@example.com`;

  const database = await mysql.createConnection({
    ...system.mysql,
    user: server?.('mysql.user') ?? '',
    password: server?.('mysql.password') ?? '',
  });
  await database.query(
    "INSERT INTO users (offer_id, login, email, first_name, last_name, password_hash, locale, country, created_at) SELECT id, ?, ?, 'New', 'Person', 'x', 'fr_FR', 'FR', NOW(6) FROM offers WHERE code = 'basic'",
    [login, email],
  );
  await database.query('UPDATE users SET email = ? WHERE login = ?', [`2${email}`, login]);
  const [users] = await database.query('SELECT full_name, call_price(61, 0.1) AS price FROM users');
  const [logged] = await database.query('SELECT COUNT(*) AS n FROM audit_log');
  await database.end();

  const base = server?.('ldap.base') ?? '';
  const dn = `uid=${login},ou=services,${base}`;
  const directory = new LdapClient({ url: system.ldap.url });
  await directory.bind(server?.('ldap.bindDn') ?? '', server?.('ldap.password') ?? '');
  const entry = { objectClass: ['inetOrgPerson'], uid: login, cn: 'New Person', sn: 'Person', mail: email, userPassword: 'new secret' };
  await directory.add(
    dn,
    Object.entries(entry).map(([type, value]) => new Attribute({ type, values: [value].flat() })),
  );
  const names = (await directory.search(base, { scope: 'sub', attributes: ['1.1'] })).searchEntries.map((found) => found.dn);
  await directory.unbind();
  const person = new LdapClient({ url: system.ldap.url });
  await person.bind(dn, 'new secret');
  await person.unbind();

  const pushServer = new pg.Client({ ...system.postgres, user: push?.('db.user') ?? '', password: push?.('db.password') ?? '' });
  await pushServer.connect();
  await pushServer.query("INSERT INTO category (id, name) VALUES (nextval('category_seq'), $1)", [`news of ${login}`]);
  await pushServer.query(
    "INSERT INTO installation (id, alias, device_token, enabled, variant_id) SELECT $1, $2, repeat('a', 100), true, id FROM variant LIMIT 1",
    [login, email],
  );
  await pushServer.query('INSERT INTO installation_category (installation_id, category_id) SELECT $1, id FROM category', [login]);
  const { rows: devices } = await pushServer.query('SELECT alias, variant_id IS NOT NULL AS "ofVariant" FROM installation');
  await pushServer.end();
  return { users, logged, names, devices };
}
