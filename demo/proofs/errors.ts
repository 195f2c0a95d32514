import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Developer, type Ran, runClient } from '../developer.ts';
import { startRegistry } from '../registry-process.ts';

export type ErrorsContext = {
  readonly developer: Developer;
  readonly registryUrl: string;
  /** Of the registry whose settings are broken one by one. */
  readonly configFile: string;
  /** For the broken configurations. */
  readonly folder: string;
};

type Environment = { key: unknown; policy: string; sources: Record<string, Record<string, unknown>> };
type Settings = { environments: Record<string, Environment> };

/**
 * Each way to go wrong, tried for real: its code, its exit status, that it says what to do, and that no password or key of the
 * configuration occurs in what was printed or logged.
 */
export async function proveErrors(context: ErrorsContext): Promise<{ holds: boolean; text: string }[]> {
  const { developer, folder, configFile } = context;
  await mkdir(folder, { recursive: true });
  const secretFolder = join(dirname(configFile), 'secrets');
  const secrets = await Promise.all(
    ['prod.key', 'mysql', 'ldap', 'aerogear'].map(async (name) => (await readFile(join(secretFolder, name), 'utf8')).trim()),
  );
  const builds = Object.entries(brokenEnvironments);
  await using registry = await startBroken();
  const cases: { name: string; code: string; exitCode: number; run: () => Promise<Ran & { log?: string }> }[] = [
    ...builds.map(([environment, { name, code, exitCode }]) => ({ name, code, exitCode, run: () => registry.build(environment) })),
    {
      name: 'DYNAMEASE_CONFIG_DIR unset',
      code: 'CONFIG_DIR_UNSET',
      exitCode: 2,
      run: () => developer.run(['up'], { env: { DYNAMEASE_CONFIG_DIR: undefined } }),
    },
    { name: 'unknown tag', code: 'TAG_UNKNOWN', exitCode: 3, run: () => developer.run(['pull', 'no-such-tag']) },
    {
      name: 'no Docker engine',
      code: 'ENGINE_UNAVAILABLE',
      exitCode: 5,
      run: () => developer.run(['up'], { env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' } }),
    },
  ];

  const results: { holds: boolean; text: string }[] = [];
  for (const { name, code, exitCode, run } of cases) {
    const ran = await run();
    const printed = `${ran.stdout}\n${ran.stderr}\n${ran.log ?? ''}`;
    const clean = secrets.every((secret) => !printed.includes(secret)) && !printed.includes(wrongPassword);
    const holds = ran.exitCode === exitCode && ran.stderr.includes(code) && clean;
    results.push({
      holds,
      text: `${name}: ${code}, exit ${ran.exitCode}${holds ? '' : ` — expected ${code} with exit ${exitCode}, got: ${ran.stderr.trim().slice(0, 400)}`}`,
    });
  }
  return results;

  /** A registry of its own with all broken environments. A snapshot of each must fail, and `ls` must show nothing afterwards. */
  async function startBroken(): Promise<AsyncDisposable & { build(environment: string): Promise<Ran & { log: string }> }> {
    const settings = parse(await readFile(configFile, 'utf8')) as Settings;
    const policy = await readFile(join(dirname(configFile), settings.environments.prod?.policy ?? ''), 'utf8');
    const environments: Settings['environments'] = {};
    for (const [name, { change, changePolicy }] of builds) {
      const environment = structuredClone(settings.environments.prod) as Environment;
      for (const source of Object.values(environment.sources))
        source.password = { file: join(secretFolder, (source.password as { file: string }).file.replace('secrets/', '')) };
      environment.key = { file: join(secretFolder, 'prod.key') };
      environment.policy = join(folder, `${name}.yaml`);
      await writeFile(environment.policy, changePolicy?.(policy) ?? policy);
      change?.(environment);
      environments[name] = environment;
    }
    const file = join(folder, 'registry.yaml');
    const logFile = join(folder, 'registry.log');
    const own = { listen: { host: '127.0.0.1', port: 0 }, storage: { folder: join(folder, 'data') }, environments };
    await writeFile(file, stringify({ ...settings, ...own }));
    const { child, url } = await startRegistry(file, logFile, { ...process.env, WRONG_PASSWORD: wrongPassword });
    await writeFile(
      join(folder, 'dyn-data.yaml'),
      stringify({ version: 1, registry: url, repository: 'dynamease', stack: { files: ['none.yml'] } }),
    );
    return {
      async build(environment) {
        const ran = await runClient(folder, ['snapshot', 'create', environment, '--tag', 'broken', '--follow'], developer.env);
        const listed = await runClient(folder, ['ls'], developer.env);
        if (listed.stdout.includes('broken')) return { ...ran, exitCode: null, log: 'the failed snapshot is visible' };
        return { ...ran, log: await readFile(logFile, 'utf8') };
      },
      async [Symbol.asyncDispose]() {
        child.kill('SIGKILL');
      },
    };
  }
}

const wrongPassword = 'not-the-password-of-the-sample';

/** By the names of the environments. */
const brokenEnvironments: Readonly<
  Record<
    string,
    {
      readonly name: string;
      readonly code: string;
      readonly exitCode: number;
      readonly change?: (environment: Environment) => void;
      readonly changePolicy?: (policy: string) => string;
    }
  >
> = {
  'wrong-password': {
    name: 'wrong password',
    code: 'SOURCE_AUTH_FAILED',
    exitCode: 4,
    change: ({ sources }) => Object.assign(sources.mysql ?? {}, { password: { env: 'WRONG_PASSWORD' } }),
  },
  'unreachable-source': {
    name: 'unreachable source',
    code: 'SOURCE_UNREACHABLE',
    exitCode: 5,
    change: ({ sources }) => Object.assign(sources.mysql ?? {}, { port: 1 }),
  },
  'undecided-column': {
    name: 'undecided column',
    code: 'POLICY_UNDECIDED',
    exitCode: 4,
    changePolicy: (policy) => policy.replace(/^ *last_login_ip: .*\n/m, ''),
  },
  'missing-key': {
    name: 'missing key',
    code: 'KEY_MISSING',
    exitCode: 4,
    change: (environment) => {
      environment.key = { env: 'NO_SUCH_KEY' };
    },
  },
};
