import { writeFileSync } from 'node:fs';
import { chunkCodec, createBuildSnapshot, createPolicyTools } from '../builder/index.ts';
import { errorKinds } from '../core/index.ts';
import { failureOf } from './failure.ts';
import { runRegistry } from './run.ts';

/** Where it is told where this process listens, for a health check that knows neither configuration nor role. */
const listeningFile = process.env.DYN_DATA_LISTENING_FILE;
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // Asked twice: whoever asks does not want to wait.
    if (stopping.signal.aborted) process.exit(errorKinds.CANCELLED.exitCode);
    stopping.abort();
  });
}

try {
  await runRegistry({
    commandLine: process.argv.slice(2),
    environment: process.env,
    createBuildSnapshot,
    createPolicyTools,
    chunkCodec,
    print: (line) => {
      if (listeningFile !== undefined) writeFileSync(listeningFile, `${line}\n`);
      process.stdout.write(`${line}\n`);
    },
    log: process.stderr,
    signal: stopping.signal,
    onReload: (reload) => void process.on('SIGHUP', reload),
  });
  process.exit(0);
} catch (thrown) {
  const { text, exitCode } = failureOf(thrown);
  process.stderr.write(text);
  process.exit(exitCode);
}
