import { spawn } from 'node:child_process';
import { bundleClient } from './bundle-client.ts';

// `npm test`: first lint, types and unused code, then all tests; what they need on a fresh machine their own set-up makes. The client is
// tested as it ships, so it is bundled first. Tests that need the engine run beside those that need none. `npm run test:long` runs test/long instead.
// Other arguments go to vitest, and then only the tests named by them run.
const args = process.argv.slice(2);
const long = args.includes('--long');
const rest = args.filter((arg) => arg !== '--long');

const staticChecks: readonly (readonly string[])[] = [['biome', 'check', '--error-on-warnings'], ['tsc', '-p', 'tsconfig.json'], ['knip']];
const vitest = (...projects: readonly string[]): readonly string[] => [
  'vitest',
  'run',
  ...projects.flatMap((name) => ['--project', name]),
  ...rest,
];

/** @param whole what it prints is shown in one piece at its end, since something else prints meanwhile */
async function run([command = '', ...commandArgs]: readonly string[], { whole = false } = {}): Promise<boolean> {
  const title = `$ ${[command, ...commandArgs].join(' ')}\n`;
  if (!whole) process.stdout.write(title);
  const child = spawn(command, commandArgs, { stdio: whole ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
  const printed: Buffer[] = [Buffer.from(title)];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => printed.push(bytes));
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const status = await new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject));
  process.off('SIGINT', forward).off('SIGTERM', forward);
  if (whole) process.stdout.write(Buffer.concat(printed));
  return status === 0;
}

await bundleClient();
for (const check of long || rest.length > 0 ? [] : staticChecks) if (!(await run(check))) process.exit(1);
const passed =
  long || rest.length > 0
    ? [await run(long ? vitest('long') : vitest('unit', 'redis', 'engine'))]
    : await Promise.all([run(vitest('engine')), run(vitest('unit', 'redis'), { whole: true })]);
if (passed.includes(false)) process.exitCode = 1;
