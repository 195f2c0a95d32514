import { spawn } from 'node:child_process';
import { bundleClient } from './bundle-client.ts';

// `npm test`: everything a fresh machine needs is made by the tests' own set-up; the client is tested as it ships, so it is bundled first.
// `npm run test:long` runs the suites under test/long instead. Further arguments go to vitest.
const args = process.argv.slice(2);
const long = args.includes('--long');
const rest = args.filter((arg) => arg !== '--long');
await bundleClient();
const projects = long ? ['--project', 'long'] : ['--project', 'unit', '--project', 'engine'];
const child = spawn('vitest', ['run', ...projects, ...rest], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('close', (status) => {
  process.exitCode = status ?? 1;
});
