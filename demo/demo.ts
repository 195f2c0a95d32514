import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { toDynDataError } from '../core/index.ts';
import { removeSample } from '../sample/seed-sample.ts';
import { stopEngine } from '../scripts/engine.ts';
import { runCommand } from '../scripts/run-command.ts';
import { stackFile } from './developer.ts';
import { bigSampleProject, demoFolder, sampleProject, stackProject } from './layout.ts';
import { stopRegistry } from './registry-process.ts';
import { createTeller } from './say.ts';
import { readState } from './state.ts';
import { runDemo } from './whole-way.ts';

const usage = 'npm run demo [-- --size tiny|small|demo] | npm run demo -- --down\n';

/** Stops and removes what the demo made: stacks, sample systems, registry, files; the engine too if a script of ours started it. */
async function down(): Promise<void> {
  const state = await readState();
  const images = state?.images ?? {};
  const log = (line: string): void => void process.stdout.write(`${line}\n`);
  if (state?.registryPid !== undefined) {
    await stopRegistry(state.registryPid);
    log('stopped the registry');
  }
  const env = { ...process.env, ...images };
  // Compose reads the whole file even to remove it, so the variable must name something.
  const composeEnvironment = { ...images, DYNAMEASE_CONFIG_DIR: demoFolder };
  await runCommand('docker', ['compose', '-f', stackFile, '-p', stackProject, 'down', '--volumes', '--remove-orphans'], {
    env: composeEnvironment,
  });
  log(`removed the stack ${stackProject}`);
  for (const project of [sampleProject, bigSampleProject]) {
    await removeSample({ project, env });
    log(`removed the sample system ${project}`);
  }
  for (const image of state?.pulledImages ?? []) await runCommand('docker', ['rmi', '--force', image]);
  await rm(demoFolder, { recursive: true, force: true });
  log('removed .demo');
  if (await stopEngine()) log('stopped the Docker engine that the demo had started');
}

const { values } = parseArgs({
  options: {
    down: { type: 'boolean', default: false },
    size: { type: 'string', default: 'demo' },
    help: { type: 'boolean', default: false },
  },
});
try {
  if (values.help) process.stdout.write(usage);
  else if (values.down) await down();
  else {
    const teller = createTeller((text) => void process.stdout.write(text));
    await runDemo(values.size, teller);
    if (teller.failed > 0) process.exitCode = 1;
  }
} catch (thrown) {
  const error = toDynDataError(thrown);
  process.stderr.write(`\nerror ${error.code}: ${error.message}\n${error.details.map((detail) => `  ${detail}\n`).join('')}`);
  if (error.code === 'INTERNAL') process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
  process.exitCode = error.exitCode;
}
