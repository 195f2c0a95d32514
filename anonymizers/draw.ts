import type { Prf } from './siphash.ts';

/** Any amount of keyed pseudorandom numbers that belong to one value. */
export type Draw = {
  /** Starts the numbers of the value `message[0, lengthBytes)`. */
  start(message: Uint8Array, lengthBytes: number): void;
  /** The next whole number in 0 … 2³²−1. */
  next(): number;
  /** The next whole number in 0 … bound−1; `bound` far below 2³², so that the bias does not matter. */
  below(bound: number): number;
};

/** Of two whole numbers of 32 bits, which has to be said: the remainder of any others costs half as much as a tag. */
export function remainder(number: number, bound: number): number {
  return ((number >>> 0) % (bound >>> 0)) >>> 0;
}

/** The value's tag, then counter mode under the same key: block n is the tag of (tag of the value, n). */
export function createDraw(prf: Prf): Draw {
  const tag = new Uint32Array(4);
  const block = new Uint32Array(4);
  let blocks = 0;
  let used = 4;
  const next = (): number => {
    if (used === 4) {
      blocks += 1;
      prf.counted(tag, blocks, block);
      used = 0;
    }
    return block[used++] as number;
  };
  return {
    start(value, lengthBytes) {
      prf(value, lengthBytes, tag);
      blocks = 0;
      used = 4;
    },
    next,
    below: (bound) => remainder(next(), bound),
  };
}
