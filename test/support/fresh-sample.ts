import type { SampleConnections } from '../../sample/connections.ts';
import { removeSample, type SeedSampleOptions, seedSample, withoutHealthChecks } from '../../sample/seed-sample.ts';

/** A sample system as seeding leaves it, also where a run that was killed left one of this name behind, changed by its tests. */
export async function seedFreshSample(options: Omit<SeedSampleOptions, 'log'>): Promise<SampleConnections> {
  await removeSample(options);
  return seedSample({ ...options, env: { ...options.env, ...withoutHealthChecks }, log: () => undefined });
}
