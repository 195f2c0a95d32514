import { randomBytes, randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { DestinationStream, Logger } from 'pino';
import {
  type BlobStore,
  type BuildSnapshot,
  type Catalog,
  type ChunkIndex,
  type Digest,
  type PolicyTools,
  type RegistryConfig,
  toolVersion,
} from '../core/index.ts';
import {
  createBlobStore,
  createCatalog,
  createCheckedBlobs,
  createChunkIndex,
  createRequestKeys,
  createUploads,
  linkOlderSnapshots,
  openStorage,
  readSecret,
} from '../storage/index.ts';
import { createAccess } from './access/access.ts';
import { createAuditedCatalog } from './access/audited-catalog.ts';
import { createChange } from './access/change.ts';
import { ensureAdmin } from './access/initial-admin.ts';
import { openBuilder } from './builder-server.ts';
import { type JobSystem, openJobSystem } from './job-system.ts';
import { createBuildHandler, createCollectHandler, createRetentionHandler, createVerifyHandler } from './jobs/index.ts';
import { removeLeftovers } from './leftovers.ts';
import { createLog } from './log.ts';
import { isLoopbackName, requireLoopback } from './loopback.ts';
import { createMetrics } from './metrics.ts';
import { openOperators } from './open-operators.ts';
import { type ProgramInput, readProgramOptions } from './program-options.ts';
import { createRegistry, type Registry } from './server.ts';
import { readCertificate, watchCertificate } from './tls.ts';

/** How long a stopping registry waits for answers that are being sent. */
const requestsTimeoutMs = 2_000;
/** How long a request that creates something may be sent again with its key; as the operators' documentation says. */
const keysKeptForMs = 24 * 60 * 60_000;
const certificateEveryMs = 30_000;
/** After how long a blob that has not changed is hashed again when it is pulled. */
const goodForMs = 10 * 60_000;
/** After how long a damaged blob is looked at again: soon after it was restored, and not at each try of a client. */
const damagedForMs = 30_000;

/** What a builder is made of, in the all-in-one mode. */
type BuildContext = {
  readonly config: RegistryConfig;
  readonly configDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly blobs: BlobStore;
  readonly index: ChunkIndex;
  readonly catalog: Catalog;
  readonly now: () => Date;
};

export type RegistryProgram = ProgramInput & {
  readonly createBuildSnapshot: (context: BuildContext) => BuildSnapshot;
  /** Left out where no policy is to be written through this registry. */
  readonly createPolicyTools?: (context: BuildContext) => PolicyTools;
  /** Names what makes the stored form of chunks. */
  readonly chunkCodec: string;
  readonly print: (line: string) => void;
  readonly log: DestinationStream;
  /** Stops the registry. */
  readonly signal: AbortSignal;
  /** Calls its argument whenever files that may change while the registry runs are to be read again. */
  readonly onReload?: (reload: () => void) => void;
};

/** What serves requests. */
type Server = {
  listen(): Promise<string | undefined>;
  close(timeoutMs: number): Promise<void>;
  renewCertificate?: Registry['renewCertificate'];
};

/**
 * Runs the registry until `signal` fires. Prints one line `{"listening":"http://…"}` when it answers requests, or `{"working":true}` where it
 * is a builder that answers none.
 * @throws DynDataError USAGE, CONFIG_NOT_FOUND, CONFIG_INVALID, and what opening the storage and the queue throws.
 */
export async function runRegistry(program: RegistryProgram): Promise<void> {
  const { environment, signal } = program;
  const { configFile, role, config } = await readProgramOptions(program);
  const configDirectory = dirname(configFile);
  if (!config.access) requireLoopback(config.listen.host);
  // A builder makes no token and serves nobody but who looks after it: it needs neither the certificate nor the initial admin's token.
  const isServing = role !== 'builder';
  const tls = isServing ? config.listen.tls : undefined;
  const certificate = tls && (await readCertificate(tls, configDirectory));

  const logger = createLog(program.log);
  const now = (): Date => new Date();
  const secrets = { configDirectory, environment };
  const objects = await openStorage(config.storage, secrets, {
    redis: { url: config.redisUrl, prefix: config.redisPrefix },
    onOpened: (facts) => logger.info(facts, 'storage opened'),
  });
  const { trustedProxies } = config.listen;
  const access = createAccess(objects, { limits: config.access, trustedProxies, clock: now, random: randomBytes, logger });
  if (config.access && isServing) {
    const { initialAdmin } = config.access;
    const text = initialAdmin && (await readSecret(initialAdmin, 'access.initialAdmin', secrets));
    await ensureAdmin(text, { store: access.store, audit: access.audit, clock: now, logger });
    warnOfPlainText(config, logger);
  }
  const { listen } = config.builder;
  if (role === 'builder' && listen && !isLoopbackName(listen.host))
    logger.warn({ host: listen.host }, "tokens for the builder's metrics travel readable: listen on a network of its own for them");
  const blobs = createBlobStore(objects);
  const metrics = createMetrics({ version: toolVersion });
  const onDamaged = (digest: Digest): void => {
    metrics.blobDamaged();
    logger.error({ blob: digest }, 'a blob of the storage is damaged and is not given out');
  };
  const nowMs = (): number => now().getTime();
  // Jobs hash all that they read.
  const served = createBlobStore(objects, { checked: createCheckedBlobs({ goodForMs, damagedForMs, nowMs, onDamaged }) });
  const recorded = (by: Catalog): Catalog =>
    createAuditedCatalog(by, createChange(access.audit, { actor: { kind: 'builder', name: 'builder' } }));
  const uploads = createUploads(objects, blobs, { clock: now, newId: randomUUID });
  const { catalog, operators, collect, openWriter, openPush } = openOperators({
    objects,
    catalog: createCatalog(objects, { clock: now }),
    uploads,
    config,
    recorded,
    clock: now,
    newId: randomUUID,
  });
  const older = await linkOlderSnapshots(catalog, signal);
  if (older > 0) logger.info({ snapshots: older }, 'snapshots of an older version were linked to their blobs');
  const index = createChunkIndex(objects, program.chunkCodec);
  const buildContext: BuildContext = { config, configDirectory, environment, blobs, index, catalog: recorded(catalog), now };
  // Each build has a view of the storage of its own, safe from a collector that runs meanwhile.
  const buildSnapshot: BuildSnapshot = async (request, hooks) => {
    const writer = await openWriter(index, hooks.signal);
    return program.createBuildSnapshot({ ...buildContext, ...writer, catalog: recorded(writer.catalog) })(request, hooks);
  };
  const environments = Object.entries(config.environments).map(([name, { repository, sources }]) => ({
    name,
    repository,
    sources: Object.keys(sources),
  }));
  const handlers = {
    build: createBuildHandler(buildSnapshot, config),
    verify: createVerifyHandler({ catalog, blobs, index }),
    retention: createRetentionHandler(operators.retention),
    collect: createCollectHandler(collect),
  };
  const newId = randomUUID;
  const system = await openJobSystem({
    config,
    secrets,
    role,
    handlers,
    objects,
    environments,
    metrics,
    logger,
    clock: now,
    newId,
    random: Math.random,
  });
  const common = { blobs: served, checks: system.checks, metrics, logger, version: toolVersion, newId };
  const serve = (): Server => {
    if (!system.jobs) return openBuilder({ ...common, access, listen: config.builder.listen });
    const policyTools = role === 'all' ? program.createPolicyTools?.(buildContext) : undefined;
    const optional = { ...(policyTools ? { policyTools } : {}), ...(system.scheduler ? { schedules: system.scheduler } : {}) };
    const requestKeys = createRequestKeys(objects, { clock: now, newId, keptForMs: keysKeptForMs });
    removeLeftovers({ uploads, requestKeys, clock: now, logger, signal });
    const registry = createRegistry({
      ...common,
      ...optional,
      ...(certificate ? { certificate } : {}),
      catalog,
      uploads,
      openPush,
      jobs: system.jobs,
      environments,
      access,
      operators,
      requestKeys,
    });
    return { listen: () => registry.listen(config.listen), close: registry.close, renewCertificate: registry.renewCertificate };
  };
  const server = serve();
  try {
    const listening = await server.listen();
    const renew = server.renewCertificate;
    if (tls && certificate && renew) {
      const reload = watchCertificate({ files: tls, configDirectory, certificate, renew, logger, everyMs: certificateEveryMs, signal });
      program.onReload?.(() => void reload());
    }
    await system.start();
    program.print(JSON.stringify(listening === undefined ? { working: true } : { listening }));
    logger.info({ listening, role, version: toolVersion, environments: environments.map(({ name }) => name) }, 'registry started');
    await untilFired(signal);
    logger.info('registry stopping');
  } finally {
    await stop(system, server);
    objects[Symbol.dispose]?.();
  }
  logger.info('registry stopped');
}

function warnOfPlainText({ listen }: RegistryConfig, logger: Logger): void {
  if (listen.tls || listen.trustedProxies.length > 0 || isLoopbackName(listen.host)) return;
  logger.warn({ host: listen.host }, 'tokens travel readable: configure listen.tls, or a proxy with TLS and listen.trustedProxies');
}

/** Whoever follows a job sees its end, so the jobs end first. */
async function stop(system: JobSystem, server: Server): Promise<void> {
  await system.close();
  await server.close(requestsTimeoutMs);
}

function untilFired(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => done(), { once: true });
  });
}
