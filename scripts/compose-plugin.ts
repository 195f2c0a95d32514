import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DynDataError } from '../core/errors.ts';
import { isDebianAsRoot, unpackSidPackage } from './debian.ts';
import { cacheFolder } from './project-paths.ts';
import { runCommand } from './run-command.ts';

/** The oldest Compose whose `config --format json` and `up --wait` behave as the client and the tests rely on. */
const oldest = [2, 26] as const;

/**
 * Makes `docker compose` (v2) usable and returns its version. On Debian as root it is taken from Debian sid and put into this user's
 * Docker plugin folder: older Debian releases have no Compose v2.
 * @throws COMPOSE_UNAVAILABLE with what to type, where this process may not install it.
 */
export async function ensureCompose(options: { log: (line: string) => void; signal?: AbortSignal | undefined }): Promise<string> {
  const found = await composeVersion(options.signal);
  if (found !== undefined && isRecentEnough(found)) return found;
  if (!(await isDebianAsRoot())) {
    const problem = found === undefined ? '`docker compose` is not installed' : `\`docker compose\` is ${found}`;
    throw new DynDataError(
      'COMPOSE_UNAVAILABLE',
      `Docker Compose ${oldest.join('.')} or newer is needed, but ${problem}. Install it, then run this again: https://docs.docker.com/compose/install/linux/ (Ubuntu: \`sudo apt-get install -y docker-compose-v2\`).`,
    );
  }
  options.log('Fetching Docker Compose (of Debian sid) ...');
  const unpacked = join(cacheFolder, 'docker-compose');
  try {
    await unpackSidPackage('docker-compose', unpacked, options.signal);
  } catch (error) {
    if (!(error instanceof DynDataError) || error.code !== 'ENGINE_FAILED') throw error;
    const message =
      'Docker Compose is missing and cannot be fetched from Debian sid. Make the Debian archive reachable, or install it by hand.';
    throw new DynDataError('COMPOSE_UNAVAILABLE', message, { details: error.details });
  }
  const plugins = join(process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), 'cli-plugins');
  const target = join(plugins, 'docker-compose');
  await mkdir(plugins, { recursive: true });
  // Copied beside and renamed: whoever runs Compose at this moment never meets half a file.
  await copyFile(join(unpacked, 'usr', 'libexec', 'docker', 'cli-plugins', 'docker-compose'), `${target}.new`);
  await chmod(`${target}.new`, 0o755);
  await rename(`${target}.new`, target);
  await rm(unpacked, { recursive: true, force: true });
  const installed = await composeVersion(options.signal);
  if (installed !== undefined && isRecentEnough(installed)) return installed;
  throw new DynDataError(
    'COMPOSE_UNAVAILABLE',
    `Docker Compose was installed at ${target}, but \`docker compose version\` still does not run. Try it by hand.`,
  );
}

async function composeVersion(signal: AbortSignal | undefined): Promise<string | undefined> {
  const asked = await runCommand('docker', ['compose', 'version', '--short'], { signal });
  const version = asked.stdout.trim().replace(/^v/, '');
  return asked.exitCode === 0 && /^\d+\.\d+/.test(version) ? version : undefined;
}

function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}
