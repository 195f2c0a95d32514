import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseKey, parsePolicy } from '../anonymizers/index.ts';
import {
  type BlobStore,
  type BuildSnapshot,
  type Catalog,
  type ChunkIndex,
  DynDataError,
  type RegistryConfig,
  type SourceConfig,
  toDynDataError,
} from '../core/index.ts';
import { build } from './build.ts';
import type { SourceSession } from './extraction.ts';
import { connectLdap } from './ldap/session.ts';
import { connectMysql } from './mysql/session.ts';
import { connectPostgres } from './postgres/session.ts';
import { createReadSecret, type ReadSecret } from './secrets.ts';

export type BuilderContext = {
  readonly config: RegistryConfig;
  /** Folder of the configuration file: policies and secret files are relative to it. */
  readonly configDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly blobs: BlobStore;
  readonly index: ChunkIndex;
  readonly catalog: Catalog;
  readonly now: () => Date;
};

/**
 * The builder as the registry's jobs see it. Key, policy and passwords are read when a build starts and before anything is connected.
 * @throws DynDataError ENVIRONMENT_UNKNOWN, KEY_MISSING, KEY_INVALID, SECRET_MISSING, POLICY_INVALID and whatever `build` throws.
 */
export function createBuildSnapshot(context: BuilderContext): BuildSnapshot {
  const readSecret = createReadSecret(context.configDirectory, context.environment);
  return async ({ environment: name, tag }, { onProgress, signal }) => {
    const environment = context.config.environments[name];
    if (!environment) {
      throw new DynDataError(
        'ENVIRONMENT_UNKNOWN',
        `The registry has no environment "${name}". It has: ${Object.keys(context.config.environments).join(', ') || 'none'}.`,
      );
    }
    const key = parseKey(await readSecret(environment.key, `anonymization key of the environment "${name}"`, 'KEY_MISSING'));
    const policyText = await readFile(resolve(context.configDirectory, environment.policy), 'utf8').catch((cause: unknown) => {
      throw new DynDataError(
        'POLICY_INVALID',
        `The policy ${environment.policy} of the environment "${name}" cannot be read. Put it there, readable by the registry.`,
        { cause },
      );
    });
    const policy = parsePolicy(policyText, environment.policy);
    const connect = await Promise.all(
      Object.entries(environment.sources).map(([sourceName, source]) => connection(sourceName, source, readSecret, context.environment)),
    );
    try {
      return await build(
        { environment: name, repository: environment.repository, ...(tag === undefined ? {} : { tag }), policy, key, connect },
        { ...context, onProgress },
        signal,
      );
    } catch (error) {
      if (signal.aborted) throw new DynDataError('CANCELLED', 'The build was cancelled. Nothing of it is visible.', { cause: error });
      throw toDynDataError(error);
    }
  };
}

async function connection(
  name: string,
  config: SourceConfig,
  readSecret: ReadSecret,
  environment: BuilderContext['environment'],
): Promise<(signal: AbortSignal) => Promise<SourceSession>> {
  const password = await readSecret(config.password, `password of the source "${name}"`);
  switch (config.kind) {
    case 'mysql':
      return (signal) => connectMysql(name, config, password, signal);
    case 'postgres':
      return (signal) => connectPostgres(name, config, password, environment, signal);
    case 'ldap':
      return (signal) => connectLdap(name, config, password, signal);
  }
}
