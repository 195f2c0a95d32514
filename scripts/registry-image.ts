import { join } from 'node:path';
import { toolVersion } from '../core/version.ts';
import { ensureImages } from './images.ts';
import { projectFolder } from './project-paths.ts';
import { runCommand, runOrFail } from './run-command.ts';

// `npm run image`: the registry's image, also where no image registry gives the base that registry/Dockerfile names.

const registryImage = 'dyn-data/registry';

export type RegistryImageOptions = {
  readonly tag?: string;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
};

/** Builds the registry's image from this folder and returns its name. Docker's cache makes a second time short. */
export async function buildRegistryImage({ tag = registryImage, log, signal }: RegistryImageOptions): Promise<string> {
  const { NODE_IMAGE = '' } = await ensureImages({ names: ['node'], log, signal });
  const revision = (await runCommand('git', ['rev-parse', 'HEAD'], { cwd: projectFolder, signal })).stdout.trim();
  const args = { NODE_IMAGE, VERSION: toolVersion, REVISION: revision };
  const buildArgs = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  log(`Building ${tag} from ${NODE_IMAGE} ...`);
  const file = join(projectFolder, 'registry', 'Dockerfile');
  await runOrFail(`Building ${tag}`, 'docker', ['build', '--file', file, ...buildArgs, '--tag', tag, projectFolder], { signal });
  return tag;
}

if (import.meta.main) await buildRegistryImage({ log: (line) => process.stderr.write(`${line}\n`) });
