import { Client as LdapClient } from 'ldapts';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { SampleConnections } from '../../sample/connections.ts';
import { ldapEntryCount } from '../../sample/ldap/entries.ts';
import { mysqlTables } from '../../sample/mysql/tables.ts';
import { createPopulation, followedPerson } from '../../sample/population.ts';
import { postgresTables } from '../../sample/postgres/tables.ts';
import { defaultSeed, type SampleSize, sampleSizes } from '../../sample/sizes.ts';
import { seedAgain } from '../support/sample-for-tests.ts';

const population = createPopulation(defaultSeed);

/** Rows by table, read with the extraction account. */
const mysqlCounts = async (connections: SampleConnections): Promise<Record<string, number>> => {
  await using connection = await createConnection({ ...connections.mysql });
  const [tables] = await connection.query<RowDataPacket[]>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'dynamease' AND table_type = 'BASE TABLE'",
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM ??', [name]);
    counts[name] = Number(rows[0]?.n);
  }
  return counts;
};

const withPostgres = async <T>(connections: SampleConnections, use: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ ...connections.postgres });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
};

const postgresCounts = (connections: SampleConnections): Promise<Record<string, number>> =>
  withPostgres(connections, async (client) => {
    const counts: Record<string, number> = {};
    const tables = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    for (const { tablename } of tables.rows) {
      const counted = await client.query(`SELECT count(*)::int AS n FROM ${pg.escapeIdentifier(tablename)}`);
      counts[tablename] = counted.rows[0]?.n;
    }
    return counts;
  });

const ldapSearch = async (connections: SampleConnections, filter: string) => {
  const { host, port, bindDn, password, baseDn } = connections.ldap;
  const client = new LdapClient({ url: `ldap://${host}:${port}` });
  await client.bind(bindDn, password);
  try {
    return (await client.search(baseDn, { scope: 'sub', filter, paged: true })).searchEntries;
  } finally {
    await client.unbind();
  }
};

const expectFilledWith = async (connections: SampleConnections, size: SampleSize): Promise<void> => {
  const counts = sampleSizes[size];
  const said = (tables: readonly { table: string; rowCount: number }[]): Record<string, number> =>
    Object.fromEntries(tables.map(({ table, rowCount }) => [table, rowCount]));
  expect(await mysqlCounts(connections)).toEqual(said(mysqlTables(population, counts)));
  expect(await postgresCounts(connections)).toEqual(said(postgresTables(population, counts)));
  expect(await ldapSearch(connections, '(objectClass=*)')).toHaveLength(ldapEntryCount(counts));
};

/** @param sample just seeded, of the size tiny; nothing of it is changed */
export function seededSuite(sample: () => SampleConnections, project: string): void {
  describe('the sample servers, filled', () => {
    it('fills all three with the rows and entries of the size', async () => {
      await expectFilledWith(sample(), 'tiny');
    });

    it('has the same person in all three', async () => {
      const connections = sample();
      const person = population.person(followedPerson);
      await using connection = await createConnection({ ...connections.mysql, charset: 'utf8mb4' });
      const [users] = await connection.query<RowDataPacket[]>('SELECT * FROM users WHERE LOWER(email) = ?', [person.email]);
      expect(users[0]).toMatchObject({
        login: person.login,
        full_name: 'Marie Dupont',
        email: person.emailAsTyped,
        email_domain: 'acme.fr',
      });
      const [entry] = await ldapSearch(connections, `(mail=${person.email})`);
      expect(entry).toMatchObject({ mobile: person.mobile, displayName: expect.stringContaining('Marie Dupont') });
      const aliases = await withPostgres(connections, (client) =>
        client.query('SELECT 1 FROM installation WHERE lower(alias) = $1', [person.email]),
      );
      expect(aliases.rowCount).toBeGreaterThan(0);
    });

    it('lets the extraction account read everything and take its locks, and change nothing', async () => {
      const connections = sample();
      await using connection = await createConnection({ ...connections.mysql });
      await connection.query('FLUSH TABLES WITH READ LOCK');
      await connection.query('LOCK INSTANCE FOR BACKUP');
      await connection.query('UNLOCK INSTANCE');
      await connection.query('UNLOCK TABLES');
      for (const what of ['FUNCTION call_price', 'TRIGGER users_email_changed', 'EVENT purge_audit_log', 'VIEW active_users']) {
        const [rows] = await connection.query<RowDataPacket[]>(`SHOW CREATE ${what}`);
        expect(Object.values(rows[0] ?? {}).join(' ')).toMatch(/CREATE .*DEFINER/);
      }
      await expect(connection.query('DELETE FROM audit_log')).rejects.toMatchObject({ code: 'ER_TABLEACCESS_DENIED_ERROR' });
      await withPostgres(connections, async (client) => {
        await expect(client.query('DELETE FROM installation')).rejects.toMatchObject({ code: '42501' });
      });
    });

    it('does nothing when run again with the same size and seed', async () => {
      const lines: string[] = [];
      expect(await seedAgain({ size: 'tiny', project, log: (line) => lines.push(line) })).toEqual(sample());
      expect(lines.filter((line) => line.endsWith('holds tiny already'))).toHaveLength(3);
    });
  });
}

/** @param project whose sample servers hold whatever they hold; afterwards they are of the size small, and may be published at other ports */
export function seededAnewSuite(project: string): void {
  describe('the sample servers, filled again', () => {
    it('starts over for another size, and after it was interrupted', async () => {
      const interrupted = new AbortController();
      const interruptOnceOneIsFilled = (line: string): void => {
        if (line.startsWith('postgres:')) interrupted.abort();
      };
      const small = { size: 'small', project } as const;
      const interruptedSeeding = seedAgain({ ...small, log: interruptOnceOneIsFilled, signal: interrupted.signal });
      await expect(interruptedSeeding).rejects.toMatchObject({ code: 'CANCELLED' });
      const again: string[] = [];
      const connections = await seedAgain({ ...small, log: (line) => again.push(line) });
      expect(again).toContain('postgres: holds small already');
      expect(again).not.toContain('ldap: holds small already');
      await expectFilledWith(connections, 'small');
    });
  });
}
