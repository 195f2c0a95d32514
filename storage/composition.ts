import * as z from 'zod/mini';
import { type BlobInfo, type Digest, digestOf, digestPattern, type Segment } from '../core/index.ts';

const digest = z.string().check(z.regex(digestPattern)) as unknown as z.ZodMiniType<Digest>;
const sizeBytes = z.int().check(z.nonnegative());

export const blobInfoSchema = z.strictObject({ digest, sizeBytes });

/** How a composed blob is stored: which pieces, in which order, give its bytes. */
export const compositionSchema = z.strictObject({
  version: z.literal(1),
  sizeBytes,
  segments: z.array(z.union([z.strictObject({ base64: z.base64() }), blobInfoSchema])),
});
export type Composition = z.infer<typeof compositionSchema>;

/** Blobs are small beside their number, so neighbouring inline pieces become one and empty ones none: one spelling per composition. */
export function compositionOf(segments: readonly Segment[]): Composition {
  const written: Composition['segments'] = [];
  let inline: Uint8Array[] = [];
  const flush = (): void => {
    const bytes = Buffer.concat(inline);
    if (bytes.byteLength > 0) written.push({ base64: bytes.toString('base64') });
    inline = [];
  };
  for (const segment of segments) {
    if ('bytes' in segment) inline.push(segment.bytes);
    else if (segment.blob.sizeBytes > 0) {
      flush();
      written.push({ digest: segment.blob.digest, sizeBytes: segment.blob.sizeBytes });
    }
  }
  flush();
  return { version: 1, sizeBytes: totalBytes(written), segments: written };
}

/** The key under which a composition's result is remembered. */
export function compositionDigest(composition: Composition): Digest {
  return digestOf(JSON.stringify(composition));
}

/** The segments of a stored composition; `sizeBytes` is checked against them. */
export function segmentsOf(composition: Composition): Segment[] | undefined {
  if (totalBytes(composition.segments) !== composition.sizeBytes) return undefined;
  return composition.segments.map((segment) =>
    'base64' in segment ? { bytes: Buffer.from(segment.base64, 'base64') } : { blob: segment },
  );
}

export type Slice =
  | { readonly bytes: Uint8Array }
  | {
      readonly blob: BlobInfo /** Absent where the whole blob is wanted. */;
      readonly range?: { readonly start: number; readonly end: number };
    };

/** What of each segment lies in the half-open range [start, end) of the whole. */
export function slicesOf(segments: readonly Segment[], start: number, end: number): Slice[] {
  const slices: Slice[] = [];
  let offset = 0;
  for (const segment of segments) {
    const length = 'bytes' in segment ? segment.bytes.byteLength : segment.blob.sizeBytes;
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, length);
    offset += length;
    if (from >= to) continue;
    if ('bytes' in segment) slices.push({ bytes: segment.bytes.subarray(from, to) });
    else slices.push(from === 0 && to === length ? { blob: segment.blob } : { blob: segment.blob, range: { start: from, end: to } });
  }
  return slices;
}

function totalBytes(segments: Composition['segments']): number {
  return segments.reduce(
    (sum, segment) => sum + ('base64' in segment ? Buffer.byteLength(segment.base64, 'base64') : segment.sizeBytes),
    0,
  );
}
