import { type WatchKind, watchKinds } from '../../anonymizers/index.ts';

/**
 * Real values on their way to the scan's thread, one after the other: a byte for the kind, a length in four bytes (little endian) and as
 * many bytes.
 */
export type ValueBatch = {
  /** False where the value has no room; a batch that is empty takes any. */
  add(kind: WatchKind, from: Uint8Array, start: number, end: number): boolean;
  /** What was added; the batch is empty afterwards and takes its memory from `next`. */
  take(next: Uint8Array<ArrayBuffer> | undefined): { readonly bytes: Uint8Array<ArrayBuffer>; readonly length: number };
  readonly isEmpty: boolean;
};

const batchBytes = 256 * 1024;
const headBytes = 5;
const numberOf = new Map(watchKinds.map((kind, index) => [kind, index]));

export function createValueBatch(): ValueBatch {
  let bytes = new Uint8Array(batchBytes);
  let length = 0;

  return {
    add(kind, from, start, end) {
      const needed = headBytes + end - start;
      if (length + needed > bytes.length) {
        if (length > 0) return false;
        bytes = new Uint8Array(needed);
      }
      bytes[length] = numberOf.get(kind) as number;
      for (let at = 0; at < 4; at += 1) bytes[length + 1 + at] = (end - start) >>> (8 * at);
      const to = length + headBytes;
      // Most values are short, and a call of `set` costs more than a few bytes.
      if (end - start > 32) bytes.set(from.subarray(start, end), to);
      else for (let at = start; at < end; at += 1) bytes[to - start + at] = from[at] as number;
      length += needed;
      return true;
    },
    take(next) {
      const taken = { bytes, length };
      bytes = next ?? new Uint8Array(batchBytes);
      length = 0;
      return taken;
    },
    get isEmpty() {
      return length === 0;
    },
  };
}

/** Reads a batch: each value is `bytes[start, end)`. */
export function readValues(
  bytes: Uint8Array,
  length: number,
  each: (kind: WatchKind, bytes: Uint8Array, start: number, end: number) => void,
): void {
  let at = 0;
  while (at < length) {
    const kind = watchKinds[bytes[at] as number] as WatchKind;
    let valueLength = 0;
    for (let digit = 3; digit >= 0; digit -= 1) valueLength = valueLength * 256 + (bytes[at + 1 + digit] as number);
    const start = at + headBytes;
    at = start + valueLength;
    each(kind, bytes, start, at);
  }
}
