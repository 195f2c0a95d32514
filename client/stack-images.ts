import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { DynDataError } from '../core/errors.ts';
import type { Stack, StackService } from './compose.ts';
import type { Context } from './context.ts';
import { type Engine, engineFailed } from './engine.ts';

export type StackImage = { readonly image: string; readonly digest: Digest };

/**
 * The image of each service and its digest, services sorted. The digest is the registry's where the image came from one; an image that was
 * built on this machine has only its own id. What the engine does not have is pulled, so that what is looked at is what starts.
 * @throws DynDataError STACK_INVALID for an image that is not built yet, ENGINE_FAILED where a pull fails
 */
export async function findStackImages(
  { output }: Pick<Context, 'output'>,
  engine: Engine,
  stack: Stack,
): Promise<Readonly<Record<string, StackImage>>> {
  const found: [string, StackImage][] = [];
  for (const service of [...stack.services.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    found.push([service.name, { image: service.image, digest: await digestOfImage({ output }, engine, service) }]);
  }
  return Object.fromEntries(found);
}

async function digestOfImage({ output }: Pick<Context, 'output'>, engine: Engine, service: StackService): Promise<Digest> {
  const { image } = service;
  const at = image.slice(image.indexOf('@') + 1);
  if (image.includes('@') && isDigest(at)) return at;
  let local = await engine.image(image);
  if (!local && service.isBuilt) {
    throw new DynDataError(
      'STACK_INVALID',
      `The image ${image} of the service ${service.name} is not built yet, so it has no digest. Build it (docker compose build ${service.name}) and try again.`,
    );
  }
  if (!local) {
    output.note(`Pulling ${image} of the service ${service.name}, to know its digest`);
    const { pulled, details } = await engine.pull(image, () => undefined);
    local = await engine.image(image);
    if (!pulled || !local) throw engineFailed(`docker pull ${image}`, details);
  }
  const digest = fromRegistry(image, local.repoDigests) ?? local.id;
  if (isDigest(digest)) return digest;
  throw engineFailed(`Looking for the digest of ${image}`, [`docker image inspect says ${digest}`]);
}

/** The digest that the registry knows the image by: under the very name that the stack gives it, else under the first. */
export function fromRegistry(image: string, repoDigests: readonly string[]): string | undefined {
  const name = image.replace(/:[^:/]*$/, '');
  const sorted = [...repoDigests].sort();
  return (sorted.find((one) => one.startsWith(`${name}@`)) ?? sorted[0])?.split('@')[1];
}
