import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { SampleConnections } from '../../sample/connections.ts';
import { removeSample, seedSample } from '../../sample/seed-sample.ts';
import { bigSampleProject } from '../layout.ts';
import type { ProofContext } from '../prove.ts';
import { startRegistry } from '../registry-process.ts';
import { runClient } from '../run-client.ts';
import { writeSampleRegistry } from '../sample-registry.ts';

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

/** Builds one snapshot in a registry process of its own, on an empty store, and gives that process's peak memory. */
export async function buildPeakBytes(
  connections: SampleConnections,
  postgresImage: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'dyn-data-memory-'));
  try {
    const configFile = await writeSampleRegistry({ folder, connections, postgresImage, port: 0 });
    const registry = await startRegistry(configFile, join(folder, 'registry.log'));
    try {
      const client = { version: 1, registry: registry.url, repository: 'dynamease', stack: { files: ['none.yml'] } };
      await writeFile(join(folder, 'dyn-data.yaml'), stringify(client));
      const built = await runClient(['snapshot', 'create', 'prod', '--follow', '--json'], { env, folder });
      if (built.exitCode !== 0) throw new Error(`the build failed: ${built.stderr.slice(-500)}`);
      return await peakMemoryBytes(registry.pid);
    } finally {
      registry.child.kill('SIGKILL');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Peak memory of the builder at the demo's size and at four times that size. */
export async function proveMemory({
  connections,
  images,
  env,
  sampleEnvironment,
  tell,
}: Pick<ProofContext, 'connections' | 'images' | 'env' | 'sampleEnvironment' | 'tell'>): Promise<{ holds: boolean; text: string }> {
  const postgresImage = images.POSTGRES_IMAGE ?? 'postgres:18';
  const onceBytes = await buildPeakBytes(connections, postgresImage, env);
  tell.line('a production system of four times the size, for the memory proof');
  const bigEnvironment = { ...sampleEnvironment, SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };
  const big = await seedSample({ size: 'demo-x4', project: bigSampleProject, env: bigEnvironment, log: (line) => tell.line(line) });
  const fourTimesBytes = await buildPeakBytes(big, postgresImage, env);
  await removeSample({ project: bigSampleProject, env: bigEnvironment });
  const growth = fourTimesBytes / onceBytes - 1;
  return {
    holds: Math.abs(growth) < allowedGrowth,
    text: `peak memory of the builder: ${Math.round(onceBytes / megabyte)} MB, and ${Math.round(fourTimesBytes / megabyte)} MB for four times the data (${growth >= 0 ? '+' : ''}${Math.round(growth * 100)} %)`,
  };
}
