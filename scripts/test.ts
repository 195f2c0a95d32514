import { spawn } from 'node:child_process';
import { bundleClient } from './bundle-client.ts';

// `npm test`: first lint, types and unused code, then all tests; what they need on a fresh machine their own set-up makes. The client is
// tested as it ships, so it is bundled first. `npm run test:long` runs test/long instead. Other arguments go to vitest, and then only
// the tests named by them run.
const args = process.argv.slice(2);
const long = args.includes('--long');
const rest = args.filter((arg) => arg !== '--long');

const staticChecks: readonly (readonly string[])[] = [['biome', 'check', '--error-on-warnings'], ['tsc', '-p', 'tsconfig.json'], ['knip']];
const projects = long ? ['--project', 'long'] : ['--project', 'unit', '--project', 'redis', '--project', 'engine'];

async function run([command = '', ...commandArgs]: readonly string[]): Promise<boolean> {
  process.stdout.write(`$ ${[command, ...commandArgs].join(' ')}\n`);
  const child = spawn(command, commandArgs, { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const status = await new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject));
  process.off('SIGINT', forward).off('SIGTERM', forward);
  return status === 0;
}

await bundleClient();
for (const check of long || rest.length > 0 ? [] : staticChecks) if (!(await run(check))) process.exit(1);
if (!(await run(['vitest', 'run', ...projects, ...rest]))) process.exitCode = 1;
