import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import type { BlobStore, BuildSnapshot, Catalog, ObjectStore, PolicyTools, Uploads } from '../../core/index.ts';
import { createJobQueue, type InProcessJobQueue } from '../../registry/jobs.ts';
import { createLog } from '../../registry/log.ts';
import { type OciGuard, openGuard } from '../../registry/oci/index.ts';
import { createRegistry } from '../../registry/server.ts';
import { createBlobStore, createCatalog, createUploads } from '../../storage/index.ts';

export type RunningRegistry = {
  readonly url: string;
  readonly port: number;
  readonly blobs: BlobStore;
  readonly catalog: Catalog;
  readonly uploads: Uploads;
  readonly jobs: InProcessJobQueue;
  /** Everything logged up to now. */
  readonly log: () => string;
  stop(): Promise<void>;
};

/** A registry over these objects on a free loopback port, with environments `prod` and `test` (repositories `dynamease` and `team/test`). */
export async function startRegistry(options: {
  readonly objects: ObjectStore;
  readonly build: (ports: { readonly blobs: BlobStore; readonly catalog: Catalog }) => BuildSnapshot;
  readonly heartbeatMs?: number;
  readonly policyTools?: PolicyTools;
  readonly ociGuard?: OciGuard;
  readonly bodyStallTimeoutMs?: number;
}): Promise<RunningRegistry> {
  let written = '';
  const logger = createLog(
    new Writable({
      write(line, _encoding, done) {
        written += String(line);
        done();
      },
    }),
  );
  const blobs = createBlobStore(options.objects);
  const clock = (): Date => new Date();
  const catalog = createCatalog(options.objects, { clock });
  const uploads = createUploads(options.objects, blobs, { clock, newId: randomUUID });
  const jobs = createJobQueue({ buildSnapshot: options.build({ blobs, catalog }), clock, newId: randomUUID, logger });
  const registry = createRegistry({
    blobs,
    catalog,
    uploads,
    ociGuard: options.ociGuard ?? openGuard,
    ...(options.bodyStallTimeoutMs === undefined ? {} : { bodyStallTimeoutMs: options.bodyStallTimeoutMs }),
    jobs,
    environments: [
      { name: 'prod', repository: 'dynamease', sources: ['mysql', 'ldap'] },
      { name: 'test', repository: 'team/test', sources: ['mysql'] },
    ],
    logger,
    version: '0.0.0-test',
    newId: randomUUID,
    ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
    ...(options.policyTools === undefined ? {} : { policyTools: options.policyTools }),
  });
  const url = await registry.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    port: Number(new URL(url).port),
    blobs,
    catalog,
    uploads,
    jobs,
    log: () => written,
    async stop() {
      await jobs.close(1000);
      await registry.close(500);
    },
  };
}
