import { type WatchKind, watchKinds } from '../../anonymizers/index.ts';

/**
 * Real values on their way to the scan's thread, one after the other: a byte for the kind, then twice a length in four bytes (little endian)
 * and as many bytes: the value, and what stands for it in the output where that is asked for (a length of `absent` where not).
 */
export type ValueBatch = {
  /** False where the value has no room; a batch that is empty takes any. */
  add(kind: WatchKind, value: Uint8Array, pseudonym: Uint8Array | null): boolean;
  /** What was added; the batch is empty afterwards and takes its memory from `next`. */
  take(next: Uint8Array<ArrayBuffer> | undefined): { readonly bytes: Uint8Array<ArrayBuffer>; readonly length: number };
  readonly isEmpty: boolean;
};

const batchBytes = 256 * 1024;
const absent = 0xffff_ffff;
const headBytes = 9;
const numberOf = new Map(watchKinds.map((kind, index) => [kind, index]));

export function createValueBatch(): ValueBatch {
  let bytes = new Uint8Array(batchBytes);
  let length = 0;

  const putLength = (value: number): void => {
    bytes[length] = value & 0xff;
    bytes[length + 1] = (value >>> 8) & 0xff;
    bytes[length + 2] = (value >>> 16) & 0xff;
    bytes[length + 3] = value >>> 24;
    length += 4;
  };
  const put = (value: Uint8Array): void => {
    putLength(value.length);
    // Most values are short, and a call of `set` costs more than a few bytes.
    if (value.length > 32) bytes.set(value, length);
    else for (let at = 0; at < value.length; at += 1) bytes[length + at] = value[at] as number;
    length += value.length;
  };

  return {
    add(kind, value, pseudonym) {
      const needed = headBytes + value.length + (pseudonym?.length ?? 0);
      if (length + needed > bytes.length) {
        if (length > 0) return false;
        bytes = new Uint8Array(needed);
      }
      bytes[length] = numberOf.get(kind) as number;
      length += 1;
      put(value);
      if (pseudonym) put(pseudonym);
      else putLength(absent);
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

/** Reads a batch; what is handed over is valid until the next one. */
export function readValues(
  bytes: Uint8Array,
  length: number,
  each: (kind: WatchKind, value: Uint8Array, pseudonym: Uint8Array | null) => void,
): void {
  let at = 0;
  const lengthAt = (): number => {
    const value =
      ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>>
      0;
    at += 4;
    return value;
  };
  while (at < length) {
    const kind = watchKinds[bytes[at] as number] as WatchKind;
    at += 1;
    const valueEnd = lengthAt() + at;
    const value = bytes.subarray(at, valueEnd);
    at = valueEnd;
    const pseudonymLength = lengthAt();
    const pseudonym = pseudonymLength === absent ? null : bytes.subarray(at, at + pseudonymLength);
    if (pseudonym) at += pseudonymLength;
    each(kind, value, pseudonym);
  }
}
