import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { type CommandResult, runCommand } from '../../scripts/run-command.ts';
import { type ClientProject, type ClientRun, createClientProject } from '../support/client-project.ts';
import { type DataImage, makeDataImage } from '../support/data-image.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { postgresSource, pushDbService } from '../support/shop-data.ts';
import { type SmallRegistry, startSmallRegistry } from '../support/small-registry.ts';

const [first, second] = ['dyn-data-test-side-a', 'dyn-data-test-side-b'];
const bundle = `${import.meta.dirname}/../../dist/test-client-side.mjs`;
const psql = 'psql -h push-db -U push -d push -XAtc';
/** Whoever starts says how many rows it finds; the two in the middle wait for no health check. */
const asking = (name: string, needs: string): string => `  ${name}:
    image: \${POSTGRES_IMAGE}
    entrypoint: ["sh", "-c", "${psql} 'SELECT COUNT(*) FROM installation' && exec sleep 1000"]
    environment: { PGPASSWORD: geheim }
    init: true
    depends_on: ${needs}
`;
const composeFile = `
services:
${pushDbService}    ports: ["127.0.0.1:0:5432"]
${asking('left', '[push-db]')}    ports: ["127.0.0.1:\${LEFT_PORT}:80"]
${asking('right', '[push-db]')}${asking('last', '[left, right]')}volumes: { push: }
`;

