import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { routePath, routes } from '../../core/index.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { removeSample, seedSample } from '../../sample/seed-sample.ts';
import { type Environment, runClient } from '../developer.ts';
import { startRegistry } from '../registry-process.ts';
import { pgDumpCommand, writeSampleRegistry } from '../sample-registry.ts';

/** How much more memory four times the data may take. */
const allowedGrowth = 0.2;
const megabyte = 1e6;

/** The most memory a process ever had resident, in bytes (VmHWM, Linux). */
export async function peakMemoryBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`no VmHWM for process ${pid}`);
  return Number(kib) * 1024;
}

/** What one build cost the process that made it. */
export type BuildCost = {
  /** From the process's start on. */
  readonly peakBytes: number;
  /** Of the build alone. */
  readonly durationMs: number;
  readonly rows: number;
};

/** Builds one snapshot in a registry process of its own, on an empty store. */
export async function buildCost(connections: SampleConnections, postgresImage: string, env: Environment): Promise<BuildCost> {
  const folder = await mkdtemp(join(tmpdir(), 'dyn-data-memory-'));
  try {
    const configFile = await writeSampleRegistry({ folder, connections, pgDump: pgDumpCommand(postgresImage), port: 0 });
    const registry = await startRegistry(configFile, join(folder, 'registry.log'));
    try {
      const client = { version: 1, registry: registry.url, repository: 'dynamease', stack: { files: ['none.yml'] } };
      await writeFile(join(folder, 'dyn-data.yaml'), stringify(client));
      const built = await runClient(folder, ['snapshot', 'create', 'prod', '--follow', '--json'], env);
      if (built.exitCode !== 0) throw new Error(`the build failed: ${built.stderr.slice(-2000)}`);
      const answer = await fetch(new URL(routePath(routes.listSnapshots.path, { repository: 'dynamease' }), registry.url));
      const [snapshot] = routes.listSnapshots.answer.parse(await answer.json()).items;
      if (!snapshot) throw new Error('the registry lists no snapshot');
      return { peakBytes: await peakMemoryBytes(registry.pid), durationMs: snapshot.provenance.durationMs, rows: snapshot.rows };
    } finally {
      registry.child.kill('SIGKILL');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export type MemoryProofOptions = {
  /** A production system of size `demo`. */
  readonly connections: SampleConnections;
  readonly postgresImage: string;
  /** Compose project of the larger production system, which is made and removed. */
  readonly project: string;
  readonly sampleEnvironment: Environment;
  readonly env: Environment;
  readonly log: (line: string) => void;
};

/** Peak memory of the builder at the demo's size and at four times that size. */
export async function memoryProof(options: MemoryProofOptions): Promise<{ holds: boolean; text: string }> {
  const { connections, postgresImage, project, env, log } = options;
  const { peakBytes: onceBytes } = await buildCost(connections, postgresImage, env);
  const bigEnvironment = { ...options.sampleEnvironment, SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };
  try {
    const big = await seedSample({ size: 'demo-x4', project, env: bigEnvironment, log });
    const { peakBytes: fourTimesBytes } = await buildCost(big, postgresImage, env);
    const growth = fourTimesBytes / onceBytes - 1;
    const inMegabytes = (bytes: number): string => `${Math.round(bytes / megabyte)} MB`;
    return {
      holds: Math.abs(growth) < allowedGrowth,
      text: `peak memory of the builder: ${inMegabytes(onceBytes)}, and ${inMegabytes(fourTimesBytes)} for four times the data (${growth >= 0 ? '+' : ''}${Math.round(growth * 100)} %)`,
    };
  } finally {
    await removeSample({ project, env: bigEnvironment });
  }
}
