import { readFile } from 'node:fs/promises';
import type { RowDataPacket } from 'mysql2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { DynDataError } from '../../core/index.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { type HostileSample, type HostileSystems, openHostileSample } from '../../sample/hostile.ts';
import { forgetfulPolicy, type HostileLeak, hostileLeaks } from '../../sample/hostile-leaks.ts';
import { type SampleSize, sampleSizes } from '../../sample/sizes.ts';
import { pgDumpOfRun } from '../support/engine.ts';
import { buildSample } from '../support/sample-build.ts';
import { forTinySystem } from '../support/tiny-system.ts';

const prosePlaces = { name: 'prose', place: '', rule: 'known-name' } as const;

/** Writes into a table of the push server and into an entry of the directory about a user of MySQL, whose name nobody shares; gives the user. */
async function plantProse({ mysql, postgres, ldapDns, ldapReplace }: HostileSystems): Promise<RowDataPacket | undefined> {
  const [person] = await mysql<RowDataPacket>(
    `SELECT id, first_name, last_name, login, email, phone FROM users u WHERE phone IS NOT NULL
       AND (SELECT COUNT(*) FROM users o WHERE o.first_name = u.first_name AND o.last_name = u.last_name) = 1
       AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.name = CONCAT(u.first_name, ' ', u.last_name) AND c.email <> u.email) LIMIT 1`,
  );
  const named = `${person?.first_name} ${person?.last_name} (${person?.login}, ${person?.email}, ${person?.phone})`;
  await postgres('UPDATE push_application SET description = $1', [`Appli de ${named}.`]);
  await ldapReplace((await ldapDns('(objectClass=inetOrgPerson)'))[0] ?? '', 'description', [`Remplace ${named}`]);
  return person;
}

async function takeOutProse({ postgres, ldapDns, ldapReplace }: HostileSystems): Promise<void> {
  await postgres('UPDATE push_application SET description = NULL');
  for (const dn of await ldapDns('(description=*)')) await ldapReplace(dn, 'description', []);
}

export type LeakScanSuite = {
  /** Has the leaks afterwards. */
  readonly sample: () => SampleConnections;
  readonly size: SampleSize;
  /** Of the policy that the sample system is built by. */
  readonly policyFile: () => string | URL;
  /** Whether each leak is also planted without the others, and the clean build is made twice. */
  readonly everyWay: boolean;
};

