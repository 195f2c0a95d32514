/**
 * The registry's program with a small build in the builder's place: a tag `a.b` gives a snapshot of the chunks a and b, so the same tag gives the
 * same snapshot. `TEST_TAKEN_AT` says when snapshots are taken, a day later each time.
 */
import { toDynDataError } from '../../core/index.ts';
import { runRegistry } from '../../registry/run.ts';
import { publishChunks } from '../support/collected-store.ts';

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
const dayMs = 24 * 60 * 60 * 1000;
let takenAtMs = Date.parse(process.env.TEST_TAKEN_AT ?? '2024-05-01T02:00:00Z') - dayMs;
await runRegistry({
  commandLine: process.argv.slice(2),
  environment: process.env,
  createBuildSnapshot: (ports) => async (request) => {
    const { tag = 'a' } = request;
    takenAtMs += dayMs;
    return { digest: await publishChunks(ports, [tag.split('.')], { tag, takenAt: new Date(takenAtMs).toISOString() }) };
  },
  chunkCodec: 'none',
  print: (line) => process.stdout.write(`${line}\n`),
  log: process.stderr,
  signal: stopping.signal,
}).catch((error: unknown) => {
  process.exitCode = toDynDataError(error).exitCode;
});
