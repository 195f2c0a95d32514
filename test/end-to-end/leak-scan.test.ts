import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { DynDataError } from '../../core/index.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { type HostileSample, openHostileSample } from '../../sample/hostile.ts';
import { forgetfulPolicy, type HostileLeak, hostileLeaks } from '../../sample/hostile-leaks.ts';
import { removeSample } from '../../sample/seed-sample.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { seedFreshSample } from '../support/fresh-sample.ts';
import { buildSample, samplePolicyFile } from '../support/sample-build.ts';

const project = 'dyn-data-test-leaks';

/** In so small a system, few companies occur in the contacts; the policy is written for larger ones. */
function forTinySystem(policy: { sources: { mysql: { tables: { contacts: object } } } }): unknown {
  const { contacts } = policy.sources.mysql.tables;
  Object.assign(contacts, { low_cardinality: { company_name: 'a tiny system' } });
  return policy;
}

describeWithEngine('the leak scan on the sample system', () => {
  const environment = { ...process.env, SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };
  let connections: SampleConnections;
  let policy: unknown;
  let postgresImage: string;
  let hostile: HostileSample | undefined;

  const build = (changed: unknown = policy) => buildSample({ connections, postgresImage, policy: stringify(changed) });
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
    Object.assign(environment, imageVariables());
    postgresImage = imageVariables().POSTGRES_IMAGE ?? 'postgres:18';
    policy = forTinySystem(parse(await readFile(samplePolicyFile, 'utf8')));
    connections = await seedFreshSample({ size: 'tiny', project, env: environment });
  });

  afterAll(async () => {
    await hostile?.[Symbol.asyncDispose]();
    await removeSample({ project, env: environment });
  });

  it('finds nothing in a clean build and says in the manifest what it did', async () => {
    const { manifest } = await build();
    const again = await build();
    expect(manifest.leakScan).toMatchObject({ findings: 0, exemptions: [], overflow: 0, ambiguous: 0 });
    const { watched, scannedBytes } = manifest.leakScan ?? {};
    expect(watched).toMatchObject({ email: expect.any(Number), login: 200 });
    expect(watched?.email).toBeGreaterThan(300);
    expect(watched?.phone).toBeGreaterThan(300);
    const written = manifest.sources.flatMap(({ before, tables, after }) => [
      ...before,
      ...tables,
      ...tables.flatMap(({ indexes }) => indexes ?? []),
      ...after,
    ]);
    expect(scannedBytes).toBe(written.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    expect(again.manifest.leakScan).toEqual(manifest.leakScan);
  });

  it.each(hostileLeaks.map((leak) => [leak.name, leak] as const))('finds %s', async (_name, leak: HostileLeak) => {
    hostile ??= await openHostileSample(connections);
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
    for (const leak of hostileLeaks) await hostile?.plant(leak);
    const error = await refused(forgetfulPolicy(policy, hostileLeaks));
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
