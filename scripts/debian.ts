import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynDataError } from '../core/errors.ts';
import { cacheFolder } from './project-paths.ts';
import { runCommand, runOrFail } from './run-command.ts';

const archiveKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Whether this machine is a Debian on which this process may install packages. */
export async function isDebianAsRoot(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID=debian$/m.test(release) && (await exists('/usr/bin/apt-get'));
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** apt waits for another one that installs, and not for one that reads the lists: two set-ups of ours wait for each other. */
const aptGet = (purpose: string, args: readonly string[], signal?: AbortSignal): Promise<string> =>
  runOrFail(purpose, 'flock', ['/var/lock/dyn-data-apt', 'apt-get', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    signal,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });

/** Installs packages of the machine's own Debian release, without recommended ones. Waits for another apt to finish. */
export async function installPackages(names: readonly string[], signal?: AbortSignal): Promise<void> {
  await aptGet('Reading the package lists', ['update'], signal);
  await aptGet('Installing packages', ['install', '-y', '--no-install-recommends', ...names], signal);
}

/**
 * Makes these commands runnable, from packages of the same names where this is a Debian that may install them.
 * @throws ENGINE_FAILED naming those that are missing elsewhere.
 */
export async function ensureCommands(names: readonly string[], log: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const missing: string[] = [];
  for (const name of names) if ((await runCommand(name, ['--version'], { signal })).exitCode === 127) missing.push(name);
  if (missing.length === 0) return;
  if (!(await isDebianAsRoot())) {
    throw new DynDataError('ENGINE_FAILED', `This machine has no ${missing.join(' and no ')}. Install them, then run this again.`);
  }
  log(`Installing ${missing.join(', ')} ...`);
  await installPackages(missing, signal);
}

/** The Debian mirror that apt on this machine already uses. */
export async function debianMirror(signal?: AbortSignal): Promise<string> {
  const format = ['indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Created-By: Packages'];
  let targets = await runOrFail('Asking apt for its mirror', 'apt-get', format, { signal });
  if (targets.trim() === '') {
    // A fresh machine has sources but no lists yet, and then apt does not name its targets by label.
    await aptGet('Reading the package lists', ['update'], signal);
    targets = await runOrFail('Asking apt for its mirror', 'apt-get', format, { signal });
  }
  // The label tells the main archive from the security archive, which lives at another address and has no sid.
  const mirror = /^Debian (\S+)$/m.exec(targets)?.[1];
  if (mirror !== undefined) return mirror;
  throw new DynDataError(
    'ENGINE_FAILED',
    'apt on this machine has no source with the Debian archive, so packages of Debian sid cannot be fetched. Add one to /etc/apt/sources.list.d and run again.',
  );
}

/** The proxy and validity settings of this machine's apt, as lines of apt configuration, for tools that do not read them themselves. */
export async function aptAcquireOptions(signal?: AbortSignal): Promise<string[]> {
  const dump = await runCommand('apt-config', ['dump', '--no-empty', '--format', '%f "%v";%n', 'Acquire'], { signal });
  return dump.stdout.split('\n').filter((line) => /^Acquire::(https?|Check|Retries)/.test(line));
}

/** {@link unpackDebianPackage} of Debian sid. */
export const unpackSidPackage = (name: string, folder: string, signal?: AbortSignal): Promise<void> =>
  unpackDebianPackage(name, folder, { release: 'sid', signal });

/**
 * Downloads one package of a Debian release and unpacks it into `folder` without installing it. apt's state for that release is private,
 * under `.cache/`: this machine's own sources and lists stay as they are.
 */
export async function unpackDebianPackage(
  name: string,
  folder: string,
  { release, signal }: { readonly release: string; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const state = join(cacheFolder, `apt-${release}`);
  await mkdir(join(state, 'lists', 'partial'), { recursive: true });
  await mkdir(join(state, 'archives', 'partial'), { recursive: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(state, 'status'), '');
  await writeFile(join(state, 'sources.list'), `deb [signed-by=${archiveKeyring}] ${await debianMirror(signal)} ${release} main\n`);
  const settings = [
    `Dir::Etc::sourcelist=${join(state, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${join(state, 'lists')}`,
    `Dir::State::status=${join(state, 'status')}`,
    `Dir::Cache=${state}`,
    // The unprivileged download user of apt cannot write into a private folder.
    'APT::Sandbox::User=root',
  ].flatMap((setting) => ['-o', setting]);
  await runOrFail(`Reading the package lists of Debian ${release}`, 'apt-get', [...settings, 'update'], { signal });
  const uris = await runOrFail(`Finding ${name} in Debian ${release}`, 'apt-get', [...settings, 'download', '--print-uris', name], {
    signal,
  });
  const fileName = /^'[^']+' (\S+)/m.exec(uris)?.[1];
  if (fileName === undefined)
    throw new DynDataError('ENGINE_FAILED', `Debian ${release} has no package ${name} for this machine's architecture.`);
  await runOrFail(`Downloading ${name} of Debian ${release}`, 'apt-get', [...settings, 'download', name], { signal, cwd: state });
  await runOrFail(`Unpacking ${name}`, 'dpkg', ['-x', join(state, fileName), folder], { signal });
}
