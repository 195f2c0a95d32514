import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Attribute, Change, Client } from 'ldapts';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { PolicyCheck } from '../../core/index.ts';
import type { Developer, Ran } from '../../demo/developer.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import type { WholeWay } from '../support/whole-way.ts';

type Document = { [key: string]: unknown };

/** As a person merges a patch into a policy: new keys are added, lists are continued. */
function merge(into: Document, patch: Document): Document {
  const isObject = (value: unknown): value is Document => typeof value === 'object' && value !== null && !Array.isArray(value);
  const merged: Document = { ...into };
  for (const [key, value] of Object.entries(patch)) {
    const own = merged[key];
    if (isObject(own) && isObject(value)) merged[key] = merge(own, value);
    else merged[key] = Array.isArray(own) && Array.isArray(value) ? [...own, ...value] : value;
  }
  return merged;
}

/** The lines below the heading of the patch, without the indentation of details. */
function patchIn(stderr: string): Document {
  const lines = stderr.split('\n');
  const at = lines.findIndex((line) => line.includes('A patch for the policy'));
  expect(at, stderr).toBeGreaterThan(0);
  return parse(
    lines
      .slice(at + 1)
      .map((line) => line.replace(/^ {2}/, ''))
      .join('\n'),
  );
}

/**
 * A policy is written against a system that lives: what it gets stops the build until somebody decides it.
 * @param way its source and its policy are changed
 */
