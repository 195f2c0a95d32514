import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DynDataError } from '../core/errors.ts';
import { aptAcquireOptions, debianMirror } from './debian.ts';
import { projectFolder } from './project-paths.ts';
import { runCommand, runOrFail } from './run-command.ts';

/**
 * Recipes of stand-in images: `packages.txt`, `setup.sh` (run once inside), `entrypoint.sh`, `image.txt` (instructions of `docker import --change`),
 * and `host.sh` where something comes from this machine (run once outside, with the new file system's folder as its argument).
 */
const recipesFolder = join(projectFolder, 'test', 'images');

/** The label whose value is the recipe's digest, so that a changed recipe is noticed. */
export const recipeLabel = 'dyn-data.recipe';

/** What a running server never reads; a third of such an image. */
const leftOut = ['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/i18n/*'];

/** What a stand-in image is made of. */
export type StandinRecipe = {
  /** The recipe's folder. */
  readonly folder: string;
  /** The Debian release whose packages it gets; sid, whose are the newest, where left out. */
  readonly release?: string;
  /** Another version of the program where its packages and folders carry a version: that of the recipe, and the one it is to be. */
  readonly version?: { readonly ofRecipe: string; readonly wanted: string };
};

/** Hexadecimal digest over the names and contents of a recipe's files, and over what it is made of otherwise. */
export async function recipeDigest({ folder: recipe, release, version }: StandinRecipe): Promise<string> {
  const hash = createHash('sha256');
  const folder = join(recipesFolder, recipe);
  for (const name of (await readdir(folder)).sort()) {
    const content = await readFile(join(folder, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  if (release !== undefined) hash.update(`\0${release}\0${version?.wanted ?? ''}`);
  return hash.digest('hex');
}

/**
 * Builds one stand-in image from packages of a Debian release, as root, without any registry: mmdebstrap writes a file system as tar and
 * `docker import` reads it. Takes half a minute to two minutes. Needs mmdebstrap.
 */
export async function buildStandinImage(recipe: StandinRecipe, tag: string, signal?: AbortSignal): Promise<void> {
  const folder = join(recipesFolder, recipe.folder);
  const { release = 'sid', version } = recipe;
  const linesOf = async (file: string): Promise<string[]> => {
    const lines = withoutComments(await readFile(join(folder, file), 'utf8'));
    return version ? lines.map((line) => line.replaceAll(version.ofRecipe, version.wanted)) : lines;
  };
  const packages = await linesOf('packages.txt');
  const instructions = await linesOf('image.txt');
  const bootstrap = [
    '--mode=root',
    '--variant=essential',
    `--include=${packages.join(',')}`,
    ...(await aptAcquireOptions(signal)).map((line) => `--aptopt=${line}`),
    ...leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
    '--dpkgopt=force-unsafe-io',
    // Java's installation links its manual pages into this folder and fails without it.
    '--essential-hook=mkdir -p "$1/usr/share/man/man1"',
    '--customize-hook=install -D -m 0755 "$RECIPE/entrypoint.sh" "$1/usr/local/bin/docker-entrypoint.sh"',
    '--customize-hook=if [ -e "$RECIPE/host.sh" ]; then "$RECIPE/host.sh" "$1" >&2; fi',
    '--customize-hook=install -m 0755 "$RECIPE/setup.sh" "$1/setup.sh" && chroot "$1" /setup.sh && rm "$1/setup.sh"',
    '--format=tar',
    release,
    '-',
    await debianMirror(signal),
  ];
  const label = `LABEL ${recipeLabel}=${await recipeDigest(recipe)}`;
  const changes = [...instructions, label].flatMap((instruction) => ['--change', instruction]);
  const maker = start('mmdebstrap', bootstrap, { ...process.env, RECIPE: folder }, signal);
  // Named at the very end: an import whose input is cut short succeeds, with half a file system.
  const building = `${tag}-building`;
  const importer = start('docker', ['import', ...changes, '-', building], process.env, signal);
  maker.input.end();
  importer.output.resume();
  const [imported, made, moved] = await Promise.allSettled([importer.done, maker.done, pipeline(maker.output, importer.input)]);
  // When the import fails, the maker fails because of it; when the maker fails, the import may succeed on what it got.
  const failed = [imported, made, moved].find((result) => result.status === 'rejected');
  if (failed === undefined) await runOrFail('Naming the image', 'docker', ['tag', building, tag], { signal });
  await runCommand('docker', ['rmi', building]);
  if (failed !== undefined) throw failed.reason;
}

function withoutComments(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal | undefined) {
  // A process group of its own: mmdebstrap hangs up its whole group when its tar cannot be written, and that must not be ours.
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const cancel = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
  };
  signal?.addEventListener('abort', cancel, { once: true });
  let lastOutput = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastOutput = (lastOutput + text).slice(-4000);
  });
  const done = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => {
      signal?.removeEventListener('abort', cancel);
      if (exitCode === 0) return resolve();
      if (signal?.aborted) return reject(new DynDataError('CANCELLED', 'Cancelled while building a stand-in image.'));
      const details = lastOutput.trim().split('\n').slice(-20);
      reject(
        new DynDataError('ENGINE_FAILED', `Building a stand-in image failed: ${command} ended with ${exitCode ?? 'a signal'}.`, {
          details,
        }),
      );
    });
  });
  return { done, output: child.stdout, input: child.stdin };
}
