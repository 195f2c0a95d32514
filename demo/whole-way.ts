import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DynDataError } from '../core/index.ts';
import { seedSample, withoutHealthChecks } from '../sample/seed-sample.ts';
import { isSampleSize } from '../sample/sizes.ts';
import { bundleClient } from '../scripts/bundle-client.ts';
import { ensureEngine } from '../scripts/engine.ts';
import { ensureImages } from '../scripts/images.ts';
import { createDeveloper, type Developer } from './developer.ts';
import {
  bigSampleProject,
  demoFolder,
  developerFolder,
  nginxPort,
  registryFolder,
  registryPort,
  sampleProject,
  stackProject,
  tag,
} from './layout.ts';
import { memoryProof } from './proofs/memory.ts';
import { proveLong, proveQuick } from './prove.ts';
import { startRegistry, stopRegistry } from './registry-process.ts';
import { pgDumpCommand, samplePolicy, writeSampleRegistry } from './sample-registry.ts';
import type { Teller } from './say.ts';
import { type DemoState, type LongProof, readState, writeState } from './state.ts';

/** The whole way at the given size of the sample system; safe to run again, and quick then. */
export async function runDemo(size: string, tell: Teller): Promise<void> {
  if (!isSampleSize(size)) throw new DynDataError('USAGE', `There is no size "${size}". Give tiny, small or demo.`);
  const log = (line: string): void => tell.line(line);
  tell.heading('Set-up: engine, images, client');
  await ensureEngine({ log });
  const images = await ensureImages({ log });
  await bundleClient();
  let state: DemoState = { pulledImages: [], longProofs: {}, ...(await readState()), images };

  tell.heading(`A production system: MySQL, LDAP and AeroGear with the same people (size ${size})`);
  const sampleEnvironment = {
    ...process.env,
    ...images,
    ...withoutHealthChecks,
    SAMPLE_MYSQL_PORT: '23406',
    SAMPLE_LDAP_PORT: '23489',
    SAMPLE_POSTGRES_PORT: '25532',
  };
  const connections = await seedSample({ size, project: sampleProject, env: sampleEnvironment, log });

  tell.heading('The registry, embedded: blobs and catalog in a folder, builds in its own process');
  await mkdir(registryFolder, { recursive: true });
  const postgresImage = images.POSTGRES_IMAGE ?? 'postgres:18';
  const configFile = await writeSampleRegistry({
    folder: registryFolder,
    connections,
    pgDump: pgDumpCommand(postgresImage),
    port: registryPort,
  });
  if (state.registryPid !== undefined) await stopRegistry(state.registryPid);
  const registry = await startRegistry(configFile, join(registryFolder, 'registry.log'));
  state = { ...state, registryPid: registry.pid };
  await writeState(state);
  log(`listening on ${registry.url}, configuration .demo/registry/registry.yaml`);

  const developer = await createDeveloper({ folder: developerFolder, registryUrl: registry.url, images, stackProject, nginxPort });
  tell.heading(`An operator takes the snapshot: dyn-data snapshot create prod --tag ${tag} --follow`);
  await visibly(`dyn-data snapshot create prod --tag ${tag} --follow`, developer);
  await visibly('dyn-data ls', developer);

  tell.heading(`A developer: dyn-data pull ${tag} && dyn-data up`);
  await visibly(`dyn-data pull ${tag} && dyn-data up`, developer);

  tell.heading('Proof');
  const context = {
    connections,
    developer,
    images,
    registry,
    registryFolder,
    configFile,
    policyFile: samplePolicy,
    errorsFolder: join(demoFolder, 'errors'),
    tag,
  };
  const quick = await proveQuick(context, tell.proof);
  state = { ...state, pulledImages: [...new Set([...state.pulledImages, quick.image])] };
  await writeState(state);
  const earlier = state.longProofs[size];
  if (earlier) {
    for (const { number, holds, text } of earlier)
      tell.proof(number, holds, `${text} (shown by an earlier run; npm run demo -- --down forgets it)`);
  } else {
    const proofs: LongProof[] = [];
    const { registryPid } = await proveLong(context, (number, holds, text) => {
      tell.proof(number, holds, text);
      proofs.push({ number, holds, text });
    });
    state = { ...state, registryPid };
    await writeState(state);
    // A smaller sample says nothing of growth: its build is over before the builder has reached its working size.
    if (size === 'demo') {
      tell.line('now a production system of four times the size, for the memory proof');
      const { holds, text } = await memoryProof({
        connections,
        postgresImage,
        project: bigSampleProject,
        sampleEnvironment,
        env: developer.env,
        log,
      });
      tell.proof(5, holds, text);
      proofs.push({ number: 5, holds, text });
    }
    state = { ...state, longProofs: { ...state.longProofs, [size]: proofs } };
    await writeState(state);
  }

  tell.heading('Look around');
  for (const line of [
    'cd .demo/developer && . ./environment',
    'dyn-data status            # every service, its state, address and snapshot',
    'dyn-data ls                # the snapshots in the registry',
    `curl -s ${developer.url}/counts   # what Tomcat and the push server see`,
    'npm run demo -- --down     # remove everything the demo made',
  ])
    log(line);
  if (tell.failed > 0) log(`${tell.failed} proof(s) FAILED`);
}

/** Runs a command line with this terminal as its own and stops the demo where it fails. */
function visibly(command: string, { folder, env }: Developer): Promise<void> {
  process.stdout.write(`\n$ ${command}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], { cwd: folder, env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve();
      else
        reject(
          new DynDataError(
            'RESTORE_FAILED',
            `"${command}" ended with ${status}. Its own message is above; the registry's log is .demo/registry/registry.log.`,
          ),
        );
    });
  });
}
