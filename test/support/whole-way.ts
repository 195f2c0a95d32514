import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDeveloper, stackFile } from '../../demo/developer.ts';
import type { ProofContext } from '../../demo/prove.ts';
import { startRegistry, stopRegistry } from '../../demo/registry-process.ts';
import { samplePolicy, writeSampleRegistry } from '../../demo/sample-registry.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { runCommand } from '../../scripts/run-command.ts';
import { imageVariables, pgDumpOfRun } from './engine.ts';
import { freePort } from './free-port.ts';

/** What a proof of the demo found. */
export type ProofResult = { readonly number: number; readonly holds: boolean; readonly text: string };

/** A registry that takes snapshots of a sample system, and a developer with a stack for them. */
export type WholeWay = AsyncDisposable & {
  readonly context: ProofContext;
  /** The registry that now runs is another process. */
  registryIs(pid: number): void;
};

export type WholeWayOptions = {
  readonly connections: SampleConnections;
  /** Of the stack's compose project, and no other test's. */
  readonly stackProject: string;
  readonly nginxPort: number;
  /** The text of the policy; the sample's own where left out. */
  readonly policy?: string;
};

/** The client asks the checks itself while it waits; afterwards the engine need not ask six services every ten seconds beside the tests. */
const withoutHealthChecks = {
  services: Object.fromEntries(
    ['mysql', 'ldap', 'aerogear-db', 'aerogear', 'tomcat', 'nginx'].map((name) => [name, { healthcheck: { interval: '24h' } }]),
  ),
};

export async function openWholeWay(options: WholeWayOptions): Promise<WholeWay> {
  const { connections, stackProject, nginxPort, policy = await readFile(samplePolicy, 'utf8') } = options;
  const images = imageVariables();
  const folder = await mkdtemp(join(tmpdir(), `${stackProject}-`));
  let registryPid: number | undefined;
  const disposeAll = async (): Promise<void> => {
    if (registryPid !== undefined) await stopRegistry(registryPid);
    await runCommand('docker', ['compose', '-f', stackFile, '-p', stackProject, 'down', '--volumes'], {
      env: { ...images, DYNAMEASE_CONFIG_DIR: folder },
    });
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const policyFile = join(folder, 'policy.yaml');
    await writeFile(policyFile, policy);
    // One port for the whole test: a registry that is killed comes back where its clients look for it.
    const configFile = await writeSampleRegistry({
      folder,
      connections,
      pgDump: pgDumpOfRun(),
      port: await freePort(),
      policy: policyFile,
    });
    const registry = await startRegistry(configFile, join(folder, 'registry.log'));
    registryPid = registry.pid;
    const developer = await createDeveloper({
      folder: join(folder, 'developer'),
      registryUrl: registry.url,
      images,
      stackProject,
      nginxPort,
      // JSON is YAML.
      override: JSON.stringify(withoutHealthChecks),
    });
    return {
      context: {
        connections,
        developer,
        images,
        registry,
        registryFolder: folder,
        configFile,
        policyFile,
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
