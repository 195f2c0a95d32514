/**
 * The registry's program with a build in the builder's place that takes STAGE_MS for each stage of a real one and writes a line into the
 * file WITNESS when it begins, reaches a stage, publishes and ends: what tests hold against each other.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Progress, toDynDataError } from '../../core/index.ts';
import { runRegistry } from '../../registry/run.ts';
import { publishImage } from '../support/published-image.ts';

const { WITNESS = '', STAGE_MS = '50' } = process.env;
const witness = (line: Record<string, unknown>): void =>
  appendFileSync(WITNESS, `${JSON.stringify({ at: Date.now(), pid: process.pid, ...line })}\n`);
const steps: readonly Progress['step'][] = ['connect', 'plan', 'extract', 'bake', 'publish'];

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
await runRegistry({
  commandLine: process.argv.slice(2),
  environment: process.env,
  createBuildSnapshot:
    ({ blobs, catalog, config }) =>
    async ({ environment, tag }, { signal, onProgress, confirm }) => {
      const sources = Object.keys(config.environments[environment]?.sources ?? {});
      witness({ event: 'begin', environment, sources });
      try {
        for (const step of steps) {
          onProgress({ step, tablesDone: 0, tablesTotal: 1, rowsDone: 0, rowsEstimated: 10, bytesDone: 0 });
          witness({ event: step, environment });
          await sleep(Number(STAGE_MS), undefined, { signal });
        }
        const repository = config.environments[environment]?.repository ?? '';
        const layers = [[{ path: 'snapshot/a', bytes: new TextEncoder().encode(environment) }]];
        await confirm?.();
        const image = await publishImage({ blobs, catalog }, { repository, environment, layers });
        await confirm?.();
        if (tag !== undefined) await catalog.moveTag(repository, tag, image.digest, { signal });
        witness({ event: 'published', environment });
        return image;
      } finally {
        witness({ event: 'end', environment, sources });
      }
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
