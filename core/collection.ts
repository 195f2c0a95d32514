import * as z from 'zod/mini';

const amount = z.strictObject({ count: z.int(), sizeBytes: z.int() });

/** What the collector looks through. */
export const collectedKinds = ['blobs', 'layers', 'links', 'recipes', 'chunks', 'uploads', 'referrers'] as const;
export type CollectedKind = (typeof collectedKinds)[number];

const ofKind = z.strictObject({
  /** Reached by a manifest, or too young to be judged. */
  kept: amount,
  /** Unreached and old; removed by a later run if it stays so. */
  waiting: amount,
  /** Removed by this run, or, of a dry run, what it would remove. */
  removed: amount,
});
export type CollectedOfKind = z.infer<typeof ofKind>;

/** What a run of the collector has found and done up to now. Counts only. */
export const collectedSchema = z.strictObject({
  step: z.enum(['mark', 'look', 'sweep']),
  manifests: z.int(),
  kinds: z.partialRecord(z.enum(collectedKinds), ofKind),
  /** From when on the next run removes what waits now; absent where nothing waits. */
  removableAt: z.optional(z.string()),
});
export type Collected = z.infer<typeof collectedSchema>;

/** Runs the collector once. `onProgress` gets the counts so far, now and then. */
export type Collect = (
  request: { readonly dryRun: boolean },
  hooks: { readonly onProgress: (collected: Collected) => void; readonly signal?: AbortSignal },
) => Promise<Collected>;
