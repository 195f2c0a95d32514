import { type Request, Router } from 'express';
import {
  type Catalog,
  type ContentDigest,
  DynDataError,
  type ErrorCode,
  isRepository,
  isTag,
  type JobQueue,
  type PolicyTools,
  parseDigest,
  parseValue,
  routes,
  type Schedules,
  type SnapshotRecord,
  type SnapshotView,
  type TagRecord,
} from '../core/index.ts';
import type { Access } from './access/access.ts';
import { addAuditRoutes } from './access/audit-routes.ts';
import { createAuditedCatalog } from './access/audited-catalog.ts';
import { createAuthorization, maySee } from './access/authorization.ts';
import { changeOf, principalOf } from './access/request-context.ts';
import { addTokenRoutes } from './access/token-routes.ts';
import { createRouteAdder } from './add-route.ts';
import { asPrecondition, entityTag, expectedState, expectedVersion } from './conditions.ts';
import type { Creations } from './creations.ts';
import { addJobRoutes } from './job-routes.ts';
import { addOperatorRoutes, type OperatorPorts } from './operator-routes.ts';
import { readPage } from './pages.ts';
import { addPolicyRoutes } from './policy-routes.ts';
import { addScheduleRoutes } from './schedule-routes.ts';
import { untilClosed } from './streaming.ts';

export type EnvironmentView = { readonly name: string; readonly repository: string; readonly sources: readonly string[] };

export type ApiOptions = {
  readonly catalog: Catalog;
  readonly jobs: JobQueue;
  readonly environments: readonly EnvironmentView[];
  readonly access: Pick<Access, 'tokens' | 'audit'>;
  /** Absent where none are kept. */
  readonly schedules?: Schedules;
  /** Absent where the builders run elsewhere. */
  readonly policyTools?: PolicyTools;
  /** Pins, retention and the collector. */
  readonly operators: OperatorPorts;
  readonly creations: Creations;
  readonly heartbeatMs: number;
  /** Ends the event streams: they would hold a stopping server for as long as a build lasts. */
  readonly closing: AbortSignal;
};

/** The routes of core/contract.ts. */
export function createApiRouter(options: ApiOptions): Router {
  const { catalog, jobs, schedules, environments, access, policyTools, operators, creations, heartbeatMs, closing } = options;
  const router = Router({ caseSensitive: true });
  const authorization = createAuthorization({ environments, jobs, ...(schedules && { schedules }) });
  const routeAdder = createRouteAdder(router, authorization, creations);
  const { on, refuseOtherMethods } = routeAdder;

  on(routes.listSnapshots, async (request, response) => {
    const repository = repositoryOf(request);
    const signal = untilClosed(response);
    const page = await readPage(
      request,
      (after) => catalog.snapshots(repository, { ...after, signal }),
      ({ digest }) => digest,
    );
    const tagsByDigest = await tagsOf(catalog, repository, signal);
    response.json({ ...page, items: page.items.map((record) => snapshotView(record, tagsByDigest)) });
  });

  on(routes.showSnapshot, async (request, response) => {
    const repository = repositoryOf(request);
    const digest = parseDigest(parameter(request, 'digest'));
    const signal = untilClosed(response);
    const record = await catalog.snapshot(repository, digest, signal);
    if (!record) throw new DynDataError('SNAPSHOT_UNKNOWN', `The repository "${repository}" has no snapshot ${digest}.`);
    response.json(snapshotView(record, await tagsOf(catalog, repository, signal)));
  });

  on(routes.listTags, async (request, response) => {
    const repository = repositoryOf(request);
    const signal = untilClosed(response);
    response.json(
      await readPage(
        request,
        (after) => catalog.tags(repository, { ...after, signal }),
        ({ tag }) => tag,
      ),
    );
  });

  on(routes.showTag, async (request, response) => {
    const repository = repositoryOf(request);
    const tag = tagOf(request);
    const found = await catalog.tag(repository, tag, untilClosed(response));
    if (!found)
      throw new DynDataError(
        'TAG_UNKNOWN',
        `The repository "${repository}" has no tag "${tag}". Ask for its tags, or take a snapshot with this one.`,
      );
    response.set('ETag', entityTag(found.etag)).json(tagView(found));
  });

  on(routes.moveTag, async (request, response) => {
    const repository = repositoryOf(request);
    const tag = tagOf(request);
    const { digest } = parseValue(routes.moveTag.body, request.body, 'The request body', 'REQUEST_INVALID');
    const expected = expectedState(request, 'tag');
    const audited = createAuditedCatalog(catalog, changeOf(response));
    const moved = await audited
      .moveTag(repository, tag, parseDigest(digest), expected === undefined ? {} : { expected })
      .catch(asPrecondition(expected, 'tag'));
    response.set('ETag', entityTag(moved.etag)).json(tagView(moved));
  });

  on(routes.removeTag, async (request, response) => {
    const expected = expectedVersion(request, 'tag');
    const audited = createAuditedCatalog(catalog, changeOf(response));
    await audited
      .removeTag(repositoryOf(request), tagOf(request), expected === undefined ? {} : { expected: { etag: expected } })
      .catch(asPrecondition(expected, 'tag'));
    response.end();
  });

  on(routes.listEnvironments, async (request, response) => {
    const principal = principalOf(response);
    const visible = environments.filter(({ repository }) => maySee(principal, repository));
    const sorted = visible.sort((a, b) => (a.name < b.name ? -1 : 1));
    response.json(
      await readPage(
        request,
        ({ after }) => sorted.filter(({ name }) => after === undefined || name > after),
        ({ name }) => name,
      ),
    );
  });

  addJobRoutes(routeAdder, { jobs, environments, catalog, heartbeatMs, closing });
  addScheduleRoutes(routeAdder, { schedules, jobs, environments });
  addPolicyRoutes(on, policyTools, closing);
  addOperatorRoutes(routeAdder, { operators, jobs, environments });
  addTokenRoutes(routeAdder, access.tokens);
  addAuditRoutes(on, access.audit);
  refuseOtherMethods();
  return router;
}

function parameter(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === 'string' ? value : '';
}

function checked(value: string, isValid: (text: string) => boolean, expected: string, code: ErrorCode = 'REFERENCE_INVALID'): string {
  if (isValid(value)) return value;
  throw new DynDataError(code, `The address has no valid ${expected}. Correct it.`);
}

const repositoryOf = (request: Request): string =>
  checked(
    parameter(request, 'repository'),
    isRepository,
    'repository name (lower-case letters, digits, ., _, - and /, the / encoded as %2F)',
  );
const tagOf = (request: Request): string => checked(parameter(request, 'tag'), isTag, 'tag (letters, digits, ., _ and -, at most 128)');

async function tagsOf(catalog: Catalog, repository: string, signal: AbortSignal): Promise<ReadonlyMap<ContentDigest, string[]>> {
  const tags = new Map<ContentDigest, string[]>();
  for await (const { tag, digest } of catalog.tags(repository, { signal })) tags.set(digest, [...(tags.get(digest) ?? []), tag]);
  return tags;
}

function snapshotView(record: SnapshotRecord, tags: ReadonlyMap<ContentDigest, string[]>): SnapshotView {
  return { ...record, tags: tags.get(record.digest) ?? [] };
}

function tagView({ tag, digest, movedAt }: TagRecord): TagRecord {
  return { tag, digest, movedAt };
}
