import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SnapshotView } from '../../core/contract.ts';
import { DynDataError, problemOf } from '../../core/errors.ts';
import { mediaTypes } from '../../core/image.ts';
import type { Job } from '../../core/job.ts';
import { manifestTotals } from '../../core/manifest.ts';
import type { DataImage } from './data-image.ts';

/** A real HTTP server with the reading half of a registry, enough for `docker pull` and the client, holding everything in memory. */
export type SmallRegistry = {
  readonly url: string;
  readonly host: string;
  /** What was asked for, as `METHOD path`. */
  readonly requests: string[];
  add(repository: string, tag: string | undefined, image: DataImage, takenAt?: string): void;
  /** Replaces the API: one answer per path, tried before everything else. */
  answer(path: string, handler: (request: IncomingMessage, response: ServerResponse) => void): void;
  close(): Promise<void>;
};

const pageSize = 2;

/** @param address of this machine, where it listens */
export async function startSmallRegistry(address = '127.0.0.1'): Promise<SmallRegistry> {
  const images = new Map<string, DataImage>();
  const tags = new Map<string, string>();
  const snapshots: SnapshotView[] = [];
  const handlers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  const requests: string[] = [];

  const server: Server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://registry');
    requests.push(`${request.method} ${pathname}`);
    const handler = handlers.get(pathname);
    if (handler) return handler(request, response);
    if (pathname === '/v2/') return sendJson(response, 200, {});
    const oci = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname);
    if (oci) {
      const [, repository = '', kind, name = ''] = oci;
      const bytes = kind === 'manifests' ? images.get(tags.get(`${repository}:${name}`) ?? name)?.imageManifest : blob(images, name);
      if (!bytes) return sendJson(response, 404, { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'unknown' }] });
      const digest = kind === 'manifests' ? (tags.get(`${repository}:${name}`) ?? name) : name;
      const type = kind === 'manifests' ? mediaTypes.imageManifest : 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'content-length': bytes.length, 'docker-content-digest': digest });
      response.end(request.method === 'HEAD' ? undefined : bytes);
      return;
    }
    const one = /^\/api\/v1\/repositories\/([^/]+)\/snapshots\/([^/]+)$/.exec(pathname);
    if (one) {
      const [, repository = '', digest = ''] = one.map(decodeURIComponent);
      const found = snapshots.find((snapshot) => snapshot.repository === repository && snapshot.digest === digest);
      if (found) return sendJson(response, 200, found);
      return sendProblem(response, new DynDataError('SNAPSHOT_UNKNOWN', `There is no snapshot ${digest}.`));
    }
    if (/^\/api\/v1\/repositories\/[^/]+\/pins$/.test(pathname)) return sendJson(response, 200, { items: [] });
    const list = /^\/api\/v1\/repositories\/([^/]+)\/(snapshots|tags)$/.exec(pathname);
    if (list) {
      const repository = decodeURIComponent(list[1] ?? '');
      const all: { readonly key: string; readonly item: unknown }[] =
        list[2] === 'snapshots'
          ? snapshots.filter((snapshot) => snapshot.repository === repository).map((item) => ({ key: item.digest, item }))
          : [...tags]
              .filter(([name]) => name.startsWith(`${repository}:`))
              .map(([name, digest]) => ({
                key: name.slice(repository.length + 1),
                item: { tag: name.slice(repository.length + 1), digest, movedAt: '2024-05-01T00:00:00Z' },
              }));
      all.sort((a, b) => (a.key < b.key ? -1 : 1));
      const after = searchParams.get('after') ?? '';
      const rest = all.filter(({ key }) => key > after);
      const page = rest.slice(0, pageSize);
      return sendJson(response, 200, {
        items: page.map(({ item }) => item),
        ...(rest.length > pageSize ? { next: page.at(-1)?.key } : {}),
      });
    }
    sendProblem(response, new DynDataError('NOT_FOUND', `Nothing is at ${pathname}.`));
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const host = `${address}:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    requests,
    add(repository, tag, image, takenAt = '2024-05-01T00:00:00Z') {
      images.set(image.digest, image);
      if (tag !== undefined) tags.set(`${repository}:${tag}`, image.digest);
      snapshots.push(viewOf(repository, tag, image, takenAt));
    },
    answer: (path, handler) => void handlers.set(path, handler),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function sendProblem(response: ServerResponse, error: DynDataError): void {
  response.writeHead(error.httpStatus, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problemOf(error)));
}

/** One server-sent event of a job. */
export const jobEvent = (job: Job): string => `event: job\ndata: ${JSON.stringify(job)}\n\n`;

function blob(images: ReadonlyMap<string, DataImage>, digest: string): Uint8Array | undefined {
  for (const { blobs } of images.values()) for (const [key, bytes] of blobs) if (key === digest) return bytes;
  return undefined;
}

function viewOf(repository: string, tag: string | undefined, image: DataImage, takenAt: string): SnapshotView {
  const { rows } = manifestTotals(image.manifest);
  let sizeBytes = 0;
  for (const bytes of image.blobs.values()) sizeBytes += bytes.length;
  const sources = image.manifest.sources.map((source) => ({
    name: source.name,
    kind: source.kind,
    tables: source.tables.length,
    rows: source.tables.reduce((sum, table) => sum + table.rows, 0),
    consistent: true,
  }));
  return {
    version: 1,
    repository,
    digest: image.digest,
    environment: 'test',
    manifestDigest: image.digest,
    sizeBytes,
    rows,
    sources,
    provenance: { takenAt, durationMs: 1, skewMs: 0, sources: [] },
    tags: tag === undefined ? [] : [tag],
  };
}
