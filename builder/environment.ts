import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Key, parseKey } from '../anonymizers/index.ts';
import { DynDataError, type RegistryConfig, type SecretReference, type SourceConfig } from '../core/index.ts';
import type { SourceSession } from './extraction.ts';
import { connectLdap } from './ldap/session.ts';
import { connectMysql } from './mysql/session.ts';
import { connectPostgres } from './postgres/session.ts';
import { createReadSecret, type ReadSecret } from './secrets.ts';

export type EnvironmentContext = {
  readonly config: RegistryConfig;
  /** Folder of the configuration file: policies and secret files are relative to it. */
  readonly configDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** Opens the connections of one source; nothing is read yet. */
export type Connect = (signal: AbortSignal) => Promise<SourceSession>;

/** An environment of the configuration. Its key, policy and passwords are read anew each time they are asked for. */
export type BuildEnvironment = {
  readonly name: string;
  readonly repository: string;
  readonly strict: boolean;
  /** As the configuration names it. */
  readonly policyFile: string;
  /** @throws DynDataError KEY_MISSING, KEY_INVALID */
  key(): Promise<Key>;
  /** @throws DynDataError POLICY_INVALID where the file cannot be read. */
  policyText(): Promise<string>;
  /** In the environment's order. @throws DynDataError SECRET_MISSING */
  connect(): Promise<Connect[]>;
};

/** @throws DynDataError ENVIRONMENT_UNKNOWN */
export function findEnvironment(context: EnvironmentContext, name: string): BuildEnvironment {
  const environment = context.config.environments[name];
  if (!environment) {
    throw new DynDataError(
      'ENVIRONMENT_UNKNOWN',
      `The registry has no environment "${name}". It has: ${Object.keys(context.config.environments).join(', ') || 'none'}.`,
    );
  }
  const readSecret = createReadSecret(context.configDirectory, context.environment);
  return {
    name,
    repository: environment.repository,
    strict: environment.strict,
    policyFile: environment.policy,
    key: async () => {
      const read = async (secret: SecretReference, what: string): Promise<Key> =>
        parseKey(await readSecret(secret, `${what} of the environment "${name}"`, 'KEY_MISSING'));
      const current = await read(environment.key, 'anonymization key');
      if (!environment.nextKey) return current;
      const next = await read(environment.nextKey, 'next anonymization key');
      if (next.id !== current.id) return next;
      throw new DynDataError(
        'KEY_INVALID',
        `"nextKey" of the environment "${name}" is the same key as "key". Make a new one with "openssl rand -hex 32", or take "nextKey" out of the configuration.`,
      );
    },
    policyText: () =>
      readFile(resolve(context.configDirectory, environment.policy), 'utf8').catch((cause: unknown) => {
        throw new DynDataError(
          'POLICY_INVALID',
          `The policy ${environment.policy} of the environment "${name}" cannot be read. Put it there, readable by the registry.`,
          { cause },
        );
      }),
    connect: () =>
      Promise.all(
        Object.entries(environment.sources).map(([sourceName, source]) => connection(sourceName, source, readSecret, context.environment)),
      ),
  };
}

async function connection(
  name: string,
  config: SourceConfig,
  readSecret: ReadSecret,
  environment: EnvironmentContext['environment'],
): Promise<Connect> {
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
