import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDeveloper, stackFile } from '../../demo/developer.ts';
import type { ProofContext } from '../../demo/prove.ts';
import { startRegistry, stopRegistry } from '../../demo/registry-process.ts';
import { writeSampleRegistry } from '../../demo/sample-registry.ts';
import { removeSample } from '../../sample/seed-sample.ts';
import { runCommand } from '../../scripts/run-command.ts';
import { imageVariables } from './engine.ts';
import { freePort } from './free-port.ts';
import { seedFreshSample } from './fresh-sample.ts';

const anyPorts = { SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };

/** What a proof of the demo found. */
export type ProofResult = { readonly number: number; readonly holds: boolean; readonly text: string };

/** A small sample system, a registry that takes snapshots of it, and a developer with a stack for them. */
export type WholeWay = AsyncDisposable & {
  readonly context: ProofContext;
  /** The registry that now runs is another process. */
  registryIs(pid: number): void;
};

/** @param name of the compose projects, and no other test's */
export async function openWholeWay({ name, nginxPort }: { readonly name: string; readonly nginxPort: number }): Promise<WholeWay> {
  const images = imageVariables();
  const sampleProject = `${name}-production`;
  const stackProject = `${name}-copy`;
  const sampleEnvironment = { ...process.env, ...anyPorts, ...images };
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  let registryPid: number | undefined;
  const disposeAll = async (): Promise<void> => {
    if (registryPid !== undefined) await stopRegistry(registryPid);
    await runCommand('docker', ['compose', '-f', stackFile, '-p', stackProject, 'down', '--volumes'], {
      env: { ...images, DYNAMEASE_CONFIG_DIR: folder },
    });
    await removeSample({ project: sampleProject, env: sampleEnvironment });
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const connections = await seedFreshSample({ size: 'small', project: sampleProject, env: sampleEnvironment });
    const postgresImage = images.POSTGRES_IMAGE ?? 'postgres:18';
    // One port for the whole test: a registry that is killed comes back where its clients look for it.
    const configFile = await writeSampleRegistry({ folder, connections, postgresImage, port: await freePort() });
    const registry = await startRegistry(configFile, join(folder, 'registry.log'));
    registryPid = registry.pid;
    const developer = await createDeveloper({
      folder: join(folder, 'developer'),
      registryUrl: registry.url,
      images,
      stackProject,
      nginxPort,
    });
    return {
      context: {
        connections,
        developer,
        images,
        registry,
        registryFolder: folder,
        configFile,
        errorsFolder: join(folder, 'errors'),
        tag: 'prod-2024-05',
      },
      registryIs(pid) {
        registryPid = pid;
      },
      [Symbol.asyncDispose]: disposeAll,
    };
  } catch (error) {
    await disposeAll();
    throw error;
  }
}
