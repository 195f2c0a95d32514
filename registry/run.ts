import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { DestinationStream, Logger } from 'pino';
import {
  type BlobStore,
  type BuildSnapshot,
  type Catalog,
  type ChunkIndex,
  DynDataError,
  type PolicyTools,
  parseRegistryConfig,
  type RegistryConfig,
  toolVersion,
} from '../core/index.ts';
import {
  createBlobStore,
  createCatalog,
  createChunkIndex,
  createUploads,
  linkOlderSnapshots,
  openStorage,
  readSecret,
} from '../storage/index.ts';
import { createAccess } from './access/access.ts';
import { createAuditedCatalog } from './access/audited-catalog.ts';
import { createChange } from './access/change.ts';
import { ensureAdmin } from './access/initial-admin.ts';
import { createJobQueue } from './jobs.ts';
import { createLog } from './log.ts';
import { isLoopbackName, requireLoopback } from './loopback.ts';
import { createRegistry } from './server.ts';
import { readCertificate, watchCertificate } from './tls.ts';

const usage = 'Usage: node registry/main.ts --config FILE';

/** How long a stopping registry waits for cancelled builds, and then for answers that are being sent. */
const buildsTimeoutMs = 8_000;
const requestsTimeoutMs = 2_000;
const certificateEveryMs = 30_000;

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

export type RegistryProgram = {
  readonly commandLine: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
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

/**
 * Runs the registry until `signal` fires. Prints one line `{"listening":"http://…"}` when it answers requests.
 * @throws DynDataError USAGE, CONFIG_NOT_FOUND, CONFIG_INVALID, and what opening the storage throws.
 */
export async function runRegistry(program: RegistryProgram): Promise<void> {
  const { environment, signal } = program;
  const configFile = resolve(configOption(program.commandLine));
  const config = parseRegistryConfig(await readConfig(configFile), configFile);
  const configDirectory = dirname(configFile);
  if (!config.access) requireLoopback(config.listen.host);
  const { tls } = config.listen;
  const certificate = tls && (await readCertificate(tls, configDirectory));

  const logger = createLog(program.log);
  const now = (): Date => new Date();
  const objects = await openStorage(config.storage, { configDirectory, environment });
  const { trustedProxies } = config.listen;
  const access = createAccess(objects, { limits: config.access, trustedProxies, clock: now, random: randomBytes, logger });
  if (config.access) {
    const { initialAdmin } = config.access;
    const text = initialAdmin && (await readSecret(initialAdmin, 'access.initialAdmin', { configDirectory, environment }));
    await ensureAdmin(text, { store: access.store, audit: access.audit, clock: now, logger });
    warnOfPlainText(config, logger);
  }
  const blobs = createBlobStore(objects);
  const catalog = createCatalog(objects, { clock: now });
  const older = await linkOlderSnapshots(catalog, signal);
  if (older > 0) logger.info({ snapshots: older }, 'snapshots of an older version were linked to their blobs');
  const index = createChunkIndex(objects, program.chunkCodec);
  const auditedCatalog = createAuditedCatalog(catalog, createChange(access.audit, { actor: { kind: 'builder', name: 'builder' } }));
  const buildContext: BuildContext = { config, configDirectory, environment, blobs, index, catalog: auditedCatalog, now };
  const buildSnapshot = program.createBuildSnapshot(buildContext);
  const policyTools = program.createPolicyTools?.(buildContext);
  const jobs = createJobQueue({ buildSnapshot, clock: now, newId: randomUUID, logger });
  const environments = Object.entries(config.environments).map(([name, { repository, sources }]) => ({
    name,
    repository,
    sources: Object.keys(sources),
  }));
  const registry = createRegistry({
    blobs,
    catalog,
    // Whoever reaches this machine's loopback interface may do everything.
    uploads: createUploads(objects, blobs, { clock: now, newId: randomUUID }),
    jobs,
    environments,
    access,
    ...(certificate ? { certificate } : {}),
    ...(policyTools ? { policyTools } : {}),
    logger,
    version: toolVersion,
    newId: randomUUID,
  });
  try {
    const listening = await registry.listen(config.listen);
    if (tls) {
      const renew = registry.renewCertificate;
      const reload = watchCertificate({ files: tls, configDirectory, renew, logger, everyMs: certificateEveryMs, signal });
      program.onReload?.(() => void reload());
    }
    program.print(JSON.stringify({ listening }));
    logger.info({ listening, version: toolVersion, environments: environments.map(({ name }) => name) }, 'registry started');
    await new Promise<void>((done) => {
      if (signal.aborted) done();
      signal.addEventListener('abort', () => done(), { once: true });
    });
    logger.info('registry stopping');
  } finally {
    await jobs.close(buildsTimeoutMs);
    await registry.close(requestsTimeoutMs);
    objects[Symbol.dispose]?.();
  }
  logger.info('registry stopped');
}

function warnOfPlainText({ listen }: RegistryConfig, logger: Logger): void {
  if (listen.tls || listen.trustedProxies.length > 0 || isLoopbackName(listen.host)) return;
  logger.warn({ host: listen.host }, 'tokens travel readable: configure listen.tls, or a proxy with TLS and listen.trustedProxies');
}

function configOption(commandLine: readonly string[]): string {
  try {
    const { values } = parseArgs({ args: [...commandLine], options: { config: { type: 'string' } } });
    if (values.config) return values.config;
  } catch (cause) {
    throw new DynDataError('USAGE', `The command line is not understood. ${usage}`, { cause });
  }
  throw new DynDataError('USAGE', `The configuration file is not named. ${usage}`);
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    const message = `The configuration file ${file} cannot be read (${code}). Create it, or name the right file with --config.`;
    throw new DynDataError('CONFIG_NOT_FOUND', message, { cause });
  }
}