export function leakScanSuite({ sample, size, policyFile, everyWay }: LeakScanSuite): void {
  describe('the leak scan on the sample system', () => {
    let policy: unknown;
    let hostile: HostileSample | undefined;

    const build = (changed: unknown = policy) => buildSample({ connections: sample(), pgDump: pgDumpOfRun(), policy: stringify(changed) });
    const refused = async (changed: unknown): Promise<DynDataError> => {
      const error = await build(changed).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(DynDataError);
      return error as DynDataError;
    };
    const found = ({ details }: DynDataError): string[] => details.map((line) => line.replace(/ \(.*$/, '')).sort();

    beforeAll(async () => {
      const own = parse(await readFile(policyFile(), 'utf8'));
      policy = size === 'tiny' ? forTinySystem(own) : own;
    });

    afterAll(() => hostile?.[Symbol.asyncDispose]());

    it('finds nothing in a clean build and says in the manifest what it did', async () => {
      const { manifest } = await build();
      expect(manifest.leakScan).toMatchObject({ findings: 0, exemptions: [], overflow: 0, ambiguous: 0 });
      const { watched, scannedBytes } = manifest.leakScan ?? {};
      expect(watched).toMatchObject({ email: expect.any(Number), login: sampleSizes[size].users });
      expect(watched?.email).toBeGreaterThan(300);
      expect(watched?.phone).toBeGreaterThan(300);
      const written = manifest.sources.flatMap(({ before, tables, after }) => [
        ...before,
        ...tables,
        ...tables.flatMap(({ indexes }) => indexes ?? []),
        ...after,
      ]);
      expect(scannedBytes).toBe(written.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
      if (everyWay) expect((await build()).manifest.leakScan).toEqual(manifest.leakScan);
    });

    it('in prose that it scrubs, somebody of another source has the pseudonyms of their own columns', async () => {
      hostile ??= await openHostileSample(sample());
      let person: RowDataPacket | undefined;
      const takeOut = await hostile.plant({
        ...prosePlaces,
        plant: async (systems) => {
          person = await plantProse(systems);
          return () => takeOutProse(systems);
        },
      });
      try {
        const scrubbed = [
          { forgets: { path: ['mysql', 'tables', 'users', 'columns', 'notes'], rule: 'scrub' } },
          { forgets: { path: ['aerogear', 'tables', 'push_application'], rule: { columns: { description: 'scrub' } } } },
          { forgets: { path: ['ldap', 'attributes', 'description'], rule: 'scrub' } },
        ];
        const { manifest, textOf } = await build(forgetfulPolicy(policy, scrubbed));
        const columns = manifest.sources.find(({ name }) => name === 'mysql')?.tables.find(({ name }) => name === 'users')?.columns ?? [];
        const row = (await textOf('mysql', 'users')).split('\n').find((line) => line.startsWith(`${person?.id}\t`));
        const fake = (column: string): string => row?.split('\t')[columns.indexOf(column)] ?? '';
        const named = `${fake('first_name')} ${fake('last_name')} (${fake('login')}, ${fake('email')}, ${fake('phone')})`;
        expect(named).not.toContain(person?.last_name);
        expect(await textOf('aerogear', 'push_application')).toContain(`Appli de ${named}.`);
        const ldif = await textOf('ldap', sample().ldap.baseDn);
        const said = /^description:(:?) (.*)$/m.exec(ldif);
        expect(said?.[1] === ':' ? Buffer.from(said[2] ?? '', 'base64').toString() : said?.[2]).toBe(`Remplace ${named}`);
      } finally {
        await takeOut();
      }
    });

    if (everyWay)
      it.each(hostileLeaks.map((leak) => [leak.name, leak] as const))('finds %s', async (_name, leak: HostileLeak) => {
        hostile ??= await openHostileSample(sample());
        const takeOut = await hostile.plant(leak);
        try {
          const error = await refused(forgetfulPolicy(policy, [leak]));
          expect(error).toMatchObject({ code: 'LEAK_FOUND', exitCode: 6, httpStatus: 422, retryable: false });
          expect(found(error)).toEqual([`${leak.place}: 1 × ${leak.rule}`]);
        } finally {
          await takeOut();
        }
      });

    it('finds all of them at once, and nothing else', async () => {
      hostile ??= await openHostileSample(sample());
      for (const leak of hostileLeaks) await hostile.plant(leak);
      const error = await refused(forgetfulPolicy(policy, hostileLeaks));
      expect(error).toMatchObject({ code: 'LEAK_FOUND', exitCode: 6, httpStatus: 422, retryable: false });
      expect(found(error)).toEqual(hostileLeaks.map(({ place, rule }) => `${place}: 1 × ${rule}`).sort());
    });

    it('lets stand what the policy allows with a reason, and says so in the manifest', async () => {
      const allow = hostileLeaks.map(({ place, rule }) => ({ place, rule, reason: 'planted' }));
      const { manifest } = await build({ ...(forgetfulPolicy(policy, hostileLeaks) as object), leak_scan: { allow } });
      expect(manifest.leakScan?.exemptions.map(({ place, rule }) => `${place} ${rule}`).sort()).toEqual(
        hostileLeaks.map(({ place, rule }) => `${place} ${rule}`).sort(),
      );
      expect(manifest.leakScan?.exemptions.every(({ count, reason }) => count === 1 && reason === 'planted')).toBe(true);
    });

    it('refuses an allowance for a place that does not exist', async () => {
      const error = await refused({
        ...(policy as object),
        leak_scan: { allow: [{ place: 'mysql users.nothing', rule: 'ip', reason: 'x' }] },
      });
      expect(error).toMatchObject({ code: 'POLICY_INVALID', details: [expect.stringContaining('mysql users.nothing')] });
    });
  });
}
