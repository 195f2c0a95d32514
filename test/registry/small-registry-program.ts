/** The registry's program with a small build in the builder's place; `MODE=hang` makes a build that ends only when it is cancelled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toDynDataError } from '../../core/index.ts';
import { runRegistry } from '../../registry/run.ts';
import { publishImage } from '../support/published-image.ts';

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
await runRegistry({
  commandLine: process.argv.slice(2),
  environment: process.env,
  createBuildSnapshot:
    ({ blobs, catalog, config }) =>
    async ({ environment, tag }, { signal }) => {
      if (process.env.MODE === 'hang') await sleep(600_000, undefined, { signal });
      const repository = config.environments[environment]?.repository ?? '';
      const layers = [[{ path: 'snapshot/a', bytes: new Uint8Array(1000) }]];
      return publishImage({ blobs, catalog }, { repository, environment, layers, ...(tag === undefined ? {} : { tag }) });
    },
  chunkCodec: 'none',
  print: (line) => process.stdout.write(`${line}\n`),
  log: process.stderr,
  signal: stopping.signal,
}).catch((error: unknown) => {
  process.exitCode = toDynDataError(error).exitCode;
});
