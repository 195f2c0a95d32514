import { type WatchKind, watchKinds } from '../../anonymizers/primitives.ts';
import { batchAt, batchBytes, createIntakeModule, filledAt, headBytes, pageAt, pageBytes, singleAt } from './value-intake-wasm.ts';

/** Receives a full batch, and gives memory for one that comes later where it has some. */
export type BatchTaker = {
  take(bytes: Uint8Array<ArrayBuffer>, length: number): void;
  /** Memory of `batchBytes` that was taken before and is free again. */
  free(): Uint8Array<ArrayBuffer> | undefined;
};

/**
 * Gathers real values into batches: one after the other, a byte for the kind, a length in four bytes (little endian) and as many bytes.
 * One that came not long ago is left out.
 */
export type ValueIntake = {
  /** The values that follow stand in these bytes, which do not change until the next page: they are then copied once for all. */
  page(bytes: Uint8Array): void;
  add(kind: WatchKind, bytes: Uint8Array, start: number, end: number): void;
  /** Hands on what there is. */
  flush(): void;
};

const numberOf = new Map(watchKinds.map((kind, index) => [kind, index]));
/** A value that is shorter than this is copied byte by byte: a call of `set` costs more. */
const fewBytes = 32;

export function createValueIntake(taker: BatchTaker): ValueIntake {
  const intake = createIntakeModule();
  const memory = new Uint8Array(intake.memory.buffer);
  const filled = new Int32Array(intake.memory.buffer, filledAt, 1);
  let page: Uint8Array | undefined;

  /** Hands on the batch as far as it is filled. */
  const handOn = (): void => {
    const length = filled[0] as number;
    if (length === 0) return;
    const bytes = taker.free() ?? new Uint8Array(batchBytes);
    bytes.set(memory.subarray(batchAt, batchAt + length));
    filled[0] = 0;
    taker.take(bytes, length);
  };

  const settle = (): void => {
    while (intake.settle() === 0) handOn();
  };
  const flush = (): void => {
    settle();
    handOn();
  };

  /** A batch of its own for a value that has no room in one. */
  const addLarge = (kind: number, value: Uint8Array): void => {
    flush();
    const bytes = new Uint8Array(headBytes + value.length);
    bytes[0] = kind;
    new DataView(bytes.buffer).setUint32(1, value.length, true);
    bytes.set(value, headBytes);
    taker.take(bytes, bytes.length);
  };

  return {
    page(bytes) {
      page = bytes.length <= pageBytes ? bytes : undefined;
      if (page) memory.set(page, pageAt);
    },
    add(kind, bytes, start, end) {
      const number = numberOf.get(kind) as number;
      const length = end - start;
      if (headBytes + length > batchBytes) {
        addLarge(number, bytes.subarray(start, end));
        return;
      }
      let at = pageAt + start;
      if (bytes !== page) {
        at = singleAt;
        if (length < fewBytes) for (let byte = 0; byte < length; byte += 1) memory[at + byte] = bytes[start + byte] as number;
        else memory.set(bytes.subarray(start, end), at);
      }
      if (intake.offer(number, at, length) === 1) return;
      settle();
      if (intake.offer(number, at, length) === 1) return;
      handOn();
      intake.offer(number, at, length);
    },
    flush,
  };
}
