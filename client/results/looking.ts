import * as z from 'zod/mini';
import { snapshotViewSchema } from '../../core/contract.ts';
import { manifestSchema, provenanceSchema } from '../../core/manifest.ts';
import { pinSchema } from '../../core/pins.ts';

// What the commands that look at snapshots print with --json.

const version = z.literal(1);
const text = z.string();
const count = z.int();
const source = manifestSchema.shape.sources._zod.def.element.shape;

export const lsResult = z.strictObject({
  version,
  repository: text,
  snapshots: z.array(z.strictObject({ ...snapshotViewSchema.shape, pins: count, locked: z.boolean() })),
});

export const showResult = z.strictObject({
  version,
  reference: text,
  repository: text,
  digest: text,
  manifestDigest: text,
  tags: z.array(text),
  pins: z.array(pinSchema),
  locked: z.boolean(),
  environment: text,
  sizeBytes: count,
  layers: count,
  rows: count,
  tool: manifestSchema.shape.tool,
  policy: manifestSchema.shape.policy,
  key: manifestSchema.shape.key,
  leakScan: z.nullable(manifestSchema.shape.leakScan._zod.def.innerType),
  provenance: z.nullable(provenanceSchema),
  sources: z.array(
    z.strictObject({
      name: text,
      kind: source.kind,
      server: source.server,
      consistency: source.consistency,
      databases: z.array(text),
      rows: count,
      sizeBytes: count,
      files: source.before,
      tables: z.array(
        z.strictObject({
          schema: text,
          name: text,
          rows: count,
          sizeBytes: count,
          storedBytes: count,
          chunks: count,
          columns: z.optional(z.array(text)),
        }),
      ),
    }),
  ),
});

const change = <T extends z.ZodMiniType>(of: T) => z.strictObject({ before: of, after: of });
const names = { added: z.array(text), removed: z.array(text) };
const chunks = z.strictObject({
  shared: count,
  added: count,
  addedBytes: count,
  addedStoredBytes: count,
  removed: count,
  removedBytes: count,
});
const side = z.strictObject({ reference: text, repository: text, digest: text });

export const diffResult = z.strictObject({
  version,
  before: side,
  after: side,
  environment: change(text),
  tool: change(text),
  policy: z.strictObject({ before: text, after: text, exemptions: z.strictObject(names) }),
  key: change(text),
  rows: change(count),
  sizeBytes: change(count),
  chunks,
  sources: z.array(
    z.strictObject({
      name: text,
      change: z.enum(['added', 'removed', 'changed', 'same']),
      kind: text,
      server: change(text),
      databases: z.strictObject(names),
      files: z.strictObject({ ...names, changed: z.array(text) }),
      tables: z.array(
        z.strictObject({
          schema: text,
          name: text,
          change: z.enum(['added', 'removed', 'changed']),
          rows: change(count),
          sizeBytes: change(count),
          columns: z.optional(z.strictObject(names)),
          chunks,
        }),
      ),
      sameTables: count,
    }),
  ),
  transfer: z.strictObject({ layers: count, allLayers: count, sizeBytes: count }),
});
