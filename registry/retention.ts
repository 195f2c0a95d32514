import {
  type Digest,
  DynDataError,
  isInForce,
  type Pin,
  planRetention,
  type RetainedOutcome,
  type RetainedSnapshot,
  type RetentionPlan,
  type RetentionPolicy,
} from '../core/index.ts';
import { indexesBySnapshot, type RemovalPorts, removeSnapshots } from '../storage/index.ts';

/** Removed in one go: tags and pins that come meanwhile wait for it, a few seconds at most. */
const removalsAtOnce = 50;

export type Retention = {
  /** What the environment's policy would keep and remove now. @throws ENVIRONMENT_UNKNOWN */
  plan(environment: string, signal?: AbortSignal): Promise<RetentionPlan>;
  /** @throws PLAN_OUTDATED where the plan is to be another one than it is: nothing is removed that nobody has seen in a plan. */
  apply(environment: string, options: ApplyOptions): Promise<RetainedOutcome>;
};

export type ApplyOptions = {
  readonly dryRun: boolean;
  /** The digest of the plan that is to be applied; any where it is left out. */
  readonly plan?: string | undefined;
  readonly signal?: AbortSignal;
  /** Called before each lot of removals. */
  readonly confirm: () => Promise<void>;
};

export type RetentionOptions = RemovalPorts & {
  readonly environments: Readonly<Record<string, { readonly repository: string; readonly retention?: RetentionPolicy | undefined }>>;
};

export function createRetention(options: RetentionOptions): Retention {
  const { catalog, objects, pins, clock, environments } = options;

  const plan: Retention['plan'] = async (environment, signal) => {
    const found = Object.hasOwn(environments, environment) ? environments[environment] : undefined;
    if (!found) {
      const names = Object.keys(environments).sort().join(', ');
      throw new DynDataError('ENVIRONMENT_UNKNOWN', `The registry has no environment "${environment}". It has: ${names || 'none'}.`);
    }
    const { repository, retention } = found;
    const listing = signal ? { signal } : {};
    const tags = new Map<string, string[]>();
    for await (const { tag, digest } of catalog.tags(repository, listing)) tags.set(digest, [...(tags.get(digest) ?? []), tag]);
    const pinned = new Map<string, Pin[]>();
    for await (const pin of pins.list(repository, listing)) {
      if (isInForce(pin, clock())) pinned.set(pin.digest, [...(pinned.get(pin.digest) ?? []), pin]);
    }
    const indexes = await indexesBySnapshot(objects, repository, signal);
    const snapshots: RetainedSnapshot[] = [];
    for await (const record of catalog.snapshots(repository, listing)) {
      const { digest, sizeBytes } = record;
      if (record.environment !== environment) continue;
      snapshots.push({
        digest,
        takenAt: record.provenance.takenAt,
        sizeBytes,
        tags: tags.get(digest) ?? [],
        pins: pinned.get(digest) ?? [],
        indexes: indexes.get(digest) ?? [],
      });
    }
    return planRetention({ environment, repository }, retention, snapshots);
  };

  return {
    plan,
    async apply(environment, { dryRun, plan: wanted, signal, confirm }) {
      const { digest, repository, keep, remove } = await plan(environment, signal);
      if (wanted !== undefined && digest !== wanted) {
        const message = `The plan of "${environment}" is another one by now. Look at it again (dyn-data retention plan ${environment}), then apply that one.`;
        throw new DynDataError('PLAN_OUTDATED', message);
      }
      if (dryRun) return { plan: digest, kept: keep.length, removed: remove.map((snapshot) => snapshot.digest), held: [] };
      const removed: Digest[] = [];
      const held: RetainedOutcome['held'] = [];
      for (let at = 0; at < remove.length; at += removalsAtOnce) {
        await confirm();
        const removals = remove.slice(at, at + removalsAtOnce).map((snapshot) => ({ ...snapshot, pins: [] }));
        // To its end: a removal that stops in the middle would keep others waiting.
        for (const outcome of await removeSnapshots(options, repository, removals)) {
          if (outcome.fate === 'removed') removed.push(outcome.digest);
          if (outcome.fate === 'held') held.push({ digest: outcome.digest, holds: outcome.holds });
        }
      }
      return { plan: digest, kept: keep.length, removed, held };
    },
  };
}
