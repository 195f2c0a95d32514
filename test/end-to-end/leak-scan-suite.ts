import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { DynDataError } from '../../core/index.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { type HostileSample, openHostileSample } from '../../sample/hostile.ts';
import { forgetfulPolicy, type HostileLeak, hostileLeaks } from '../../sample/hostile-leaks.ts';
import { type SampleSize, sampleSizes } from '../../sample/sizes.ts';
import { imageVariables } from '../support/engine.ts';
import { buildSample } from '../support/sample-build.ts';

/** In so small a system, few companies occur in the contacts; the policy is written for larger ones. */
function forTinySystem(policy: { sources: { mysql: { tables: { contacts: object } } } }): unknown {
  const { contacts } = policy.sources.mysql.tables;
  Object.assign(contacts, { low_cardinality: { company_name: 'a tiny system' } });
  return policy;
}

export type LeakScanSuite = {
  /** Has the leaks afterwards. */
  readonly sample: () => SampleConnections;
  readonly size: SampleSize;
  /** Of the policy that the sample system is built by. */
  readonly policyFile: () => string | URL;
  /** Whether each leak is also planted without the others. */
  readonly alone: boolean;
};

export function leakScanSuite({ sample, size, policyFile, alone }: LeakScanSuite): void {
  describe('the leak scan on the sample system', () => {
    const postgresImage = imageVariables().POSTGRES_IMAGE ?? 'postgres:18';
    let policy: unknown;
    let hostile: HostileSample | undefined;

    const build = (changed: unknown = policy) => buildSample({ connections: sample(), postgresImage, policy: stringify(changed) });
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
      const again = await build();
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
      expect(again.manifest.leakScan).toEqual(manifest.leakScan);
    });

    if (alone)
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
