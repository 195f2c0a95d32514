import { join } from 'node:path';
import * as z from 'zod/mini';
import { type Digest, digestPattern } from '../core/digest.ts';
import { parseYaml } from '../core/documents.ts';
import { DynDataError } from '../core/errors.ts';
import { isRepository } from '../core/names.ts';
import { formatReference, parseReference, type Reference } from '../core/references.ts';
import { lockedReference, readLockfile } from './lockfile.ts';
import { type Project, readIfThere, writeState } from './project.ts';
import type { RegistryApi } from './registry-api.ts';

const pulledName = 'pulled.json';

const digest = z.string().check(z.regex(digestPattern, 'a digest expected')) as unknown as z.ZodMiniType<Digest>;
const repository = z.string().check(z.refine(isRepository, 'a repository name expected'));
const pulledSchema = z.strictObject({
  version: z.literal(1),
  /** As the user asked for it. */
  reference: z.string(),
  repository,
  digest,
  /** Name under which the engine has it. */
  image: z.string(),
});

/** `.dyn-data/pulled.json`: what `dyn-data pull` fetched last. */
export type Pulled = z.infer<typeof pulledSchema>;

/** One snapshot, by digest, and how it is named to people. */
export type Choice = {
  readonly repository: string;
  readonly digest: Digest;
  readonly reference: string;
  /** Name of the data image. */
  readonly image: string;
  /** What decided. */
  readonly from: 'argument' | 'lock' | 'pulled' | 'config';
};

export async function readPulled(project: Project): Promise<Pulled | undefined> {
  const path = join(project.stateFolder, pulledName);
  const text = await readIfThere(path);
  return text === undefined ? undefined : parseYaml(pulledSchema, text, path);
}

export async function writePulled(project: Project, pulled: Pulled): Promise<void> {
  await writeState(project, pulledName, `${JSON.stringify(pulled, undefined, 2)}\n`);
}

/**
 * The snapshot that `up` takes: the argument, else dyn-data.lock, else the last pull, else `snapshot` in dyn-data.yaml.
 * @throws DynDataError USAGE where nothing says one, TAG_UNKNOWN, REFERENCE_INVALID, REGISTRY_UNREACHABLE
 */
export async function chooseSnapshot(project: Project, api: RegistryApi, argument: string | undefined): Promise<Choice> {
  const pulled = await readPulled(project);
  if (argument !== undefined) return resolveOrPulled(project, api, argument, pulled);
  const lock = await readLockfile(project);
  if (lock) {
    return { ...named(project, lock.repository, lock.digest), reference: lockedReference(lock), from: 'lock' };
  }
  if (pulled) return { ...pulled, from: 'pulled' };
  if (project.config.snapshot !== undefined) return { ...(await resolveReference(project, api, project.config.snapshot)), from: 'config' };
  throw new DynDataError(
    'USAGE',
    'No snapshot is chosen. Run `dyn-data ls` to see what there is, then `dyn-data pull TAG && dyn-data up`, or write `snapshot: TAG` in dyn-data.yaml.',
  );
}

/**
 * The snapshot that `pull` without an argument fetches: what the lockfile pins, else what the last pull's name, or `snapshot` in dyn-data.yaml,
 * stands for now.
 * @throws DynDataError as {@link chooseSnapshot}
 */
export async function chooseToPull(project: Project, api: RegistryApi): Promise<Choice> {
  if (await readLockfile(project)) return chooseSnapshot(project, api, undefined);
  const pulled = await readPulled(project);
  return pulled ? { ...(await resolveReference(project, api, pulled.reference)), from: 'pulled' } : chooseSnapshot(project, api, undefined);
}

/** What a service says that it holds, as a choice; lockfile and last pull know which repository that digest is of. */
export async function chooseHeld(
  project: Project,
  held: { readonly digest: Digest; readonly reference: string },
): Promise<Omit<Choice, 'from'>> {
  const known = [await readLockfile(project), await readPulled(project)].find((one) => one?.digest === held.digest);
  const inRepository = known?.repository ?? parseReference(held.reference).repository ?? project.config.repository;
  return { ...named(project, inRepository, held.digest), reference: held.reference };
}

/** What a reference stands for now. @throws DynDataError TAG_UNKNOWN naming the tags that exist. */
export async function resolveReference(project: Project, api: RegistryApi, text: string): Promise<Omit<Choice, 'from'>> {
  const reference = parseReference(text);
  const inRepository = reference.repository ?? project.config.repository;
  if ('digest' in reference) return { ...named(project, inRepository, reference.digest), reference: formatReference(reference) };
  const found = await api.resolve(inRepository, reference);
  if (found === undefined) throw await tagUnknown(api, inRepository, reference);
  return { ...named(project, inRepository, found), reference: formatReference(reference) };
}

/** Without the registry, what was pulled under this very name is still good. */
async function resolveOrPulled(project: Project, api: RegistryApi, text: string, pulled: Pulled | undefined): Promise<Choice> {
  try {
    return { ...(await resolveReference(project, api, text)), from: 'argument' };
  } catch (error) {
    const isAway = error instanceof DynDataError && error.code === 'REGISTRY_UNREACHABLE';
    if (isAway && pulled?.reference === text) return { ...pulled, from: 'pulled' };
    throw error;
  }
}

function named(project: Project, inRepository: string, ofDigest: Digest): Pick<Choice, 'repository' | 'digest' | 'image'> {
  return { repository: inRepository, digest: ofDigest, image: `${project.registryHost}/${inRepository}@${ofDigest}` };
}

const shownTags = 20;

async function tagUnknown(api: RegistryApi, inRepository: string, reference: Reference): Promise<DynDataError> {
  const tags: string[] = [];
  try {
    for await (const tag of api.tags(inRepository)) tags.push(tag);
  } catch {
    // The list only helps the reader; that the tag does not exist is known.
  }
  const wanted = 'tag' in reference ? reference.tag : '';
  const next =
    tags.length === 0
      ? 'It has no tags yet: take a snapshot with `dyn-data snapshot create ENVIRONMENT --tag TAG`, or correct `repository` in dyn-data.yaml.'
      : 'Take one of the tags below; `dyn-data ls` tells more about them.';
  const more = tags.length > shownTags ? [`and ${tags.length - shownTags} more`] : [];
  return new DynDataError('TAG_UNKNOWN', `The repository ${inRepository} has no tag "${wanted}". ${next}`, {
    details: [...tags.slice(-shownTags), ...more],
  });
}
