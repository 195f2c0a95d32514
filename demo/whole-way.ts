import { spawn } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join, relative } from 'node:path';
import { stringify } from 'yaml';
import { DynDataError } from '../core/index.ts';
import { seedSample } from '../sample/seed-sample.ts';
import { isSampleSize, type SampleSize } from '../sample/sizes.ts';
import { bundleClient } from '../scripts/bundle-client.ts';
import { ensureEngine } from '../scripts/engine.ts';
import { ensureImages } from '../scripts/images.ts';
import { projectFolder } from '../scripts/project-paths.ts';
import {
  binFolder,
  client,
  configFolder,
  developerFolder,
  environmentFile,
  registryFolder,
  registryPort,
  sampleProject,
  stackFile,
  stackProject,
  tag,
} from './layout.ts';
import { proveLong, proveQuick } from './prove.ts';
import { startRegistry, stopRegistry } from './registry-process.ts';
import { writeSampleRegistry } from './sample-registry.ts';
import type { Teller } from './say.ts';
import { type DemoState, readState, writeState } from './state.ts';

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
    SAMPLE_MYSQL_PORT: '23406',
    SAMPLE_LDAP_PORT: '23489',
    SAMPLE_POSTGRES_PORT: '25532',
  };
  const connections = await seedSample({ size, project: sampleProject, env: sampleEnvironment, log });

  tell.heading('The registry, embedded: blobs and catalog in a folder, builds in its own process');
  await mkdir(registryFolder, { recursive: true });
  const postgresImage = images.POSTGRES_IMAGE ?? 'postgres:18';
  const configFile = await writeSampleRegistry({ folder: registryFolder, connections, postgresImage, port: registryPort });
  if (state.registryPid !== undefined) await stopRegistry(state.registryPid);
  const registry = await startRegistry(configFile, join(registryFolder, 'registry.log'));
  state = { ...state, registryPid: registry.pid };
  await writeState(state);
  log(`listening on ${registry.url}, configuration .demo/registry/registry.yaml`);

  const env = await writeDeveloperProject(registry.url, images);
  tell.heading(`An operator takes the snapshot: dyn-data snapshot create prod --tag ${tag} --follow`);
  await visibly(`dyn-data snapshot create prod --tag ${tag} --follow`, env);
  await visibly('dyn-data ls', env);

  tell.heading(`A developer: dyn-data pull ${tag} && dyn-data up`);
  await visibly(`dyn-data pull ${tag} && dyn-data up`, env);

  tell.heading('Proof');
  const context = { size: size as SampleSize, tell, connections, env, images, registry, configFile, sampleEnvironment };
  const { image } = await proveQuick(context);
  state = { ...state, pulledImages: [...new Set([...state.pulledImages, image])] };
  await writeState(state);
  const earlier = state.longProofs[size];
  if (earlier) {
    for (const { number, holds, text } of earlier)
      tell.proof(number, holds, `${text} (shown by an earlier run; npm run demo -- --down forgets it)`);
  } else {
    const { proofs, registryPid } = await proveLong(context);
    state = { ...state, registryPid, longProofs: { ...state.longProofs, [size]: proofs } };
    await writeState(state);
  }

  tell.heading('Look around');
  for (const line of [
    'cd .demo/developer && . ./environment',
    'dyn-data status            # every service, its state, address and snapshot',
    'dyn-data ls                # the snapshots in the registry',
    `curl -s ${nginxAddress(env)}/counts   # what Tomcat and the push server see`,
    'npm run demo -- --down     # remove everything the demo made',
  ])
    log(line);
  if (tell.failed > 0) log(`${tell.failed} proof(s) FAILED`);
}

/** The folder a developer has: dyn-data.yaml, and a file with the variables the example stack wants. */
async function writeDeveloperProject(
  registryUrl: string,
  images: Readonly<Record<string, string>>,
): Promise<Record<string, string | undefined>> {
  await mkdir(developerFolder, { recursive: true });
  const config = {
    version: 1,
    registry: registryUrl,
    repository: 'dynamease',
    stack: { files: [relative(developerFolder, stackFile)], project: stackProject, configDirs: ['DYNAMEASE_CONFIG_DIR'] },
  };
  await writeFile(join(developerFolder, 'dyn-data.yaml'), stringify(config));
  await mkdir(binFolder, { recursive: true });
  await rm(join(binFolder, 'dyn-data'), { force: true });
  await symlink(client, join(binFolder, 'dyn-data'));
  // The client first, then the project's own Node, which it runs on.
  const path = [binFolder, join(projectFolder, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const variables = { ...images, DYNAMEASE_CONFIG_DIR: configFolder, NGINX_PORT: '8055', PATH: path };
  await writeFile(
    environmentFile,
    Object.entries(variables)
      .map(([name, value]) => `export ${name}='${value}'\n`)
      .join(''),
  );
  return { ...process.env, ...variables };
}

/** Runs a command line with this terminal as its own and stops the demo where it fails. */
function visibly(command: string, env: Readonly<Record<string, string | undefined>>): Promise<void> {
  process.stdout.write(`\n$ ${command}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], { cwd: developerFolder, env, stdio: 'inherit' });
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

function nginxAddress(env: Readonly<Record<string, string | undefined>>): string {
  return `http://127.0.0.1:${env.NGINX_PORT}`;
}
