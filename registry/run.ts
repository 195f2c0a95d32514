import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { DestinationStream } from 'pino';
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
import { createBlobStore, createCatalog, createChunkIndex, openStorage } from '../storage/index.ts';
import { createJobQueue } from './jobs.ts';
import { createLog } from './log.ts';
import { requireLoopback } from './loopback.ts';
import { openOperators } from './open-operators.ts';
import { createRegistry } from './server.ts';

const usage = 'Usage: node registry/main.ts --config FILE';

/** How long a stopping registry waits for cancelled builds, and then for answers that are being sent. */
const buildsTimeoutMs = 8_000;
const requestsTimeoutMs = 2_000;

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
  requireLoopback(config.listen.host);

  const logger = createLog(program.log);
  const now = (): Date => new Date();
  const objects = await openStorage(config.storage, { configDirectory, environment });
  const blobs = createBlobStore(objects);
  const { catalog, operators, openWriter } = openOperators({
    objects,
    catalog: createCatalog(objects, { clock: now }),
    config,
    clock: now,
    newId: randomUUID,
    logger,
  });
  const index = createChunkIndex(objects, program.chunkCodec);
  const buildContext: BuildContext = { config, configDirectory, environment, blobs, index, catalog, now };
  // Each build has a view of the storage of its own, safe from a collector that runs meanwhile.
  const buildSnapshot: BuildSnapshot = async (request, hooks) =>
    program.createBuildSnapshot({ ...buildContext, ...(await openWriter(index, hooks.signal)) })(request, hooks);
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
    jobs,
    environments,
    ...(policyTools ? { policyTools } : {}),
    operators,
    logger,
    version: toolVersion,
    newId: randomUUID,
  });
  try {
    const listening = await registry.listen(config.listen);
    program.print(JSON.stringify({ listening }));
    logger.info({ listening, version: toolVersion, environments: environments.map(({ name }) => name) }, 'registry started');
    await new Promise<void>((done) => {
      if (signal.aborted) done();
      signal.addEventListener('abort', () => done(), { once: true });
    });
    logger.info('registry stopping');
  } finally {
    await jobs.close(buildsTimeoutMs);
    await operators.collections.close();
    await registry.close(requestsTimeoutMs);
    objects[Symbol.dispose]?.();
  }
  logger.info('registry stopped');
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
