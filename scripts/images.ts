import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { DynDataError } from '../core/errors.ts';
import { exists, installPackages, isDebianAsRoot } from './debian.ts';
import { projectFolder } from './project-paths.ts';
import { runCommand, runOrFail } from './run-command.ts';
import { buildStandinImage, recipeDigest, recipeLabel, type StandinRecipe } from './standin-image.ts';

type ImageSource = {
  /** Absent where no image of others takes the variables of ours. */
  readonly official?: string;
  readonly standin: string;
  /** The recipe of the stand-in; the folder of the source's own name where left out. */
  readonly recipe?: StandinRecipe;
  /** Compose variables that name this image. */
  readonly variables: readonly string[];
  /** An image of ours on top of the official one: its folder with a Dockerfile, and its name. */
  readonly derived?: { readonly folder: string; readonly tag: string };
};

/** Every image that the sample sources, the stack and the tests run on. The key is the recipe's folder in test/images. */
const imageSources = {
  mysql: { official: 'mysql:9.7', standin: 'dyn-data/standin-mysql:9.7', variables: ['MYSQL_IMAGE'] },
  mariadb: { official: 'mariadb:11.8', standin: 'dyn-data/standin-mariadb:11.8', variables: ['MARIADB_IMAGE'] },
  openldap: { official: 'osixia/openldap:1.5.0', standin: 'dyn-data/standin-openldap:2.6', variables: ['LDAP_IMAGE'] },
  postgres: { official: 'postgres:18', standin: 'dyn-data/standin-postgres:18', variables: ['POSTGRES_IMAGE'] },
  tomcat: {
    official: 'tomcat:11',
    standin: 'dyn-data/standin-tomcat:11',
    variables: ['TOMCAT_IMAGE', 'AEROGEAR_IMAGE'],
    derived: { folder: 'stack/tomcat', tag: 'dynamease/tomcat:11' },
  },
  nginx: { official: 'nginx:1', standin: 'dyn-data/standin-nginx:1', variables: ['NGINX_IMAGE'] },
  redis: { official: 'redis:8', standin: 'dyn-data/standin-redis:8', variables: ['REDIS_IMAGE'] },
  s3: { official: 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z', standin: 'dyn-data/standin-s3:20', variables: ['S3_IMAGE'] },
} as const satisfies Record<string, ImageSource>;

/** Older versions of the databases, which `npm run test:long` runs on too. They are made where they are asked for by name only. */
const olderImageSources = {
  'mariadb-10.11': {
    official: 'mariadb:10.11',
    standin: 'dyn-data/standin-mariadb:10.11',
    recipe: { folder: 'mariadb', release: 'bookworm' },
    variables: ['MARIADB_10_11_IMAGE'],
  },
  'openldap-2.5': {
    standin: 'dyn-data/standin-openldap:2.5',
    recipe: { folder: 'openldap', release: 'bookworm' },
    variables: ['LDAP_2_5_IMAGE'],
  },
  'postgres-13': olderPostgres('13', 'bullseye'),
  'postgres-15': olderPostgres('15', 'bookworm'),
  'postgres-17': olderPostgres('17', 'trixie'),
} as const satisfies Record<string, ImageSource>;

/** Command-line tools that single tests need; made where they are asked for by name only. */
const toolImageSources = {
  'oci-tools': { standin: 'dyn-data/standin-oci-tools:1', variables: ['OCI_TOOLS_IMAGE'] },
} as const satisfies Record<string, ImageSource>;

/** What images of ours are built on; made where they are asked for by name only. */
const baseImageSources = {
  node: { official: 'node:24-bookworm-slim', standin: 'dyn-data/standin-node:24', variables: ['NODE_IMAGE'] },
} as const satisfies Record<string, ImageSource>;

function olderPostgres(version: string, release: string): ImageSource {
  return {
    official: `postgres:${version}`,
    standin: `dyn-data/standin-postgres:${version}`,
    recipe: { folder: 'postgres', release, version: { ofRecipe: '18', wanted: version } },
    variables: [`POSTGRES_${version}_IMAGE`],
  };
}

type NewestImageName = keyof typeof imageSources;
export type ImageName = NewestImageName | keyof typeof olderImageSources | keyof typeof toolImageSources | keyof typeof baseImageSources;
export const imageNames = Object.keys(imageSources) as NewestImageName[];

const sourceOf = (name: ImageName): ImageSource =>
  ({ ...imageSources, ...olderImageSources, ...toolImageSources, ...baseImageSources })[name];
const recipeOf = (name: ImageName): StandinRecipe => sourceOf(name).recipe ?? { folder: name };

/** How long a registry may take to begin its answer. The download itself is not limited. */
const registryAnswerTimeoutMs = 10_000;

/** Builds use one core each and mostly wait for dpkg; more at once only compete. */
const buildsAtOnce = 2;

export type ImagesOptions = {
  /** Default: all of the newest versions. */
  readonly names?: readonly ImageName[];
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Makes the named images present in the engine and returns the environment variables that tell Compose their names. In this order:
 * the official image that is here, the up-to-date stand-in that is here, the official image pulled, the stand-in built. Idempotent.
 * @throws ENGINE_FAILED where no registry answers and this machine cannot build stand-ins (it is no Debian, or this is not root).
 */
export async function ensureImages(options: ImagesOptions): Promise<Record<string, string>> {
  const { log, signal } = options;
  const variables: Record<string, string> = {};
  const use = (source: ImageSource, image: string) => {
    for (const variable of source.variables) variables[variable] = image;
  };
  const missing: ImageName[] = [];
  for (const name of options.names ?? imageNames) {
    const source = sourceOf(name);
    const officialName = source.derived?.tag ?? source.official;
    if (officialName !== undefined && (await isPresent(officialName, signal))) use(source, officialName);
    else if ((await labelOf(source.standin, signal)) === (await recipeDigest(recipeOf(name)))) use(source, source.standin);
    else missing.push(name);
  }

  const toBuild: ImageName[] = [];
  const silentRegistries = new Set<string>();
  for (const name of missing) {
    const source = sourceOf(name);
    const { official } = source;
    if (official === undefined) {
      toBuild.push(name);
      continue;
    }
    const registry = registryOf(official);
    // Where a registry is silent, waiting for it again for each image helps nobody.
    const outcome = silentRegistries.has(registry) ? 'silent' : await pull(official, log, signal);
    if (outcome === 'silent') silentRegistries.add(registry);
    if (outcome !== 'pulled') toBuild.push(name);
    else use(source, source.derived === undefined ? official : await deriveImage(official, source.derived, options));
  }

  if (toBuild.length > 0) await ensureBuildTools(toBuild, options);
  const queue = [...toBuild];
  const buildNext = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const source = sourceOf(name);
      const startedMs = Date.now();
      const recipe = recipeOf(name);
      const why = source.official === undefined ? '' : ` (no registry gave ${source.official})`;
      log(`Building ${source.standin} from packages of Debian ${recipe.release ?? 'sid'}${why} ...`);
      await buildStandinImage(recipe, source.standin, signal);
      log(`Built ${source.standin} in ${Math.round((Date.now() - startedMs) / 1000)} s.`);
      use(source, source.standin);
    }
  };
  // All settle before a failure is told: no build goes on behind the back of whoever handles it.
  const builds = await Promise.allSettled(Array.from({ length: buildsAtOnce }, buildNext));
  for (const build of builds) if (build.status === 'rejected') throw build.reason;
  return variables;
}

