import { join } from 'node:path';
import * as z from 'zod/mini';
import { type Digest, digestPattern } from '../core/digest.ts';
import { parseValue, parseYaml } from '../core/documents.ts';
import { isRepository, isTag } from '../core/names.ts';
import { type Project, readIfThere } from './project.ts';
import { writeWhole } from './writing.ts';

export const lockfileName = 'dyn-data.lock';

const digest = z.string().check(z.regex(digestPattern, 'a digest expected')) as unknown as z.ZodMiniType<Digest>;
const repository = z.string().check(z.refine(isRepository, 'a repository name expected'));
const text = z.string().check(z.regex(/^[^\p{Cc}]+$/u, 'one line of text expected'));

const versionSchema = z.looseObject({ version: z.literal([1, 2]) });
/** Written by hand, before there was `dyn-data pin`: it says nothing of the stack. */
const firstSchema = z.strictObject({
  version: z.literal(1),
  repository,
  digest,
  /** What the digest was called when it was pinned; for people. */
  tag: z.optional(z.string().check(z.refine(isTag, 'a tag expected'))),
});
const lockedStackSchema = z.strictObject({
  version: z.literal(2),
  repository,
  digest,
  /** What the snapshot was called when it was pinned; for people, and never resolved again. */
  reference: text,
  /** Digest of the policy that the data was anonymized by. */
  policy: digest,
  /** Id of the anonymization key. */
  key: text,
  /** Each service of the stack with its image and the digest of that. */
  images: z.record(text, z.strictObject({ image: text, digest })),
});

/** A lockfile that pins the whole environment: data, policy, key and the stack's images. */
export type StackLock = z.infer<typeof lockedStackSchema>;
/** `dyn-data.lock`: what a project is pinned to. */
export type Lockfile = z.infer<typeof firstSchema> | StackLock;

/** YAML is a superset of JSON; a lockfile is read as either. @throws DynDataError CONFIG_INVALID */
export function parseLockfile(source: string, fileName: string): Lockfile {
  const value = parseYaml(versionSchema, source, fileName);
  return value.version === 1
    ? parseValue(firstSchema, value, fileName, 'CONFIG_INVALID')
    : parseValue(lockedStackSchema, value, fileName, 'CONFIG_INVALID');
}

/** The same text for the same lock: keys in a fixed order, services sorted, so that a review shows what changed and nothing else. */
export function formatLockfile(lock: StackLock): string {
  const services = Object.keys(lock.images).sort();
  return [
    '# Written by `dyn-data pin`. Commit it: `dyn-data up` takes this data, and `dyn-data up --locked` refuses anything else.',
    `version: ${lock.version}`,
    `repository: ${scalar(lock.repository)}`,
    `digest: ${lock.digest}`,
    `reference: ${scalar(lock.reference)}`,
    `policy: ${lock.policy}`,
    `key: ${scalar(lock.key)}`,
    services.length === 0 ? 'images: {}' : 'images:',
    ...services.flatMap((service) => {
      const { image = '', digest: ofImage = '' } = lock.images[service] ?? {};
      return [`  ${scalar(service)}:`, `    image: ${scalar(image)}`, `    digest: ${ofImage}`];
    }),
    '',
  ].join('\n');
}

/** How a person names what a lockfile pins. */
export function lockedReference(lock: Lockfile): string {
  return lock.version === 1 ? (lock.tag ?? lock.digest) : lock.reference;
}

/** The project's lockfile; undefined where it has none. @throws DynDataError CONFIG_INVALID */
export async function readLockfile(project: Project): Promise<Lockfile | undefined> {
  const path = join(project.folder, lockfileName);
  const source = await readIfThere(path);
  return source === undefined ? undefined : parseLockfile(source, path);
}

/** @throws DynDataError DISK_FULL, ACCESS_DENIED */
export async function writeLockfile(project: Project, lock: StackLock): Promise<void> {
  await writeWhole(join(project.folder, lockfileName), formatLockfile(lock));
}

/** Plain where YAML reads it as the same text, else quoted as JSON does. */
function scalar(value: string): string {
  const isPlain =
    /^[A-Za-z][A-Za-z0-9_./@:-]*$/.test(value) && !value.endsWith(':') && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
