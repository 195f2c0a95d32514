/** What of a stream is held in memory before it is written: an object's size must be known beforehand. */
export const pieceBytes = 4 * 1024 * 1024;

/** Bytes in memory, as they came. */
export type Held = { readonly pieces: readonly Uint8Array[]; readonly sizeBytes: number };

/** A stream in pieces of `pieceBytes`, the last one smaller; none is empty. */
export async function* piecesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Held> {
  let pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (let rest of bytes) {
    while (sizeBytes + rest.byteLength >= pieceBytes) {
      const taken = rest.subarray(0, pieceBytes - sizeBytes);
      yield { pieces: [...pieces, taken], sizeBytes: pieceBytes };
      rest = rest.subarray(taken.byteLength);
      pieces = [];
      sizeBytes = 0;
    }
    if (rest.byteLength === 0) continue;
    pieces.push(rest);
    sizeBytes += rest.byteLength;
  }
  if (sizeBytes > 0) yield { pieces, sizeBytes };
}

export async function* heldBytes({ pieces }: Held): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** The bytes that are held, then those that are still to come. */
export async function* followedBy(first: AsyncIterable<Uint8Array>, rest: AsyncIterable<Held>): AsyncGenerator<Uint8Array> {
  yield* first;
  for await (const held of rest) yield* held.pieces;
}