async function ensureBuildTools(names: readonly ImageName[], options: ImagesOptions): Promise<void> {
  if (!(await isDebianAsRoot())) {
    const images = names.map((name) => sourceOf(name).official ?? sourceOf(name).standin).join(', ');
    throw new DynDataError(
      'ENGINE_FAILED',
      `No registry gave the images ${images} within ${registryAnswerTimeoutMs / 1000} s, and stand-ins can only be built as root on Debian. Make the registry reachable (try \`docker pull ${sourceOf(names[0] ?? 'mysql').official ?? 'mysql:9.7'}\`), or run this as root on Debian.`,
    );
  }
  if (await exists('/usr/bin/mmdebstrap')) return;
  options.log('Installing mmdebstrap ...');
  await installPackages(['mmdebstrap'], options.signal);
}

async function isPresent(image: string, signal: AbortSignal | undefined): Promise<boolean> {
  return (await runCommand('docker', ['image', 'inspect', '--format', '{{.Id}}', image], { signal })).exitCode === 0;
}

async function labelOf(image: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const format = `{{index .Config.Labels "${recipeLabel}"}}`;
  const inspected = await runCommand('docker', ['image', 'inspect', '--format', format, image], { signal });
  return inspected.exitCode === 0 ? inspected.stdout.trim() : undefined;
}

/** The host part of an image name; Docker Hub where there is none. */
function registryOf(image: string): string {
  const [first = ''] = image.split('/');
  return image.includes('/') && /[.:]|^localhost$/.test(first) ? first : 'docker.io';
}

/** Pulls an image. Silent: the registry did not begin to answer in time; refused: it has no such image, or cannot be reached at all. */
async function pull(image: string, log: (line: string) => void, signal: AbortSignal | undefined): Promise<'pulled' | 'refused' | 'silent'> {
  log(`Pulling ${image} ...`);
  const child = spawn('docker', ['pull', image], { stdio: ['ignore', 'pipe', 'ignore'], signal });
  // The first line appears when the registry has answered with the manifest; from then on only the line's speed counts.
  let outcome: 'refused' | 'silent' = 'refused';
  const timer = setTimeout(() => {
    outcome = 'silent';
    child.kill();
  }, registryAnswerTimeoutMs);
  child.stdout.once('data', () => clearTimeout(timer)).resume();
  const exitCode = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  clearTimeout(timer);
  if (signal?.aborted) throw new DynDataError('CANCELLED', `Cancelled while pulling ${image}.`);
  return exitCode === 0 ? 'pulled' : outcome;
}

async function deriveImage(base: string, derived: { folder: string; tag: string }, options: ImagesOptions): Promise<string> {
  options.log(`Building ${derived.tag} from ${base} ...`);
  await runOrFail(`Building ${derived.tag}`, 'docker', ['build', '--tag', derived.tag, join(projectFolder, derived.folder)], {
    signal: options.signal,
  });
  return derived.tag;
}
