import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as z from 'zod/mini';
import { type CreatingRoute, type Route, routePath, routes, type SnapshotView } from '../core/contract.ts';
import { type Digest, digestOf, isDigest } from '../core/digest.ts';
import { parseValue } from '../core/documents.ts';
import { DynDataError, errorOfProblem } from '../core/errors.ts';
import { type ImageManifest, imageManifestSchema, mediaTypes } from '../core/image.ts';
import { isEnded, type Job, jobSchema } from '../core/job.ts';
import type { PolicyCheck, PolicyPreview, PolicySuggestion, PolicyText } from '../core/policy-tools.ts';
import type { Target } from '../core/references.ts';
import { type AccessApi, createAccessApi } from './access-api.ts';
import { serverSentEvents } from './server-sent-events.ts';

const pageSize = 200;
const answerTimeoutMs = 30_000;
/** What creates something is sent again after these pauses where its answer was lost, and what only reads where a proxy gave one for the registry too. */
const resendDelaysMs = [250, 1_000];
/** A cut event stream is taken up again after these pauses; one event starts them over. */
const reconnectDelaysMs = [500, 1_000, 2_000, 4_000, 8_000];

/**
 * The registry's API and the reading side of its OCI endpoint.
 * @throws DynDataError what the registry's problem documents say, REGISTRY_UNREACHABLE, REGISTRY_FAILED, ACCESS_DENIED.
 */
export type RegistryApi = {
  /** All snapshots of the repository, page by page. */
  snapshots(repository: string): AsyncGenerator<SnapshotView>;
  /** All tags of the repository, ascending. */
  tags(repository: string): AsyncGenerator<string>;
  /** The digest that a tag or digest stands for now; undefined where there is none. */
  resolve(repository: string, target: Target): Promise<Digest | undefined>;
  /** The image manifest, checked against its digest. @throws SNAPSHOT_UNKNOWN */
  imageManifest(repository: string, digest: Digest): Promise<ImageManifest>;
  /** A blob's bytes as they come: whoever reads them checks them, and may stop before the end. @throws BLOB_UNKNOWN */
  blob(repository: string, digest: Digest): AsyncGenerator<Uint8Array>;
  createSnapshot(request: { readonly environment: string; readonly tag?: string; readonly alias?: string }): Promise<Job>;
  /** The environment's policy file as it stands. */
  policyText(environment: string): Promise<PolicyText>;
  suggestPolicy(environment: string): Promise<PolicySuggestion>;
  checkPolicy(environment: string): Promise<PolicyCheck>;
  /** Real values. @param rows of each table. @throws ACCESS_DENIED where the registry is not on this machine. */
  previewPolicy(environment: string, rows: number): Promise<PolicyPreview>;
  /** Any call of the API that is answered with a document; `act` is one that is not. */
  call<T>(schema: z.ZodMiniType<T>, path: string, request?: Request): Promise<T>;
  act(path: string, request: Request): Promise<void>;
  /** What is there, and the ETag for the header `If-Match` of a change of just that. */
  read<T>(route: Route & { readonly etag: true; readonly answer: z.ZodMiniType<T> }, path: string): Promise<{ view: T; etag: string }>;
  readonly create: Create;
  /** Any list of the API, page by page. */
  pages<T>(
    schema: z.ZodMiniType<{ items: T[]; next?: string | undefined }>,
    path: string,
    query?: Readonly<Record<string, string>>,
  ): AsyncGenerator<T>;
  /** The job's state now, then every change; ends after the ended state. Cuts of the connection are mended. */
  followJob(id: string): AsyncGenerator<Job>;
  readonly access: AccessApi;
};

/**
 * Asks for something new. A request whose answer was lost on the way is sent again with the same key, so that nothing is made twice; a
 * secret that was lost so is not given again. @throws TOKEN_ALREADY_ISSUED
 */
export type Create = <T>(
  route: CreatingRoute & { readonly answer: z.ZodMiniType<T> },
  request?: { readonly parameters?: Readonly<Record<string, string>>; readonly body?: object },
) => Promise<T>;

export type Request = {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly endless?: boolean;
};

export type RegistryApiOptions = {
  readonly registry: string;
  readonly signal: AbortSignal;
  /** The token to show, which is never printed; undefined where there is none. */
  readonly readToken: () => Promise<string | undefined>;
};

