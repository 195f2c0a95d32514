import { randomBytes, randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import type { BlobStore, BuildSnapshot, Catalog, JobHandlers, ObjectStore, PolicyTools, Schedules, Uploads } from '../../core/index.ts';
import { type Access, createAccess } from '../../registry/access/access.ts';
import { createAuditedCatalog } from '../../registry/access/audited-catalog.ts';
import { createChange } from '../../registry/access/change.ts';
import {
  createCollectHandler,
  createInProcessQueue,
  createRetentionHandler,
  createRetryPolicy,
  createVerifyHandler,
  type InProcessJobQueue,
} from '../../registry/jobs/index.ts';
import { createLog } from '../../registry/log.ts';
import { createMetrics } from '../../registry/metrics.ts';
import { openOperators } from '../../registry/open-operators.ts';
import type { OperatorPorts } from '../../registry/operator-routes.ts';
import { createScheduler, createTimerAlarm, systemTimer } from '../../registry/schedules/index.ts';
import { createRegistry } from '../../registry/server.ts';
import {
  createBlobStore,
  createCatalog,
  createRequestKeys,
  createScheduleStore,
  createUploads,
  type OpenPush,
  type RequestKeys,
} from '../../storage/index.ts';

export type RunningRegistry = {
  readonly url: string;
  readonly port: number;
  readonly blobs: BlobStore;
  readonly catalog: Catalog;
  readonly uploads: Uploads;
  readonly jobs: InProcessJobQueue;
  readonly access: Access;
  readonly schedules: Schedules;
  readonly operators: OperatorPorts;
  readonly openPush: OpenPush;
  readonly requestKeys: RequestKeys;
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
  readonly bodyStallTimeoutMs?: number;
  /** With limits, tokens are asked for. */
  readonly limits?: { readonly failuresPerMinute: number; readonly requestsPerSecond: number };
  readonly trustedProxies?: readonly string[];
  readonly clock?: () => Date;
  readonly requestTimeoutMs?: number;
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
  const clock = options.clock ?? ((): Date => new Date());
  const { limits, trustedProxies = [] } = options;
  const access = createAccess(options.objects, { limits, trustedProxies, clock, random: randomBytes, logger });
  const uploads = createUploads(options.objects, blobs, { clock, newId: randomUUID });
  const environments = [
    { name: 'prod', repository: 'dynamease', sources: ['mysql', 'ldap'] },
    { name: 'test', repository: 'team/test', sources: ['mysql'] },
  ];
  const sources = {};
  const { catalog, operators, collect, openPush } = openOperators({
    objects: options.objects,
    catalog: createCatalog(options.objects, { clock }),
    uploads,
    config: {
      collector: { graceHours: 24 },
      environments: Object.fromEntries(
        environments.map(({ name, repository }) => [name, { repository, policy: '', key: { env: '' }, strict: false, sources }]),
      ),
    },
    recorded: (by) => createAuditedCatalog(by, createChange(access.audit, { actor: { kind: 'builder', name: 'builder' } })),
    clock,
    newId: randomUUID,
  });
  const buildSnapshot = options.build({ blobs, catalog });
  const handlers: JobHandlers = {
    build: {
      resources: ({ environment = '' }) => [environment],
      run: ({ environment = '', tag, alias }, hooks) =>
        buildSnapshot({ environment, ...(tag === undefined ? {} : { tag }), ...(alias === undefined ? {} : { alias }) }, hooks),
    },
    verify: createVerifyHandler({ catalog, blobs }),
    retention: createRetentionHandler(operators.retention),
    collect: createCollectHandler(collect),
  };
  const retry = createRetryPolicy({ attempts: 2, firstDelayMs: 20, random: Math.random });
  const metrics = createMetrics({ version: '0.0.0-test' });
  const jobs = createInProcessQueue({ handlers, retry, clock, newId: randomUUID, logger, onEnded: metrics.jobEnded });
  metrics.countJobsOf(jobs);
  const store = createScheduleStore(options.objects);
  const openAlarm = createTimerAlarm(systemTimer);
  const schedules = createScheduler({ store, jobs, environments, clock, openAlarm, logger, sweepMs: 60_000 });
  await schedules.start();
  const requestKeys = createRequestKeys(options.objects, { clock, newId: randomUUID, keptForMs: 24 * 60 * 60_000 });
  const registry = createRegistry({
    blobs,
    catalog,
    uploads,
    openPush,
    ...(options.bodyStallTimeoutMs === undefined ? {} : { bodyStallTimeoutMs: options.bodyStallTimeoutMs }),
    jobs,
    environments,
    schedules,
    operators,
    requestKeys,
    metrics,
    access,
    logger,
    version: '0.0.0-test',
    newId: randomUUID,
    ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
    ...(options.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: options.requestTimeoutMs }),
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
    access,
    schedules,
    operators,
    openPush,
    requestKeys,
    log: () => written,
    async stop() {
      await schedules.close();
      await jobs.close(1000);
      await registry.close(500);
    },
  };
}
