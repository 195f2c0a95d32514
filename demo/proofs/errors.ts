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

type Settings = {
  environments: { prod: { key: unknown; policy: string; sources: Record<string, Record<string, unknown>> } };
  storage: unknown;
  listen: unknown;
};

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
  const cases: { name: string; code: string; exitCode: number; run: () => Promise<Ran & { log?: string }> }[] = [
    {
      name: 'wrong password',
      code: 'SOURCE_AUTH_FAILED',
      exitCode: 4,
      run: () => buildWith((settings) => change(settings, 'mysql', { password: { env: 'WRONG_PASSWORD' } })),
    },
    {
      name: 'unreachable source',
      code: 'SOURCE_UNREACHABLE',
      exitCode: 5,
      run: () => buildWith((settings) => change(settings, 'mysql', { port: 1 })),
    },
    {
      name: 'undecided column',
      code: 'POLICY_UNDECIDED',
      exitCode: 4,
      run: () => buildWith(undefined, (policy) => policy.replace(/^ *last_login_ip: .*\n/m, '')),
    },
    {
      name: 'missing key',
      code: 'KEY_MISSING',
      exitCode: 4,
      run: () =>
        buildWith((settings) => {
          settings.environments.prod.key = { env: 'NO_SUCH_KEY' };
        }),
    },
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

  /** A registry of its own with changed settings or policy; the snapshot must fail, and `ls` must show nothing afterwards. */
  async function buildWith(
    settingsChange?: (settings: Settings) => void,
    policyChange?: (policy: string) => string,
  ): Promise<Ran & { log: string }> {
    const settings = parse(await readFile(configFile, 'utf8')) as Settings;
    settings.listen = { host: '127.0.0.1', port: 0 };
    settings.storage = { folder: join(folder, 'data') };
    const policyFile = join(folder, 'policy.yaml');
    const policy = await readFile(join(dirname(configFile), settings.environments.prod.policy), 'utf8');
    await writeFile(policyFile, policyChange ? policyChange(policy) : policy);
    settings.environments.prod.policy = policyFile;
    for (const source of Object.values(settings.environments.prod.sources)) {
      source.password = { file: join(secretFolder, (source.password as { file: string }).file.replace('secrets/', '')) };
    }
    settings.environments.prod.key = { file: join(secretFolder, 'prod.key') };
    settingsChange?.(settings);
    const file = join(folder, 'registry.yaml');
    const logFile = join(folder, 'registry.log');
    await writeFile(file, stringify(settings));
    const registry = await startRegistry(file, logFile, { ...process.env, WRONG_PASSWORD: wrongPassword });
    try {
      await writeFile(
        join(folder, 'dyn-data.yaml'),
        stringify({ version: 1, registry: registry.url, repository: 'dynamease', stack: { files: ['none.yml'] } }),
      );
      const ran = await runClient(folder, ['snapshot', 'create', 'prod', '--tag', 'broken', '--follow'], developer.env);
      const listed = await runClient(folder, ['ls'], developer.env);
      if (listed.stdout.includes('broken')) return { ...ran, exitCode: null, log: 'the failed snapshot is visible' };
      return { ...ran, log: await readFile(logFile, 'utf8') };
    } finally {
      registry.child.kill('SIGKILL');
    }
  }
}

const wrongPassword = 'not-the-password-of-the-sample';

function change(settings: Settings, source: string, values: Readonly<Record<string, unknown>>): void {
  settings.environments.prod.sources[source] = { ...settings.environments.prod.sources[source], ...values };
}
