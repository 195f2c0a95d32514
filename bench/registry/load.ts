import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { digestOf } from '../../core/index.ts';
import { peakMemoryBytes } from '../../demo/proofs/memory.ts';
import { stopRegistry } from '../../demo/registry-process.ts';
import { ensureCommands } from '../../scripts/debian.ts';
import { runOrFail } from '../../scripts/run-command.ts';
import { median, printResult } from '../measure.ts';
import { type RegistryServer, startDockerRegistry, startOurs } from './servers.ts';

const usage = `Usage: node bench/registry/load.ts [--runs N] [--seconds N] [--blobs N]

200 clients that pull blobs all the time, and 1,000 reads of manifests and lists of tags each second beside them: our registry, with its storage in
a folder, and Debian's docker-registry with the same blobs, in turns.`;

const pullers = 200;
const readsPerSecond = 1_000;
const blobBytes = 8 * 1024 * 1024;
const repository = 'load';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
    blobs: { type: 'string', default: '16' },
  },
});
const [runs, seconds, blobCount] = [Number(values.runs), Number(values.seconds), Number(values.blobs)];
if (![runs, seconds, blobCount].every((number) => Number.isInteger(number) && number > 0)) {
  console.error(usage);
  process.exit(2);
}

type Blob = { readonly digest: string; readonly bytes: Uint8Array<ArrayBuffer> };

async function push(url: string, blobs: readonly Blob[]): Promise<void> {
  const expectStatus = async (response: Response, status: number): Promise<Response> => {
    if (response.status !== status) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
    return response;
  };
  for (const { digest, bytes } of blobs) {
    const begun = await expectStatus(await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' }), 202);
    const target = new URL(begun.headers.get('location') ?? '', url);
    target.searchParams.set('digest', digest);
    await expectStatus(await fetch(target, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: bytes }), 201);
  }
  const [config, ...layers] = blobs.map(({ digest, bytes }, index) => ({
    mediaType: index === 0 ? 'application/vnd.oci.image.config.v1+json' : 'application/vnd.oci.image.layer.v1.tar',
    digest,
    size: bytes.length,
  }));
  const body = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers });
  const headers = { 'content-type': manifestType };
  const manifest = await fetch(`${url}/v2/${repository}/manifests/may`, { method: 'PUT', headers, body });
  await expectStatus(manifest, 201);
}

/** Pulls blobs with all clients. Gives bytes per second. @throws where an answer was none of 2xx, or a connection failed */
async function pull(url: string, script: string): Promise<number> {
  const printed = await runOrFail('Pulling', 'wrk', ['-t1', `-c${pullers}`, `-d${seconds}s`, '--timeout', '60s', '-s', script, url]);
  const { bytes, duration, errors } = JSON.parse(/^\{.*\}$/m.exec(printed)?.[0] ?? '{}') as Record<string, number>;
  if (!bytes || !duration || errors !== 0) throw new Error(`The pulls of ${url} failed: ${printed}`);
  return (bytes * 1e6) / duration;
}

function pullScript(blobs: readonly Blob[]): string {
  const paths = blobs.map(({ digest }) => `"/v2/${repository}/blobs/${digest}"`);
  return `local paths = {${paths.join(', ')}}
local next = 0
request = function()
  next = next % #paths + 1
  return wrk.format("GET", paths[next])
end
done = function(summary)
  local e = summary.errors
  print(string.format('{"bytes": %d, "duration": %d, "errors": %d}', summary.bytes, summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

/** Reads at an even rate, whatever becomes of those before. Gives the milliseconds from when each was due to its end. */
async function read(url: string): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const headers = { accept: manifestType };
  const paths = [`/v2/${repository}/manifests/may`, `/v2/${repository}/tags/list`];
  const one = (path: string, dueAt: number): Promise<number> =>
    new Promise((resolve, reject) => {
      get(new URL(path, url), { agent, headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${path} answered ${response.statusCode}`));
        response.resume().on('end', () => resolve(performance.now() - dueAt));
      }).on('error', reject);
    });
  const pending: Promise<number>[] = [];
  const startedAt = performance.now();
  const count = seconds * readsPerSecond;
  while (pending.length < count) {
    const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1_000) * readsPerSecond));
    for (; pending.length < due; ) {
      const dueAt = startedAt + (pending.length / readsPerSecond) * 1_000;
      const answered = one(paths[pending.length % paths.length] as string, dueAt);
      // A failure is reported at the end; until then it must not count as unhandled.
      answered.catch(() => undefined);
      pending.push(answered);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const times = await Promise.all(pending);
  agent.destroy();
  return times.sort((a, b) => a - b);
}

await ensureCommands(['docker-registry', 'wrk'], (line) => console.error(line));
const folder = await mkdtemp(join(tmpdir(), 'dyn-data-bench-load-'));
const servers: RegistryServer[] = [];
try {
  const blobs = Array.from({ length: blobCount }, (): Blob => {
    const bytes = Uint8Array.from(randomBytes(blobBytes));
    return { digest: digestOf(bytes), bytes };
  });
  const script = join(folder, 'pull.lua');
  await writeFile(script, pullScript(blobs));
  const contenders = { ours: await startOurs(folder), peer: await startDockerRegistry(folder) };
  servers.push(contenders.ours, contenders.peer);
  for (const { url } of servers) await push(url, blobs);
  const figures = { ours: [], peer: [] } as Record<keyof typeof contenders, { bytesPerSecond: number; p99: number }[]>;
  for (let run = 0; run < runs; run += 1) {
    for (const name of ['ours', 'peer'] as const) {
      const { url } = contenders[name];
      const [bytesPerSecond, times] = await Promise.all([pull(url, script), read(url)]);
      const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
      figures[name].push({ bytesPerSecond, p99 });
      console.error(
        `  ${name}: ${(bytesPerSecond / 1e6).toFixed(0)} MB/s, reads p50 ${times[times.length >> 1]?.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
      );
    }
  }
  const medians = (figure: 'bytesPerSecond' | 'p99'): { ours: number; peer: number } => ({
    ours: median(figures.ours.map((one) => one[figure])),
    peer: median(figures.peer.map((one) => one[figure])),
  });
  const bytes = medians('bytesPerSecond');
  const p99 = medians('p99');
  const print = (name: string, unit: string, aim: string, { ours, peer }: { ours: number; peer: number }): void =>
    printResult({ name, value: ours / peer, unit, aim, ours, peer });
  print('registry-throughput-vs-docker-registry', 'ratio of bytes per second', '>= 1', bytes);
  print('registry-p99-vs-docker-registry', 'ratio of milliseconds, the slowest hundredth of the reads', '<= 1', p99);
  for (const [name, { pid }] of Object.entries(contenders)) {
    console.log(`${name}: at most ${Math.round((await peakMemoryBytes(pid)) / 1e6)} MB resident`);
  }
} finally {
  for (const { pid } of servers) await stopRegistry(pid);
  await rm(folder, { recursive: true, force: true });
}