export function changingPolicySuite(way: () => WholeWay): void {
  describe('a policy beside a system that changes', () => {
    let policyFile: string;
    let connections: SampleConnections;
    let client: Developer;
    let database: Connection;
    let directory: Client;

    beforeAll(async () => {
      ({ policyFile, connections, developer: client } = way().context);
      database = await mysql.createConnection({ ...connections.mysqlAdmin, multipleStatements: false });
      directory = new Client({ url: `ldap://${connections.ldap.host}:${connections.ldap.port}` });
      await directory.bind(connections.ldap.bindDn, connections.ldap.password);
    });
    afterAll(async () => {
      await database?.end();
      await directory?.unbind();
    });

    const build = (): Promise<Ran> => client.run(['snapshot', 'create', 'prod', '--follow']);
    const snapshots = async (): Promise<number> => JSON.parse((await client.run(['ls', '--json'])).stdout).snapshots.length;
    const check = async (): Promise<{ readonly exitCode: number | null; readonly report: PolicyCheck }> => {
      const { exitCode, stdout, stderr } = await client.run(['policy', 'check', 'prod', '--json']);
      expect(stderr).toBe('');
      return { exitCode, report: JSON.parse(stdout) };
    };
    const applyPatch = async (patch: Document): Promise<void> => {
      const policy: Document = parse(await readFile(policyFile, 'utf8'));
      await writeFile(policyFile, stringify(merge(policy, patch)));
    };
    const firstPerson = async (): Promise<string> => {
      const { base, filter } = { base: connections.ldap.baseDn, filter: '(objectClass=inetOrgPerson)' };
      const { searchEntries } = await directory.search(base, { filter, attributes: ['1.1'] });
      return searchEntries[0]?.dn ?? '';
    };

    it('is complete for the sample system: the check agrees, the build passes', async () => {
      const { exitCode, report } = await check();
      expect([report.invalid, report.undecided]).toEqual([[], []]);
      expect(exitCode).toBe(0);
      expect(report.plan.find(({ section, name }) => section === 'dynamease.users' && name === 'email')?.rule).toContain('email');
      expect(report.plan.some(({ source, section }) => source === 'ldap' && section === 'attributes')).toBe(true);
      const built = await build();
      expect(built.stderr).not.toContain('error');
      expect(built.exitCode).toBe(0);
      expect((await check()).report.drift).toMatchObject({ since: { policyChanged: false }, changes: [] });
    });

    it('stops the build for a new column and a new attribute, and is complete again with the patch it printed', async () => {
      await database.query('ALTER TABLE users ADD COLUMN secret_answer VARCHAR(100) NULL');
      await database.query("UPDATE users SET secret_answer = CONCAT('the name of my dog is Rex ', id)");
      const adding = (type: string, value: string): Change =>
        new Change({ operation: 'add', modification: new Attribute({ type, values: [value] }) });
      // No ready-made policy decides it: it belongs to devices, not to people.
      await directory.modify(await firstPerson(), [adding('objectClass', 'ieee802Device'), adding('macAddress', '00:1b:44:11:3a:b7')]);

      const { exitCode, report } = await check();
      expect(exitCode).toBe(4);
      expect(report.undecided).toEqual([
        expect.stringContaining('mysql dynamease.users.secret_answer varchar(100)'),
        expect.stringContaining('ldap attribute macAddress'),
      ]);
      expect(report.drift.changes).toEqual([
        { change: 'new', what: 'column', place: 'mysql dynamease.users.secret_answer' },
        { change: 'new', what: 'attribute', place: 'ldap attribute macAddress' },
      ]);

      const before = await snapshots();
      const refused = await build();
      expect(refused.exitCode).toBe(4);
      expect(refused.stderr).toContain('mysql dynamease.users.secret_answer');
      expect(refused.stderr).toContain('ldap attribute macAddress');
      expect(refused.stderr).not.toContain('Rex');
      expect(await snapshots()).toBe(before);

      await applyPatch(patchIn(refused.stderr));
      expect((await check()).report).toMatchObject({ invalid: [], undecided: [] });
    });

    it('stops the build for a new JSON path, and passes once the path too is decided', async () => {
      await database.query(
        "UPDATE users SET settings = JSON_SET(COALESCE(settings, '{}'), '$.backup', JSON_OBJECT('address', CONCAT('rex', id, '@acme.fr')))",
      );
      const before = await snapshots();
      const refused = await build();
      // 4 where the survey before the build finds it, 6 where the build meets it.
      expect([4, 6]).toContain(refused.exitCode);
      expect(refused.stderr).toContain('$.backup.address');
      expect(refused.stderr).not.toMatch(/rex\d/);
      expect(await snapshots()).toBe(before);

      await applyPatch(patchIn(refused.stderr));
      // Decided it may be: it still is nothing that the last snapshot has.
      const path = { change: 'new', what: 'path', place: 'mysql dynamease.users.settings $.backup.address' };
      expect((await check()).report.drift.changes).toContainEqual(path);
      const built = await build();
      expect(built.stderr).not.toContain('error');
      expect(built.exitCode).toBe(0);
      expect(await snapshots()).toBe(before + 1);
      expect((await check()).report.drift.changes).toEqual([]);
    });

    it('previews rows for a terminal only, and the registry logs none of them', async () => {
      const [[person] = []] = await database.query<RowDataPacket[]>('SELECT email FROM users ORDER BY id LIMIT 1');
      const refused = await client.run(['policy', 'check', 'prod', '--preview', '2']);
      expect([refused.exitCode, refused.stdout]).toEqual([4, '']);
      const shown = await client.run(['policy', 'check', 'prod', '--preview', '2', '--yes-print-real-data', '--json']);
      expect(shown.exitCode).toBe(0);
      const { preview } = JSON.parse(shown.stdout);
      const [users] = preview.tables.filter(({ section }: { section: string }) => section === 'dynamease.users');
      const email = users.rows[0].find(({ name }: { name: string }) => name === 'email');
      expect(email.before).toBe(person?.email);
      expect(email.after).toMatch(/@.*example|\.test$/);
      expect(email.after).not.toBe(email.before);
      expect(
        preview.tables.some(({ section, rows }: { section: string; rows: unknown[] }) => section === 'entries' && rows.length > 0),
      ).toBe(true);
      const log = await readFile(join(way().context.registryFolder, 'registry.log'), 'utf8');
      expect(log).toContain('/policy/preview');
      expect(log).not.toContain(String(person?.email));
    });

    it('suggests a starting policy: reasons, no value of the sample, nothing the compiler refuses', async () => {
      const suggested = await client.run(['policy', 'suggest', 'prod', '--out', 'suggested.yaml']);
      expect(suggested.exitCode).toBe(0);
      const text = await readFile(join(client.folder, 'suggested.yaml'), 'utf8');
      expect(text).toMatch(/^ +email: email # 0\.98 name and values agree: 100 % of \d+ sampled values are e-mail addresses; unique$/m);
      expect(text).toMatch(/^ +password_hash: \{ password: bcrypt \} # 0\.98/m);
      expect(text).toMatch(/^ +- aerogear-ups # 0\.98/m);
      expect(text).toMatch(/^ +mail: email # 0\.98/m);
      expect(text).toMatch(/^# +gender: null # undecided/m);

      const [people] = await database.query<RowDataPacket[]>(
        'SELECT login, email, phone, last_name AS name, street FROM users ORDER BY id LIMIT 2000',
      );
      const words = new Set(text.toLowerCase().split(/[\s"'{}:,;]+/));
      const found = people.flatMap(({ login, email, phone, name, street }) =>
        [login, email, phone, street, String(name).length > 5 ? name : null].filter(
          (value) =>
            typeof value === 'string' && value.length > 4 && (value.includes(' ') ? text.includes(value) : words.has(value.toLowerCase())),
        ),
      );
      expect(found).toEqual([]);

      const own = await readFile(policyFile, 'utf8');
      await writeFile(policyFile, text);
      const { exitCode, report } = await check();
      await writeFile(policyFile, own);
      expect(exitCode).toBe(4);
      expect(report.invalid).toEqual([]);
      expect(report.undecided.length).toBeGreaterThan(0);
      const diff = await client.run(['policy', 'diff', 'suggested.yaml', 'prod']);
      expect([diff.exitCode, diff.stdout]).toEqual([0, expect.stringContaining('mysql users.gender')]);
    });
  });
}
