import { afterAll, beforeAll } from 'vitest';
import type { Environment, SampleConnections } from '../../sample/connections.ts';
import { removeSample, type SeedSampleOptions, seedSample, withoutHealthChecks } from '../../sample/seed-sample.ts';
import type { SampleSize } from '../../sample/sizes.ts';
import { imageVariables } from './engine.ts';
import { seedFreshSample } from './fresh-sample.ts';

/** The environment for the Compose project of a sample system on any free ports, with the images of this run. */
export const sampleEnvironment = (): Environment => ({
  ...process.env,
  ...imageVariables(),
  SAMPLE_MYSQL_PORT: '0',
  SAMPLE_LDAP_PORT: '0',
  SAMPLE_POSTGRES_PORT: '0',
});

/** As {@link sampleForTests} seeded it, into what is there. */
export const seedAgain = (options: Omit<SeedSampleOptions, 'env'>): Promise<SampleConnections> =>
  seedSample({ ...options, env: { ...sampleEnvironment(), ...withoutHealthChecks } });

/**
 * Called in a `describe`: one sample system for all tests and suites in it, fresh before the first, removed after the last. Its start
 * takes longer than most tests, so suites that can share one do; each says what it changes.
 * @param project no other test's
 */
export function sampleForTests({ size, project }: { readonly size: SampleSize; readonly project: string }): () => SampleConnections {
  let connections: SampleConnections | undefined;
  beforeAll(async () => {
    connections = await seedFreshSample({ size, project, env: sampleEnvironment() });
  });
  afterAll(() => removeSample({ project, env: sampleEnvironment() }));
  return () => {
    if (connections === undefined) throw new Error('The sample system is there from beforeAll on.');
    return connections;
  };
}
