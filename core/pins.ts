import * as z from 'zod/mini';
import { type Digest, digestPattern } from './digest.ts';

const digest = z.string().check(z.regex(digestPattern)) as unknown as z.ZodMiniType<Digest>;
const time = z.iso.datetime();
/** Printed to terminals and logs: one line. */
const line = z.string().check(z.regex(/^[^\p{Cc}]{1,500}$/u, 'one line of 1 to 500 characters expected'));

/** Why a snapshot is held back from removal, and until when. */
export const createPinSchema = z.strictObject({
  why: line,
  /** RFC 3339, UTC; for ever where it is left out. */
  until: z.optional(time),
});
export type CreatePin = z.infer<typeof createPinSchema>;

export const pinSchema = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  repository: z.string(),
  digest,
  ...createPinSchema.shape,
  /** The name of the token that pinned it. */
  by: z.string(),
  createdAt: time,
});
export type Pin = z.infer<typeof pinSchema>;

/** A pin whose time is over holds nothing, and is still there to be read. */
export function isInForce(pin: Pick<Pin, 'until'>, now: Date): boolean {
  return pin.until === undefined || Date.parse(pin.until) > now.getTime();
}

/**
 * Pins of snapshots. Contract (test/storage/collector/): a pin that `put` has acknowledged keeps its snapshot from every removal that
 * was not finished before; ids are unique in a repository; lists are in ascending order of digest and id.
 * @throws DynDataError as the object store does, and SNAPSHOT_UNKNOWN.
 */
export type Pins = {
  put(pin: Pin, signal?: AbortSignal): Promise<void>;
  list(
    repository: string,
    options?: { readonly digest?: Digest; readonly after?: string; readonly signal?: AbortSignal },
  ): AsyncIterable<Pin>;
  get(repository: string, digest: Digest, id: string, signal?: AbortSignal): Promise<Pin | undefined>;
  has(repository: string, digest: Digest, id: string, signal?: AbortSignal): Promise<boolean>;
  /** False where there was none. */
  remove(repository: string, digest: Digest, id: string, signal?: AbortSignal): Promise<boolean>;
};
