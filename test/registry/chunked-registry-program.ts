/**
 * The registry's program with a build in the builder's place that stores chunks, layers of them, and a snapshot, with a pause of STAGE_MS after
 * each layer. Of its chunks, which the tag decides, most are those of other builds: some of those now, some of those long removed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { toDynDataError } from '../../core/index.ts';
import { runRegistry } from '../../registry/run.ts';
import { publishChunks } from '../support/collected-store.ts';
import { chunksOf } from '../support/production-workload.ts';

const stageMs = Number(process.env.STAGE_MS ?? '50');
const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
await runRegistry({
  commandLine: process.argv.slice(2),
  environment: process.env,
  createBuildSnapshot:
    ({ blobs, index, catalog, config, now }) =>
    async ({ environment, tag = '' }, { signal, confirm }) => {
      const to = config.environments[environment]?.repository ?? '';
      const betweenLayers = () => sleep(stageMs, undefined, { signal });
      await confirm?.();
      const layers = [chunksOf(`${tag} 1`), chunksOf(`${tag} 2`), [`only of ${environment} ${tag}`]];
      const digest = await publishChunks({ blobs, index, catalog }, layers, { to, tag, takenAt: now().toISOString(), betweenLayers });
      return { digest };
    },
  chunkCodec: 'none',
  print: (line) => process.stdout.write(`${line}\n`),
  log: process.stderr,
  signal: stopping.signal,
}).catch((error: unknown) => {
  process.stderr.write(`${toDynDataError(error).message}\n`);
  process.exitCode = toDynDataError(error).exitCode;
});
process.exit();
