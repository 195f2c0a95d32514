import type * as z from 'zod/mini';
import { routePath, routes, type SnapshotView } from '../core/contract.ts';
import type { Digest } from '../core/digest.ts';
import type { Job } from '../core/job.ts';
import type { CreatePin, Pin } from '../core/pins.ts';
import type { RetentionPlan } from '../core/retention.ts';
import type { RegistryApi } from './registry-api.ts';

type TagView = z.infer<typeof routes.showTag.answer>;

/** What operators ask of the registry about snapshots, tags, retention and the collector. */
export type OperatorsApi = {
  snapshot(repository: string, digest: Digest): Promise<SnapshotView>;
  removeSnapshot(
    repository: string,
    digest: Digest,
    named: { readonly tags: readonly string[]; readonly pins: readonly string[] },
  ): Promise<void>;
  pins(repository: string): AsyncGenerator<Pin>;
  pin(repository: string, digest: Digest, pin: CreatePin): Promise<Pin>;
  unpin(repository: string, digest: Digest, pin: string): Promise<void>;
  tagViews(repository: string): AsyncGenerator<TagView>;
  tag(repository: string, tag: string): Promise<TagView>;
  moveTag(repository: string, tag: string, digest: Digest): Promise<TagView>;
  removeTag(repository: string, tag: string): Promise<void>;
  environments(): AsyncGenerator<{ name: string; repository: string }>;
  retentionPlan(environment: string): Promise<RetentionPlan>;
  /** A job for what the plan says; of any plan where it is left out. */
  applyRetention(environment: string, request: { readonly dryRun: boolean; readonly plan?: string }): Promise<Job>;
  collect(dryRun: boolean): Promise<Job>;
};

const withBody = (method: string, body: unknown) => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

export function createOperatorsApi({ call, create, act, pages }: Pick<RegistryApi, 'call' | 'create' | 'act' | 'pages'>): OperatorsApi {
  return {
    snapshot: (repository, digest) => call(routes.showSnapshot.answer, routePath(routes.showSnapshot.path, { repository, digest })),
    // Endless: a removal waits for a collector that is at work.
    removeSnapshot: (repository, digest, named) =>
      act(routePath(routes.removeSnapshot.path, { repository, digest }), { ...withBody('POST', named), endless: true }),
    pins: (repository) => pages(routes.listPins.answer, routePath(routes.listPins.path, { repository })),
    pin: (repository, digest, body) => create(routes.pinSnapshot, { parameters: { repository, digest }, body }),
    unpin: (repository, digest, pin) => act(routePath(routes.unpinSnapshot.path, { repository, digest, pin }), { method: 'DELETE' }),
    tagViews: (repository) => pages(routes.listTags.answer, routePath(routes.listTags.path, { repository })),
    tag: (repository, tag) => call(routes.showTag.answer, routePath(routes.showTag.path, { repository, tag })),
    moveTag: (repository, tag, digest) =>
      call(routes.moveTag.answer, routePath(routes.moveTag.path, { repository, tag }), withBody('PUT', { digest })),
    removeTag: (repository, tag) => act(routePath(routes.removeTag.path, { repository, tag }), { method: 'DELETE' }),
    environments: () => pages(routes.listEnvironments.answer, routes.listEnvironments.path),
    retentionPlan: (environment) => call(routes.planRetention.answer, routePath(routes.planRetention.path, { environment })),
    applyRetention: (environment, body) => create(routes.applyRetention, { parameters: { environment }, body }),
    collect: (dryRun) => create(routes.collect, { body: { dryRun } }),
  };
}
