import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../core/errors.ts';
import { waitHealthy } from '../scripts/wait-healthy.ts';
import { createSampleCompose, type SampleCompose } from './compose.ts';
import { type Address, type Environment, type SampleAddresses, type SampleConnections, sampleConnections } from './connections.ts';
import { loadLdap } from './ldap/load.ts';
import { loadMysql } from './mysql/load.ts';
import { loadPostgres } from './postgres/load.ts';
import { defaultSeed, type SampleSize } from './sizes.ts';

/** The Compose project used where none is given. */
export const defaultProject = 'dyn-data-sample';

/** For `env`: the engine asks the servers nothing while they run. Whether they are healthy is found out here all the same. */
export const withoutHealthChecks = { SAMPLE_HEALTH_INTERVAL: '24h' } as const;

export interface SeedSampleOptions {
  readonly size: SampleSize;
  /** A whole number below 2³²; the default is the same for everybody. */
  readonly seed?: number;
  /** Name of the Compose project; two projects are two sample systems. They need different ports, see `env`. */
  readonly project?: string;
  /**
   * The whole environment for Docker. Variables of docker-compose.dev.yml in it say which images to use and which ports to publish
   * (`SAMPLE_MYSQL_PORT`, `SAMPLE_LDAP_PORT`, `SAMPLE_POSTGRES_PORT`; 0 is any free port).
   */
  readonly env: Environment;
  /** One line of progress at a time. */
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** On the loopback address. */
const published = async (compose: SampleCompose, service: string, port: number): Promise<Address> => {
  const printed = (await compose.run(['port', service, String(port)])).trim();
  const hostPort = Number(printed.slice(printed.lastIndexOf(':') + 1));
  if (!Number.isInteger(hostPort) || hostPort === 0)
    throw new DynDataError(
      'ENGINE_FAILED',
      `Docker names no published port for the sample service ${service}. Remove the sample system, then try again.`,
    );
  return { host: '127.0.0.1', port: hostPort };
};

const startAttempts = 3;
const startPauseMs = 2_000;

const services = ['mysql', 'ldap', 'postgres'] as const;

/**
 * Starts the servers and waits until they are healthy. Tried again, because the engine may still be carrying out what an interrupted run
 * asked for last: the directory, stopped for its loading, can end after it was found running here.
 */
const startServers = async (compose: SampleCompose, project: string, signal: AbortSignal): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await compose.run(['up', '-d', ...services]);
      await Promise.all(services.map((service) => waitHealthy(`${project}-${service}-1`, { signal })));
      return;
    } catch (error) {
      if (attempt === startAttempts || signal.aborted) throw error;
      await sleep(startPauseMs, undefined, { signal });
    }
  }
};

const addressesOf = async (compose: SampleCompose): Promise<SampleAddresses> => {
  const [mysql, ldap, postgres] = await Promise.all([
    published(compose, 'mysql', 3306),
    published(compose, 'ldap', 389),
    published(compose, 'postgres', 5432),
  ]);
  return { mysql, ldap, postgres };
};

/**
 * Starts the three sample servers, waits until they are healthy and fills each that does not already hold this size and seed.
 * Each server keeps a mark that is written last: a filling that was interrupted is done again from its beginning.
 *
 * @returns where the servers are and how to log in
 * @throws ENGINE_UNAVAILABLE, ENGINE_FAILED, VERIFY_FAILED; CANCELLED after `signal`
 */
export const seedSample = async (options: SeedSampleOptions): Promise<SampleConnections> => {
  const { size, seed = defaultSeed, project = defaultProject, env, log, signal } = options;
  // One server that fails stops the filling of the others.
  const stop = new AbortController();
  const together = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const compose = createSampleCompose({ project, env, signal: together });
  try {
    log('starting the sample servers');
    await startServers(compose, project, together);
    const load = { size, seed, log, signal: together };
    const before = sampleConnections(await addressesOf(compose), env);
    let failure: { readonly reason: unknown } | undefined;
    const loads = {
      mysql: loadMysql(before, load),
      postgres: loadPostgres(before, load),
      ldap: loadLdap(compose, project, load),
    };
    await Promise.allSettled(
      Object.entries(loads).map(([service, loading]) =>
        loading.catch((reason: unknown) => {
          failure ??= { reason: describe(service, reason) };
          stop.abort();
        }),
      ),
    );
    if (failure !== undefined) throw failure.reason;
    // Asked again, because the directory was stopped and a port chosen by Docker changes with that.
    return sampleConnections(await addressesOf(compose), env);
  } catch (error) {
    if (signal?.aborted)
      throw new DynDataError('CANCELLED', 'The filling of the sample system was cancelled. Run it again to do it from the beginning.', {
        cause: error,
      });
    throw error;
  }
};

/** An error of a server's client library says by its code what is wrong; its text could quote a row. */
const describe = (service: string, reason: unknown): unknown => {
  if (reason instanceof DynDataError) return reason;
  const code = reason instanceof Error && 'code' in reason ? String(reason.code) : 'no code';
  return new DynDataError(
    'SOURCE_FAILED',
    `The sample server ${service} could not be filled (${code}). If it was started with other passwords, remove it with \`node sample/seed.ts --down\`; then try again.`,
    { cause: reason },
  );
};

/** Removes the containers, networks and volumes of a sample system; nothing happens where there is none. */
export const removeSample = async (options: Pick<SeedSampleOptions, 'project' | 'env' | 'signal'>): Promise<void> => {
  const { project = defaultProject, env, signal } = options;
  await createSampleCompose({ project, env, signal }).run(['down', '--volumes', '--remove-orphans', '--timeout', '5']);
};
