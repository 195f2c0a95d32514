import { type BlobInfo, type BlobStore, type ContentDigest, createContentHash, isDigest, notItsDigest } from '../core/index.ts';

/** Bytes of a known length. `read` is called once, and twice where the digest is not by SHA-256. */
export type ProvenSource = { readonly sizeBytes: number; read(): AsyncIterable<Uint8Array> };

/**
 * Stores bytes whose sender says what their digest is. They are read to their end and compared with it in any case, also where that blob
 * is stored already or comes to be meanwhile: else one who knows a digest would get the blob without having it.
 * @throws DynDataError DIGEST_MISMATCH, as the blob store does; what the source throws passes through.
 */
export async function storeProven(blobs: BlobStore, digest: ContentDigest, source: ProvenSource, signal?: AbortSignal): Promise<BlobInfo> {
  const passing = hashedInPassing(source.read(), digest);
  if (!isDigest(digest)) {
    const blob = await passing.finish();
    await blobs.write(blob, source.read(), signal);
    return blob;
  }
  if (!(await blobs.stat(digest, signal))) await blobs.write({ digest, sizeBytes: source.sizeBytes }, passing.bytes(), signal);
  return passing.finish();
}

function hashedInPassing(bytes: AsyncIterable<Uint8Array>, digest: ContentDigest) {
  const iterator = bytes[Symbol.asyncIterator]();
  const hash = createContentHash(digest);
  let isAtEnd = false;
  async function* rest(): AsyncGenerator<Uint8Array> {
    while (!isAtEnd) {
      const next = await iterator.next();
      if (next.done) isAtEnd = true;
      else {
        hash.update(next.value);
        yield next.value;
      }
    }
  }
  return {
    bytes: rest,
    /** Reads what nobody has taken. */
    async finish(): Promise<BlobInfo> {
      for await (const piece of rest()) void piece;
      if (hash.sameAlgorithm() !== digest) throw notItsDigest('The blob', digest);
      return { digest: hash.sha256(), sizeBytes: hash.sizeBytes };
    },
  };
}
