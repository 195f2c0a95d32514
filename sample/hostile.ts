import { Attribute, Change, Client as LdapClient } from 'ldapts';
import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import { DynDataError } from '../core/errors.ts';
import type { SampleConnections } from './connections.ts';
import { type HostileLeak, hostileLeaks } from './hostile-leaks.ts';

/** Where leaks are planted. */
export interface HostileSystems {
  mysql<T extends RowDataPacket>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  postgres(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Replaces an attribute of an entry; no values remove it. */
  ldapReplace(dn: string, attribute: string, values: readonly string[]): Promise<void>;
  ldapDns(filter: string): Promise<string[]>;
}

/** A sample system in which people wrote personal data where it does not belong. */
export interface HostileSample extends AsyncDisposable {
  readonly leaks: readonly HostileLeak[];
  /** Puts one leak into its place. Gives what takes it out again. */
  plant(leak: HostileLeak): Promise<() => Promise<void>>;
}

/**
 * Makes a filled sample system ready for leaks: empties the places that a careless policy forgets, so that each finding there is a planted
 * one. The system is another one afterwards; fill it again for other uses.
 */
export const openHostileSample = async (connections: SampleConnections): Promise<HostileSample> => {
  const mysql = await createConnection({ ...connections.mysqlAdmin });
  const postgres = new pg.Client({ ...connections.postgresAdmin });
  const ldap = new LdapClient({ url: `ldap://${connections.ldap.host}:${connections.ldap.port}` });
  await postgres.connect();
  await ldap.bind(connections.ldap.bindDn, connections.ldap.password);
  const systems = createSystems(connections, mysql, postgres, ldap);

  await systems.mysql('UPDATE contacts SET comment = NULL');
  await systems.mysql('UPDATE users SET avatar = NULL');
  await systems.postgres(
    `UPDATE flat_push_message_info SET raw_json_message = jsonb_set(raw_json_message::jsonb, '{criteria,alias}', 'null')::text`,
  );
  for (const dn of await systems.ldapDns('(description=*)')) await systems.ldapReplace(dn, 'description', []);

  return {
    leaks: hostileLeaks,
    plant: (leak) => leak.plant(systems),
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([mysql.end(), postgres.end(), ldap.unbind()]);
    },
  };
};

const createSystems = (connections: SampleConnections, mysql: Connection, postgres: pg.Client, ldap: LdapClient): HostileSystems => ({
  mysql: async <T extends RowDataPacket>(sql: string, values: readonly unknown[] = []) => {
    const [rows] = await mysql.query<T[] | ResultSetHeader>(sql, [...values]);
    if (Array.isArray(rows)) return rows;
    if (rows.affectedRows === 0)
      throw new DynDataError('VERIFY_FAILED', 'A statement of the hostile sample changed no row. Fill the sample system again.');
    return [];
  },
  postgres: async (sql, values = []) => {
    const { rows, rowCount } = await postgres.query(sql, [...values]);
    if (rowCount === 0)
      throw new DynDataError('VERIFY_FAILED', 'A statement of the hostile sample met no row. Fill the sample system again.');
    return rows;
  },
  ldapReplace: (dn, attribute, values) =>
    ldap.modify(dn, new Change({ operation: 'replace', modification: new Attribute({ type: attribute, values: [...values] }) })),
  ldapDns: async (filter) => {
    const { searchEntries } = await ldap.search(connections.ldap.baseDn, { scope: 'sub', filter, attributes: ['1.1'] });
    return searchEntries.map(({ dn }) => dn);
  },
});
