// Runs one of the project's TypeScript programs under the project's own Node (the `node` devDependency), whatever Node started this
// file. Installs the dependencies first where they are missing or older than the lock file, so a fresh clone needs no install by hand.
// Usage: node scripts/with-project-node.mjs [NODE-OPTION ...] FILE [ARG ...]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname ?? join(new URL('.', import.meta.url).pathname), '..');
const bin = join(root, 'node_modules', '.bin');
const installed = join(root, 'node_modules', '.package-lock.json');
const lock = join(root, 'package-lock.json');

if (!existsSync(join(bin, 'node')) || !existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  process.stderr.write('Installing dependencies ...\n');
  // Not `npm ci`: it refuses a lock file that was written where the registry does not carry every platform's optional binaries. What is
  // in the lock file is installed as it says there.
  const install = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (install.status !== 0) {
    process.stderr.write('npm install failed: see the lines above. The npm registry must be reachable.\n');
    process.exit(1);
  }
}
// What the image's registry runs with (registry/start.mjs says why). The allocator's part is for all programs: tests and the demo build too.
const settings = JSON.parse(readFileSync(join(root, 'registry', 'process-settings.json'), 'utf8'));
// Where Node keeps what it made of TypeScript, so that it need not load the program for it, 20 MB, and do it again at each start.
const compiled = join(root, 'node_modules', '.cache', 'compiled');
const args = process.argv.slice(2);
const run = spawnSync(join(bin, 'node'), [...(args[0] === 'registry/main.ts' ? settings.nodeOptions : []), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: { ...settings.environment, NODE_COMPILE_CACHE: compiled, ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
});
process.exit(run.status ?? 1);