export function createRegistryApi(options: RegistryApiOptions): RegistryApi {
  const base = options.registry.replace(/\/+$/, '');

  const sendOnce = async (path: string, { endless = false, ...request }: Request): Promise<Response> => {
    const signal = endless ? options.signal : AbortSignal.any([options.signal, AbortSignal.timeout(answerTimeoutMs)]);
    const token = await options.readToken();
    const headers = { ...request.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    try {
      return await fetch(`${base}${path}`, { ...request, headers, signal });
    } catch (error) {
      if (options.signal.aborted) throw error;
      throw unreachable(error);
    }
  };
  const send = async (path: string, request: Request = {}): Promise<Response> => {
    const isReading = ['GET', 'HEAD'].includes(request.method ?? 'GET');
    for (const delayMs of isReading ? resendDelaysMs : []) {
      const response = await sendOnce(path, request).catch((error: unknown) => {
        if (isTimeout(error) || !mayHaveArrived(error, 0)) throw error;
      });
      if (response && !isOfProxy(response)) return response;
      await response?.body?.cancel();
      await sleep(delayMs, undefined, { signal: options.signal });
    }
    return sendOnce(path, request);
  };
  const unreachable = (cause: unknown): DynDataError =>
    new DynDataError(
      'REGISTRY_UNREACHABLE',
      `The registry at ${options.registry} does not answer. See that it runs and that \`registry\` in dyn-data.yaml is its address, then try again.`,
      { cause },
    );
  const problem = async (response: Response): Promise<DynDataError> => {
    const body: unknown = await response.json().catch(() => undefined);
    if (response.status === 401 && errorOfProblem(body, response.status).code === 'REGISTRY_FAILED') {
      return new DynDataError('UNAUTHENTICATED', `The registry at ${options.registry} asks for a valid token. Log in with: dyn-data login`);
    }
    if (response.status === 403 && errorOfProblem(body, response.status).code === 'REGISTRY_FAILED') {
      return new DynDataError(
        'ACCESS_DENIED',
        `The registry at ${options.registry} refuses access. Ask whoever runs it for the permission.`,
      );
    }
    return errorOfProblem(body, response.status);
  };
  const answered = async (path: string, request?: Request): Promise<Response> => {
    const response = await send(path, request);
    if (response.ok) return response;
    throw await problem(response);
  };
  const parse = async <T>(schema: z.ZodMiniType<T>, response: Response): Promise<T> => {
    const body: unknown = await response.json().catch(() => undefined);
    return parseValue(schema, body, `The answer of the registry at ${options.registry}`, 'REGISTRY_FAILED');
  };
  const call = async <T>(schema: z.ZodMiniType<T>, path: string, request?: Request): Promise<T> =>
    parse(schema, await answered(path, request));
  const create: Create = async (route, { parameters, body } = {}) => {
    const type = body && { 'content-type': 'application/json' };
    const headers = { 'idempotency-key': randomUUID(), ...type };
    const request = { method: 'POST', headers, ...(body && { body: JSON.stringify(body) }) };
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await call(route.answer, routePath(route.path, parameters), request);
      } catch (error) {
        const delayMs = resendDelaysMs[attempt];
        if (options.signal.aborted || delayMs === undefined || !mayHaveArrived(error, attempt)) throw error;
        await sleep(delayMs, undefined, { signal: options.signal });
      }
    }
  };
  async function* pages<T>(
    schema: z.ZodMiniType<{ items: T[]; next?: string | undefined }>,
    path: string,
    query: Readonly<Record<string, string>> = {},
  ): AsyncGenerator<T> {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const asked: URLSearchParams = new URLSearchParams({ limit: String(pageSize), ...query, ...(after === '' ? {} : { after }) });
      const page: { items: T[]; next?: string | undefined } = await call(schema, `${path}?${asked}`);
      yield* page.items;
      after = page.next;
    }
  }
  const manifestAddress = (repository: string, target: Target): string =>
    `/v2/${repository}/manifests/${'digest' in target ? target.digest : target.tag}`;

  return {
    call,
    create,
    pages,
    async act(path, request) {
      await answered(path, request);
    },
    async read({ answer }, path) {
      const response = await answered(path);
      // A proxy that compresses the answer calls its ETag weak; it names the same state.
      const etag = (response.headers.get('etag') ?? '').replace(/^W\//, '');
      return { view: await parse(answer, response), etag };
    },
    snapshots: (repository) => pages(routes.listSnapshots.answer, routePath(routes.listSnapshots.path, { repository })),
    async *tags(repository) {
      for await (const { tag } of pages(routes.listTags.answer, routePath(routes.listTags.path, { repository }))) yield tag;
    },
    async resolve(repository, target) {
      const response = await send(manifestAddress(repository, target), { method: 'HEAD', headers: { accept: mediaTypes.imageManifest } });
      if (response.status === 404) return undefined;
      if (!response.ok) throw await problem(response);
      const digest = response.headers.get('docker-content-digest') ?? '';
      if (isDigest(digest)) return digest;
      throw new DynDataError(
        'REGISTRY_FAILED',
        `What answers at ${options.registry} is no OCI registry: it gives no digest. Correct \`registry\` in dyn-data.yaml.`,
      );
    },
    async imageManifest(repository, digest) {
      const response = await send(manifestAddress(repository, { digest }), { headers: { accept: mediaTypes.imageManifest } });
      if (response.status === 404) throw snapshotUnknown(repository, digest);
      if (!response.ok) throw await problem(response);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (digestOf(bytes) !== digest) {
        throw new DynDataError(
          'DIGEST_MISMATCH',
          `The registry at ${options.registry} gives another image manifest than ${digest}. Have the registry's storage verified.`,
        );
      }
      return parseValue(imageManifestSchema, JSON.parse(new TextDecoder().decode(bytes)), 'The image manifest', 'REGISTRY_FAILED');
    },
    async *blob(repository, digest) {
      const response = await send(`/v2/${repository}/blobs/${digest}`, { endless: true });
      if (response.status === 404) {
        throw new DynDataError(
          'BLOB_UNKNOWN',
          `The registry at ${options.registry} has no blob ${digest} in the repository ${repository}, though an image there names it. Have the registry's storage verified.`,
        );
      }
      if (!response.ok) throw await problem(response);
      yield* response.body ?? [];
    },
    createSnapshot: (body) => create(routes.createSnapshot, { body }),
    policyText: (environment) => call(routes.showPolicy.answer, routePath(routes.showPolicy.path, { environment })),
    // Endless: how long reading a live system takes depends on its size.
    suggestPolicy: (environment) =>
      call(routes.suggestPolicy.answer, routePath(routes.suggestPolicy.path, { environment }), { method: 'POST', endless: true }),
    checkPolicy: (environment) =>
      call(routes.checkPolicy.answer, routePath(routes.checkPolicy.path, { environment }), { method: 'POST', endless: true }),
    previewPolicy: (environment, rows) =>
      call(routes.previewPolicy.answer, routePath(routes.previewPolicy.path, { environment }), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ rows }),
        endless: true,
      }),
    async *followJob(id) {
      const path = routePath(routes.followJob.path, { id });
      for (let attempt = 0; ; ) {
        try {
          const response = await send(path, { headers: { accept: 'text/event-stream' }, endless: true });
          if (!response.ok) throw await problem(response);
          for await (const event of serverSentEvents(response.body ?? new ReadableStream())) {
            const job = parseValue(jobSchema, JSON.parse(event), 'An event of the registry', 'REGISTRY_FAILED');
            attempt = 0;
            yield job;
            if (isEnded(job.state)) return;
          }
        } catch (error) {
          const isCut = !(error instanceof DynDataError) || error.code === 'REGISTRY_UNREACHABLE' || error.code === 'REGISTRY_FAILED';
          if (options.signal.aborted || !isCut) throw error;
        }
        const delayMs = reconnectDelaysMs[attempt];
        attempt += 1;
        if (delayMs === undefined) throw unreachable(new Error('reconnecting failed'));
        await sleep(delayMs, undefined, { signal: options.signal });
      }
    },
    access: createAccessApi({ call, create, pages }),
  };
}

