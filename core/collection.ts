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

/** What one run of the collector found and did. Counts only. */
export const collectionSchema = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  state: z.enum(['running', 'succeeded', 'failed']),
  dryRun: z.boolean(),
  startedAt: z.string(),
  endedAt: z.optional(z.string()),
  graceMs: z.int(),
  step: z.optional(z.enum(['mark', 'look', 'sweep'])),
  manifests: z.int(),
  kinds: z.partialRecord(z.enum(collectedKinds), ofKind),
  /** From when on the next run removes what waits now; absent where nothing waits. */
  removableAt: z.optional(z.string()),
  error: z.optional(z.strictObject({ code: z.string(), detail: z.string() })),
});
export type Collection = z.infer<typeof collectionSchema>;

export type CollectionCounts = Pick<Collection, 'manifests' | 'kinds' | 'removableAt' | 'step'>;

/** Runs the collector once. `onProgress` gets the counts so far, now and then. */
export type Collect = (
  request: { readonly dryRun: boolean; readonly runId: string },
  hooks: { readonly onProgress: (counts: CollectionCounts) => void; readonly signal?: AbortSignal },
) => Promise<CollectionCounts>;
