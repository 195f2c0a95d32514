import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isEnded, type Job, routePath, routes, toolVersion } from '../../core/index.ts';
import processSettings from '../../registry/process-settings.json' with { type: 'json' };
import { createSampleCompose, type SampleCompose } from '../../sample/compose.ts';
import { seedSample } from '../../sample/seed-sample.ts';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { buildRegistryImage } from '../../scripts/registry-image.ts';
import { runCommand, runOrFail } from '../../scripts/run-command.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';

const project = 'dyn-data-test-deployment';
const image = 'dyn-data/registry-under-test';
const bundle = join(import.meta.dirname, '../../dist/test-end-to-end-deployment.mjs');
/** That of docker-compose.dev.yml. */
const token = 'dd_SampleRegistry_ForTheSampleOnlyItProtectsNothing000000000034Z8JO';
const anyPorts = ['MYSQL', 'LDAP', 'POSTGRES', 'REDIS', 'S3', 'REGISTRY'].map((name) => [`SAMPLE_${name}_PORT`, '0'] as const);

type Inspected = {
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Health?: { readonly Status: string } };
  readonly Config: { readonly User: string; readonly Labels: Readonly<Record<string, string>> };
  readonly HostConfig: { readonly ReadonlyRootfs: boolean };
};

describeWithEngine('docker-compose.dev.yml with a registry and two builders', () => {
  let compose: SampleCompose;
  let client: ClientProject;
  let registry: string;
  let builders: readonly string[];
  let url: string;

  const docker = (...args: string[]): Promise<string> => runOrFail(`docker ${args[0]}`, 'docker', args);
  const inspect = async (container: string): Promise<Inspected> => JSON.parse(await docker('inspect', container))[0];
  const inside = (container: string, ...command: string[]): Promise<string> => docker('exec', container, ...command);
  const remove = (): Promise<string> => compose.run(['--profile', 'registry', 'down', '--volumes', '--remove-orphans', '--timeout', '5']);
  const containersOf = async (service: string): Promise<string[]> =>
    (await compose.run(['ps', '--all', '--quiet', service])).trim().split('\n');
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } });
  const createBuild = async (tag: string): Promise<Job> =>
    routes.createSnapshot.answer.parse(
      await (await ask(routes.createSnapshot.path, { method: 'POST', body: JSON.stringify({ environment: 'prod', tag }) })).json(),
    );
  const jobOf = async ({ id }: Job): Promise<Job> =>
    routes.showJob.answer.parse(await (await ask(routePath(routes.showJob.path, { id }))).json());
  /** The builder that a job runs on, or has run on. */
  const builderOf = async ({ id }: Job): Promise<string | undefined> => {
    for (const builder of builders) {
      const { stderr } = await runCommand('docker', ['logs', builder]);
      if (stderr.includes(id)) return builder;
    }
    return undefined;
  };

  beforeAll(async () => {
    const env = { ...process.env, ...imageVariables(), ...Object.fromEntries(anyPorts), REGISTRY_IMAGE: image };
    compose = createSampleCompose({ project, env });
    await remove();
    await buildRegistryImage({ tag: image, log: (line) => process.stderr.write(`${line}\n`) });
    await seedSample({ size: 'small', project, env, log: () => undefined });
    await compose.run(['--profile', 'registry', 'up', '--detach', '--no-build', '--wait', '--wait-timeout', '120']);
    [registry = ''] = await containersOf('registry');
    builders = await containersOf('builder');
    url = `http://${(await compose.run(['port', 'registry', '5000'])).trim()}`;
    await bundleClient(bundle);
    client = await createClientProject({
      client: bundle,
      registry: url,
      repository: 'dynamease',
      env: { DYN_DATA_REGISTRY: url, DYN_DATA_TOKEN: token },
    });
  });
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]();
    await remove();
    const pulled = (await docker('image', 'ls', '--quiet', `${new URL(url).host}/dynamease`)).trim().split('\n');
    for (const name of [image, ...pulled]) await runCommand('docker', ['image', 'rm', '--force', name]);
  });

  it('runs them healthy, as an ordinary user, on a file system that cannot be written', async () => {
    expect(builders).toHaveLength(2);
    for (const container of [registry, ...builders]) {
      const { State, Config, HostConfig } = await inspect(container);
      expect(State).toMatchObject({ Status: 'running', Health: { Status: 'healthy' } });
      expect(Config.User).toBe('1000:1000');
      expect(Config.Labels).toMatchObject({ 'org.opencontainers.image.version': toolVersion });
      expect(HostConfig.ReadonlyRootfs).toBe(true);
      expect(await inside(container, 'id', '-u')).toBe('1000\n');
      expect((await runCommand('docker', ['exec', container, 'touch', '/app/written'])).exitCode).not.toBe(0);
      await inside(container, 'touch', '/tmp/written');
    }
  });

  it('runs them with the settings of `npm run registry`, the registry itself being the first process', async () => {
    const commandLine = (await inside(registry, 'cat', '/proc/1/cmdline')).split('\0');
    expect(commandLine.slice(1, -1)).toEqual([...processSettings.nodeOptions, '/app/registry/main.ts']);
    const environment = (await inside(registry, 'cat', '/proc/1/environ')).split('\0');
    for (const [name, value] of Object.entries(processSettings.environment)) expect(environment).toContain(`${name}=${value}`);
  });

  it('gives the registry no secret of a source, and the builders no token', async () => {
    expect(await inside(registry, 'env')).not.toMatch(/SAMPLE_KEY|_PASSWORD/);
    for (const builder of builders) expect(await inside(builder, 'env')).not.toContain('TOKEN');
  });

  it('holds nothing but what runs: no tests, no tools of development, no file of this folder besides', async () => {
    expect((await inside(registry, 'ls', '/app')).trim().split('\n')).toEqual([
      'anonymizers',
      'builder',
      'compiled',
      'core',
      'node_modules',
      'package.json',
      'registry',
      'storage',
    ]);
    const packages = (await inside(registry, 'ls', '/app/node_modules')).split('\n');
    expect(packages).toContain('express');
    for (const name of ['vitest', 'typescript', 'node']) expect(packages).not.toContain(name);
  });

  it('takes a snapshot that docker and the client pull; nobody without a token', async () => {
    expect((await fetch(`${url}${routes.listJobs.path}`)).status).toBe(401);
    const created = await client.run(['snapshot', 'create', 'prod', '--tag', 'first', '--follow']);
    expect(created, `${created.stdout}${created.stderr}`).toMatchObject({ exitCode: 0 });

    const name = `${new URL(url).host}/dynamease:first`;
    expect((await runCommand('docker', ['pull', name])).exitCode).not.toBe(0);
    // Credentials of this test only.
    const asTester = { DOCKER_CONFIG: client.folder };
    const login = `printf %s "$TOKEN" | docker login --username tester --password-stdin ${new URL(url).host}`;
    await runOrFail('docker login', 'sh', ['-c', login], { env: { ...asTester, TOKEN: token } });
    await runOrFail('docker pull', 'docker', ['pull', name], { env: asTester });
    const manifest = Buffer.from(await (await ask('/v2/dynamease/manifests/first')).arrayBuffer());
    const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
    expect(await docker('image', 'inspect', '--format', '{{json .RepoDigests}}', name)).toContain(digest);

    const pulled = await client.run(['pull', 'first']);
    expect(pulled, pulled.stderr).toMatchObject({ exitCode: 0 });
    expect(pulled.stdout).toContain(digest);
  });

  it('drains a builder that is stopped: its build ends on it, the next ones on the other', async () => {
    const [running, waiting] = [await createBuild('second'), await createBuild('third')];
    await expect.poll(async () => (await jobOf(running)).state, { interval: 50, timeout: 30_000 }).not.toBe('queued');
    const stopped = (await builderOf(running)) ?? '';
    const other = builders.find((builder) => builder !== stopped) ?? '';
    await docker('stop', '--time', '45', stopped);
    expect((await inspect(stopped)).State).toMatchObject({ Status: 'exited', ExitCode: 0 });

    const last = await createBuild('fourth');
    for (const job of [running, waiting, last]) {
      await expect.poll(async () => isEnded((await jobOf(job)).state), { interval: 200, timeout: 60_000 }).toBe(true);
      expect(await jobOf(job)).toMatchObject({ state: 'succeeded', attempts: 1 });
    }
    expect(await builderOf(last)).toBe(other);
    // Each did a part of the work.
    expect((await runCommand('docker', ['logs', stopped])).stderr).toContain(running.id);
  });

  it('stops the registry and the other builder in order', async () => {
    for (const container of [registry, ...builders]) await docker('stop', '--time', '45', container);
    for (const container of [registry, ...builders]) expect((await inspect(container)).State).toMatchObject({ ExitCode: 0 });
  });
});
