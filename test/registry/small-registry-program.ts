/** The registry's program with a small build in the builder's place. */
import { toDynDataError } from '../../core/index.ts';
import { runRegistry } from '../../registry/run.ts';
import { smallBuild } from '../support/small-build.ts';

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
await runRegistry({
  commandLine: process.argv.slice(2),
  environment: process.env,
  createBuildSnapshot: smallBuild,
  chunkCodec: 'none',
  print: (line) => process.stdout.write(`${line}\n`),
  log: process.stderr,
  signal: stopping.signal,
}).catch((error: unknown) => {
  process.exitCode = toDynDataError(error).exitCode;
});
