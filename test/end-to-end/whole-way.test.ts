import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDeveloper, type Developer, stackFile } from '../../demo/developer.ts';
import { type ProofContext, proveLong, proveQuick } from '../../demo/prove.ts';
import { startRegistry, stopRegistry } from '../../demo/registry-process.ts';
import { writeSampleRegistry } from '../../demo/sample-registry.ts';
import { removeSample, seedSample } from '../../sample/seed-sample.ts';
import { runCommand } from '../../scripts/run-command.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';

const sampleProject = 'dyn-data-test-production';
const stackProject = 'dyn-data-test-copy';
const tag = 'prod-2024-05';
const anyPorts = { SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };

/** A port of the loopback that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

type Result = { readonly number: number; readonly holds: boolean; readonly text: string };

/** The proofs of the demo, on the small sample system: each result that does not hold fails its test with its text. */
describeWithEngine('the whole way, from a production-like system to a running copy', () => {
  let folder: string;
  let developer: Developer;
  let context: ProofContext;
  let registryPid: number;
  const sampleEnvironment = { ...process.env, ...anyPorts };

  beforeAll(async () => {
    const images = imageVariables();
    Object.assign(sampleEnvironment, images);
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-whole-way-'));
    const connections = await seedSample({ size: 'small', project: sampleProject, env: sampleEnvironment, log: () => undefined });
    const postgresImage = images.POSTGRES_IMAGE ?? 'postgres:18';
    // One port for the whole test: a registry that is killed comes back where its clients look for it.
    const configFile = await writeSampleRegistry({ folder, connections, postgresImage, port: await freePort() });
    const registry = await startRegistry(configFile, join(folder, 'registry.log'));
    registryPid = registry.pid;
    developer = await createDeveloper({
      folder: join(folder, 'developer'),
      registryUrl: registry.url,
      images,
      stackProject,
      nginxPort: 8155,
    });
    context = { connections, developer, images, registry, registryFolder: folder, configFile, errorsFolder: join(folder, 'errors'), tag };
  });

  afterAll(async () => {
    if (registryPid !== undefined) await stopRegistry(registryPid);
    await runCommand('docker', ['compose', '-f', stackFile, '-p', stackProject, 'down', '--volumes'], {
      env: { ...imageVariables(), DYNAMEASE_CONFIG_DIR: folder },
    });
    await removeSample({ project: sampleProject, env: sampleEnvironment });
    await rm(folder, { recursive: true, force: true });
  });

  it('goes from the snapshot to a running stack with the two commands', async () => {
    const created = await developer.run(['snapshot', 'create', 'prod', '--tag', tag, '--follow']);
    expect(created.stderr + created.stdout).toContain('sha256:');
    expect(created.exitCode).toBe(0);
    const pulled = await developer.run(['pull', tag]);
    expect(pulled, pulled.stderr).toMatchObject({ exitCode: 0 });
    const up = await developer.run(['up']);
    expect(up, up.stderr).toMatchObject({ exitCode: 0 });
  });

  it('is proven: 1 equality, 2 one identity and no leak, 3 order, 7 errors', async () => {
    const results: Result[] = [];
    const { image } = await proveQuick(context, (number, holds, text) => results.push({ number, holds, text }));
    expect(results.filter(({ holds }) => !holds)).toEqual([]);
    expect(new Set(results.map(({ number }) => number))).toEqual(new Set([1, 2, 3, 7]));
    await runCommand('docker', ['rmi', '--force', image]);
  });

  it('is proven: 4 the same digest for the same data, 6 interruptions', async () => {
    const results: Result[] = [];
    ({ registryPid } = await proveLong(context, (number, holds, text) => results.push({ number, holds, text })));
    expect(results.filter(({ holds }) => !holds)).toEqual([]);
    expect(new Set(results.map(({ number }) => number))).toEqual(new Set([4, 6]));
  });
});
