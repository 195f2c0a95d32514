import { DynDataError, type JobHandler } from '../../core/index.ts';
import type { Retention } from '../retention.ts';

/** Applies the retention of one environment. What is not told to remove anything does not. */
export function createRetentionHandler(retention: Pick<Retention, 'apply'>): JobHandler {
  return {
    resources: ({ repository = '' }) => [`retention ${repository}`],
    async run({ environment, dryRun = true, plan }, { confirm, signal }) {
      if (environment === undefined) throw new DynDataError('REQUEST_INVALID', 'Retention needs an environment.');
      return { retained: await retention.apply(environment, { dryRun, plan, confirm, signal }) };
    },
  };
}