/** A way to the engine over TCP, as one to another machine's is. */
async function startWayToEngine(socket: string): Promise<AsyncDisposable & { readonly host: string; readonly used: () => number }> {
  let used = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    used += 1;
    const engine = connect({ path: socket, allowHalfOpen: true });
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const)
      from.pipe(to).on('error', () => from.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    used: () => used,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

describeWithEngine('two projects out of one folder', () => {
  let registry: SmallRegistry;
  let client: ClientProject;
  let images: DataImage[];
  let ports: { LEFT_PORT: string }[];

  beforeAll(async () => {
    registry = await startSmallRegistry();
    await bundleClient(bundle);
    images = await Promise.all([30, 40].map((installations) => makeDataImage([postgresSource({ installations })])));
    for (const [index, image] of images.entries()) registry.add('shop', ['may', 'june'][index], image);
    ports = [{ LEFT_PORT: String(await freePort()) }, { LEFT_PORT: String(await freePort()) }];
    client = await createClientProject({ client: bundle, registry: registry.url, project: first, composeFile, env: imageVariables() });
  });
  afterAll(async () => {
    for (const [index, name] of [first, second].entries()) await client.run(['-p', name, 'down', '-v'], ports[index]);
    for (const { digest } of images) await client.docker(['image', 'rm', `${registry.host}/shop@${digest}`]);
    await client[Symbol.asyncDispose]();
    await registry.close();
    await rm(bundle);
  });
  const inFirst = (...args: string[]): Promise<ClientRun> => client.run(args, ports[0]);
  const inSecond = (...args: string[]): Promise<ClientRun> => client.run(args, { ...ports[1], COMPOSE_PROJECT_NAME: second });
  const rows = async (project: string, ...services: string[]): Promise<string[]> => {
    const found = await Promise.all(services.map((service) => client.docker(['logs', `${project}-${service}-1`])));
    return found.map(({ stdout }) => stdout.trim());
  };

  test('come up at the same time with a snapshot each, and what depends on the data starts after it', async () => {
    const [may, june] = await Promise.all([inFirst('up', 'may', '--json'), inSecond('up', 'june', '--json')]);
    expect([may.exitCode, may.stderr, june.exitCode, june.stderr]).toEqual([0, '', 0, '']);
    expect(JSON.parse(may.stdout)).toMatchObject({ project: first, digest: images[0]?.digest });
    expect(JSON.parse(june.stdout)).toMatchObject({ project: second, digest: images[1]?.digest });
    expect(await rows(first, 'left', 'right', 'last')).toEqual(['30', '30', '30']);
    expect(await rows(second, 'left', 'right', 'last')).toEqual(['40', '40', '40']);
    expect((await readdir(join(client.folder, '.dyn-data'))).sort()).toEqual(['.gitignore', 'manifest.json', 'projects', 'pulled.json']);
    expect(await readdir(join(client.folder, '.dyn-data', 'projects'))).toEqual([second]);
  });

  test('each goes on with its own snapshot, and a port that the other has is named', async () => {
    const [may, june] = await Promise.all([inFirst('verify', '--restored', '--json'), inSecond('up')]);
    expect(JSON.parse(may.stdout), may.stderr).toMatchObject({ reference: 'may', restored: [{ state: 'same' }] });
    expect(june.stderr).toContain('push-db: holds this snapshot already: nothing to restore');
    expect(june.stdout).toMatch(/^Time of each step\npush-db: start \d.*\n(?:.*\n)*Up with june /m);
    const clash = await client.run(['-p', second, 'up'], ports[0]);
    expect(clash.stderr).toMatch(/error ENGINE_FAILED: Starting left.* failed/);
    expect(clash.stderr).toContain(`127.0.0.1:${ports[0]?.LEFT_PORT}`);
    expect(clash.exitCode).toBe(5);
  });

  test('are reached where DOCKER_HOST and DOCKER_CONTEXT lead to', async () => {
    const endpoint = await client.docker(['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']);
    await using way = await startWayToEngine(endpoint.stdout.trim().replace('unix://', ''));
    const replaced = await client.run(['-p', second, 'up', 'may', '--json'], { ...ports[1], DOCKER_HOST: way.host });
    expect(JSON.parse(replaced.stdout), replaced.stderr).toMatchObject({
      services: [{ restored: { outcome: 'restored', rows: 30 } }, {}, {}, {}],
    });
    expect(await rows(first, 'last')).toEqual(['30']);
    expect(way.used()).toBeGreaterThan(0);

    const configuration = await mkdtemp(join(tmpdir(), 'dyn-data-docker-'));
    await symlink(join(homedir(), '.docker', 'cli-plugins'), join(configuration, 'cli-plugins'));
    const inContext = { ...ports[0], DOCKER_CONFIG: configuration, DOCKER_HOST: '', DOCKER_CONTEXT: 'elsewhere' };
    const absent = await client.run(['status'], inContext);
    expect(absent.stderr).toContain('error ENGINE_UNAVAILABLE');
    const created = await client.docker(['context', 'create', 'elsewhere', '--docker', `host=${way.host}`], {
      ...inContext,
      DOCKER_CONTEXT: '',
    });
    expect(created.exitCode, created.stderr).toBe(0);
    const before = way.used();
    const status = await client.run(['status', '--json'], inContext);
    expect(JSON.parse(status.stdout), status.stderr).toMatchObject({
      project: first,
      services: expect.arrayContaining([expect.objectContaining({ snapshot: expect.objectContaining({ reference: 'may' }) })]),
    });
    expect(way.used()).toBeGreaterThan(before);
    await rm(configuration, { recursive: true });
  });

  test('a refresh of a test server brings up one beside the other, leads there, and ends the other', async () => {
    const bin = join(client.folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'dyn-data'), `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`, { mode: 0o755 });
    await writeFile(join(bin, 'switch'), '#!/bin/sh\necho "$1" > led-to\n', { mode: 0o755 });
    const state = join(client.folder, 'state');
    await mkdir(state);
    await writeFile(join(state, 'serving'), 'a\n');
    const refresh = (snapshot: string, mode: readonly string[] = [], project = 'dyn-data-test-side'): Promise<CommandResult> =>
      runCommand(join(import.meta.dirname, '../../deploy/test-server/refresh.sh'), mode, {
        cwd: client.folder,
        env: {
          ...imageVariables(),
          ...ports[0],
          PATH: [bin, process.env.PATH].join(delimiter),
          STATE_DIRECTORY: state,
          PROJECT: project,
          SNAPSHOT: snapshot,
          PORT_NAME: 'LEFT_PORT',
          PORT_A: ports[0]?.LEFT_PORT ?? '',
          PORT_B: ports[1]?.LEFT_PORT ?? '',
          SWITCH: 'switch',
        },
      });
    const refreshed = await refresh('june');
    expect(refreshed.exitCode, refreshed.stderr).toBe(0);
    const lines = refreshed.stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { project: second, volumesRemoved: true },
      { project: second, reference: 'june' },
      { restored: [{ state: 'same' }] },
      { project: first, volumesRemoved: true },
    ]);
    expect(await readFile(join(client.folder, 'led-to'), 'utf8')).toBe(`${ports[1]?.LEFT_PORT}\n`);
    expect(await rows(second, 'last')).toEqual(['40']);

    const failed = await refresh('never-taken');
    expect(failed.stderr).toContain('{"error":{"code":"TAG_UNKNOWN"');
    expect(failed.stderr).toContain(`The refresh failed (3); ${second} goes on serving.`);
    expect(failed.exitCode).toBe(3);
    const status = JSON.parse((await inSecond('status', '--json')).stdout);
    expect(status.services.map(({ state: now }: { state: string }) => now)).toEqual(['running', 'running', 'running', 'running']);
    expect(await readFile(join(state, 'serving'), 'utf8')).toBe('b\n');

    // In place the port is the environment's own; here the one that this stack has.
    const inPlace = (snapshot: string): Promise<CommandResult> => refresh(snapshot, ['in-place'], second);
    const notFound = await inPlace('never-taken');
    expect(notFound.stderr).toContain('{"error":{"code":"TAG_UNKNOWN"');
    expect(notFound.exitCode).toBe(3);
    expect(await rows(second, 'last')).toEqual(['40']);
    const replaced = await inPlace('may');
    expect(replaced.exitCode, replaced.stderr).toBe(0);
    expect(JSON.parse(replaced.stdout)).toMatchObject({
      project: second,
      reference: 'may',
      services: [{ restored: { outcome: 'restored', rows: 30 } }, {}, {}, {}],
    });
    // The same container, started again.
    expect(await rows(second, 'last')).toEqual(['40\n30']);
  });
});