/** Whether a proxy says that it reached no registry, as it does for a moment when one of several has gone. The registry's own answers say what is wrong. */
function isOfProxy({ status, headers }: Response): boolean {
  return [502, 503, 504].includes(status) && !headers.get('content-type')?.includes('json');
}

function isTimeout(error: unknown): boolean {
  return error instanceof DynDataError && error.cause instanceof Error && error.cause.name === 'TimeoutError';
}

/** Whether the request may have been carried out though no answer came. Once it may have, a registry that restarts is waited for. */
function mayHaveArrived(error: unknown, attempt: number): boolean {
  if (!(error instanceof DynDataError)) return false;
  if (error.code === 'REGISTRY_FAILED') return true;
  if (error.code !== 'REGISTRY_UNREACHABLE') return false;
  const reason = error.cause instanceof Error ? error.cause.cause : undefined;
  const isUnconnected = reason instanceof Error && 'code' in reason && unconnected.has(String(reason.code));
  return attempt > 0 || !isUnconnected;
}

const unconnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

export function snapshotUnknown(repository: string, digest: Digest): DynDataError {
  return new DynDataError(
    'SNAPSHOT_UNKNOWN',
    `The registry has no snapshot ${digest} in the repository ${repository}; it may have been removed. Run \`dyn-data ls\` to see what there is.`,
  );
}
