import { json, type Request, type RequestHandler, type Response, Router } from 'express';
import {
  type Catalog,
  type Digest,
  DynDataError,
  type ErrorCode,
  isRepository,
  isTag,
  type JobQueue,
  type PolicyTools,
  parseDigest,
  parseValue,
  routePath,
  routes,
  type SnapshotRecord,
  type SnapshotView,
  type TagRecord,
} from '../core/index.ts';
import { sendJobEvents } from './job-events.ts';
import { addOperatorRoutes, type OperatorPorts } from './operator-routes.ts';
import { readPage } from './paging.ts';
import { addPolicyRoutes } from './policy-routes.ts';
import { untilClosed } from './streaming.ts';

export type EnvironmentView = { readonly name: string; readonly repository: string; readonly sources: readonly string[] };

export type ApiOptions = {
  readonly catalog: Catalog;
  readonly jobs: JobQueue;
  readonly environments: readonly EnvironmentView[];
  /** Absent where the builders run elsewhere. */
  readonly policyTools?: PolicyTools;
  /** Pins, retention and the collector; absent where none of them is served. */
  readonly operators?: OperatorPorts;
  readonly heartbeatMs: number;
  /** Ends the event streams: they would hold a stopping server for as long as a build lasts. */
  readonly closing: AbortSignal;
};

/** The routes of core/contract.ts. */
export function createApiRouter({ catalog, jobs, environments, policyTools, operators, heartbeatMs, closing }: ApiOptions): Router {
  const router = Router({ caseSensitive: true });
  const readBody = json({ limit: '64kb', type: 'application/json' });

  const on = (route: (typeof routes)[keyof typeof routes], handler: (request: Request, response: Response) => Promise<void>): void => {
    const path = route.path.replace(/\{(\w+)\}/g, ':$1');
    const method = route.method.toLowerCase() as 'get' | 'post' | 'put' | 'delete';
    router[method](path, ...('body' in route ? [jsonOnly, readBody] : []), async (request: Request, response: Response) => {
      response.status(route.status);
      await handler(request, response);
    });
  };

  on(routes.createSnapshot, async (request, response) => {
    const { environment: name, tag } = parseValue(routes.createSnapshot.body, request.body, 'The request body', 'REQUEST_INVALID');
    const environment = environments.find((known) => known.name === name);
    if (!environment) {
      const names = environments.map((known) => known.name).join(', ');
      throw new DynDataError('ENVIRONMENT_UNKNOWN', `The registry has no environment "${name}". It has: ${names || 'none'}.`);
    }
    const job = await jobs.create({ environment: name, repository: environment.repository, ...(tag === undefined ? {} : { tag }) });
    response.location(routePath(routes.showJob.path, { id: job.id })).json(job);
  });

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
    response.json(tagView(found));
  });

  on(routes.moveTag, async (request, response) => {
    const repository = repositoryOf(request);
    const tag = tagOf(request);
    const { digest } = parseValue(routes.moveTag.body, request.body, 'The request body', 'REQUEST_INVALID');
    response.json(tagView(await catalog.moveTag(repository, tag, parseDigest(digest))));
  });

  on(routes.removeTag, async (request, response) => {
    await catalog.removeTag(repositoryOf(request), tagOf(request));
    response.end();
  });

  on(routes.listEnvironments, async (request, response) => {
    const sorted = [...environments].sort((a, b) => (a.name < b.name ? -1 : 1));
    response.json(
      await readPage(
        request,
        ({ after }) => sorted.filter(({ name }) => after === undefined || name > after),
        ({ name }) => name,
      ),
    );
  });

  on(routes.listJobs, async (request, response) => {
    const all = await jobs.list();
    // Newest first, so the page after a job begins below it; below a job that is forgotten there is nothing.
    const below = ({ after }: { after?: string }) => {
      const at = all.findIndex(({ id }) => id === after);
      return after === undefined ? all : at < 0 ? [] : all.slice(at + 1);
    };
    response.json(await readPage(request, below, ({ id }) => id));
  });

  on(routes.showJob, async (request, response) => {
    response.json(await jobs.get(parameter(request, 'id')));
  });

  on(routes.followJob, async (request, response) => {
    const { id } = await jobs.get(parameter(request, 'id'));
    const signal = AbortSignal.any([untilClosed(response), closing]);
    await sendJobEvents(response, jobs.follow(id, signal), { heartbeatMs, signal });
  });

  on(routes.cancelJob, async (request, response) => {
    response.json(await jobs.cancel(parameter(request, 'id')));
  });

  addPolicyRoutes(on, policyTools, closing);
  if (operators) addOperatorRoutes(on, operators);
  return router;
}

const jsonOnly: RequestHandler = (request, _response, next) => {
  if (!request.is('application/json'))
    throw new DynDataError('REQUEST_INVALID', 'A JSON body is expected. Send it with Content-Type: application/json.');
  next();
};

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

async function tagsOf(catalog: Catalog, repository: string, signal: AbortSignal): Promise<ReadonlyMap<Digest, string[]>> {
  const tags = new Map<Digest, string[]>();
  for await (const { tag, digest } of catalog.tags(repository, { signal })) tags.set(digest, [...(tags.get(digest) ?? []), tag]);
  return tags;
}

function snapshotView(record: SnapshotRecord, tags: ReadonlyMap<Digest, string[]>): SnapshotView {
  return { ...record, tags: tags.get(record.digest) ?? [] };
}

function tagView({ tag, digest, movedAt }: TagRecord): TagRecord {
  return { tag, digest, movedAt };
}
