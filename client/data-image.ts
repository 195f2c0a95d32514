import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../core/digest.ts';
import { DynDataError } from '../core/errors.ts';
import { type Descriptor, imageLabels } from '../core/image.ts';
import type { Context } from './context.ts';
import { type Engine, engineFailed, type Image } from './engine.ts';
import { formatBar, formatBytes, shortDigest } from './format.ts';
import { type ImageReader, openImage } from './image-reader.ts';
import { type Project, readIfThere, writeState } from './project.ts';
import { type RegistryApi, snapshotUnknown } from './registry-api.ts';
import type { Choice } from './snapshot-choice.ts';

/** Manifest of the snapshot that was opened last, in the project's state. */
const keptManifest = 'manifest.json';

/** The engine itself goes on within a layer when its connection breaks, for a while; this is for when it gave up. */
const pullAgainAfterMs = [1_000, 4_000, 15_000];

/** Value of the label of helper containers: this project's folder on this machine, and its name where it has one of its own. */
export function helperOwner(context: Context, { folder, ownName }: Project): string {
  return [context.process.host, folder, ...(ownName === undefined ? [] : [ownName])].join(':');
}

/**
 * Has the engine pull the data image by digest, so that it verifies every byte. Layers that it has already are not transferred. What fails
 * is tried again a few times: the engine does not say whether it was the network.
 * @returns what the image has in all, and how much of its layers the engine did not have
 * @throws DynDataError SNAPSHOT_UNKNOWN, REGISTRY_UNREACHABLE, ENGINE_UNAVAILABLE, ENGINE_FAILED, DISK_FULL
 */
export async function pullDataImage(options: {
  readonly context: Context;
  readonly engine: Engine;
  readonly api: RegistryApi;
  readonly choice: Omit<Choice, 'from'>;
}): Promise<{ sizeBytes: number; transferredBytes: number }> {
  const { context, engine, api, choice } = options;
  const { output } = context;
  const { layers, config } = await api.imageManifest(choice.repository, choice.digest);
  const sizeBytes = layers.reduce((sum, layer) => sum + layer.size, config.size);
  output.note(`Pulling ${choice.reference} (${shortDigest(choice.digest)}, ${layers.length} layers, ${formatBytes(sizeBytes)})`);
  const transferred = new Set<string>();
  for (let attempt = 0; ; attempt += 1) {
    let done = 0;
    const { pulled, details } = await engine.pull(choice.image, (line) => {
      const [, layer = '', what] = /^([0-9a-f]{12}): (Download complete|Pull complete|Already exists)/.exec(line) ?? [];
      if (what === 'Download complete') transferred.add(layer);
      else if (what !== undefined) done += 1;
      output.live('pull', `  ${formatBar(done, layers.length)}  ${done} of ${layers.length} layers`);
    });
    output.live('pull', undefined);
    if (pulled) return { sizeBytes, transferredBytes: transferredOf(layers, transferred) };
    const pauseMs = pullAgainAfterMs[attempt];
    const failure = await pullFailure(api, choice, details);
    if (pauseMs === undefined || !failure.retryable) {
      if (failure.code === 'ENGINE_FAILED') await engine.requireAvailable();
      throw failure;
    }
    output.note(
      `The pull was interrupted: ${details.at(-1) ?? failure.message} Trying again in ${pauseMs / 1_000} s (${attempt + 1} of ${pullAgainAfterMs.length}).`,
    );
    await sleep(pauseMs, undefined, { signal: context.signal });
  }
}

/** @param ids as the engine names layers: the first digits of their digests */
function transferredOf(layers: readonly Descriptor[], ids: ReadonlySet<string>): number {
  const came = layers.filter(({ digest }) => ids.has(digest.slice('sha256:'.length, 'sha256:'.length + 12)));
  return came.reduce((sum, { size }) => sum + size, 0);
}

/** What the engine says of the chosen image, which is pulled where it is not there. @throws as pullDataImage */
export async function requireDataImage(
  options: Parameters<typeof pullDataImage>[0],
): Promise<{ image: Image | undefined; pullMs: number }> {
  const { context, engine, choice } = options;
  const present = await engine.image(choice.image);
  if (present) return { image: present, pullMs: 0 };
  const startedMs = context.now().getTime();
  await pullDataImage(options);
  return { image: await engine.image(choice.image), pullMs: context.now().getTime() - startedMs };
}

/** The engine's words are no code to decide by: asking again tells a snapshot that is gone from a registry that is, and from an engine that cannot. */
async function pullFailure(
  api: RegistryApi,
  { repository, digest, image }: Omit<Choice, 'from'>,
  details: readonly string[],
): Promise<DynDataError> {
  try {
    return (await api.resolve(repository, { digest })) === undefined
      ? snapshotUnknown(repository, digest)
      : engineFailed(`docker pull ${image}`, details);
  } catch (error) {
    if (error instanceof DynDataError) return error;
    throw error;
  }
}

/**
 * The image's files, after checking that the image is the chosen one and its label and manifest belong together. The manifest is kept in the
 * project's state, since reading a file out of an image takes a container; the digest in the label says whether it is this image's. The caller
 * disposes the reader.
 * @param options.image what the engine says of the chosen image
 * @throws DynDataError DIGEST_MISMATCH, ENGINE_FAILED, MANIFEST_INVALID, DISK_FULL, ACCESS_DENIED
 */
export async function openDataImage(options: {
  readonly context: Context;
  readonly project: Project;
  readonly choice: Omit<Choice, 'from'>;
  readonly image: Image | undefined;
}): Promise<ImageReader> {
  const { context, project, choice, image } = options;
  if (!image?.repoDigests.some((name) => name.endsWith(`@${choice.digest}`)))
    throw notThatImage(choice, 'the engine has it under another digest');
  const label = image.labels[imageLabels.manifestDigest];
  const kept = Buffer.from((await readIfThere(join(project.stateFolder, keptManifest))) ?? '');
  const isKept = digestOf(kept) === label;
  const reader = await openImage(context.processes, choice.image, helperOwner(context, project), isKept ? kept : undefined);
  if (label === reader.manifestDigest) {
    try {
      if (!isKept) await writeState(project, keptManifest, reader.manifestBytes);
      return reader;
    } catch (error) {
      await reader[Symbol.asyncDispose]();
      throw error;
    }
  }
  await reader[Symbol.asyncDispose]();
  throw notThatImage(
    choice,
    label === undefined ? `it has no label ${imageLabels.manifestDigest}` : 'its manifest is not the one that its label names',
  );
}

function notThatImage(choice: Omit<Choice, 'from'>, why: string): DynDataError {
  return new DynDataError(
    'DIGEST_MISMATCH',
    `The image ${choice.image} is not a whole snapshot of dyn-data: ${why}. Remove it (docker image rm ${choice.image}), see that the reference is right, and pull it again.`,
  );
}
