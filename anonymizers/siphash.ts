import { messageAt, mostBytes, resultAt, siphash } from './siphash-wasm.ts';

/**
 * SipHash-2-4 with its 128-bit output (Aumasson and Bernstein) under one key: a pseudorandom function of short values that costs a small
 * fraction of a microsecond. Nothing is allocated.
 */
export type Prf = {
  /** Writes the 16 bytes of the tag of `message[0, lengthBytes)` into `into` as four words, the first byte lowest. */
  (message: Uint8Array, lengthBytes: number, into: Uint32Array): void;
  /** The same of a tag and a number, as five words. */
  counted(tag: Uint32Array, number: number, into: Uint32Array): void;
};

const memory = new Uint8Array(siphash.memory.buffer);
const counted = new Uint32Array(siphash.memory.buffer, messageAt, 5);
const result = new Uint32Array(siphash.memory.buffer, resultAt, 4);

/** The key as four words. @throws RangeError for a key that has not 16 bytes */
export function keyWords(key: Uint8Array): readonly [number, number, number, number] {
  if (key.length !== 16) throw new RangeError('SipHash needs a key of 16 bytes');
  const view = new DataView(key.buffer, key.byteOffset, 16);
  return [view.getInt32(0, true), view.getInt32(4, true), view.getInt32(8, true), view.getInt32(12, true)];
}

function copyWords(from: Uint32Array, into: Uint32Array): void {
  into[0] = from[0] as number;
  into[1] = from[1] as number;
  into[2] = from[2] as number;
  into[3] = from[3] as number;
}

/** @param key 16 bytes. @throws RangeError for any other length. */
export function createSipHash(key: Uint8Array): Prf {
  const [k0Low, k0High, k1Low, k1High] = keyWords(key);
  const ofMessage = (message: Uint8Array, lengthBytes: number, into: Uint32Array): void => {
    if (lengthBytes <= mostBytes) {
      // A loop: for values of a few bytes, set() costs several times as much.
      if (lengthBytes < 64) for (let at = 0; at < lengthBytes; at++) memory[messageAt + at] = message[at] as number;
      else memory.set(message.subarray(0, lengthBytes), messageAt);
      siphash.hash(k0Low, k0High, k1Low, k1High, lengthBytes);
    } else {
      siphash.begin(k0Low, k0High, k1Low, k1High);
      let from = 0;
      for (; lengthBytes - from > mostBytes; from += mostBytes) {
        memory.set(message.subarray(from, from + mostBytes), messageAt);
        siphash.more(mostBytes);
      }
      const rest = lengthBytes - from;
      memory.set(message.subarray(from, lengthBytes), messageAt);
      siphash.more(rest - (rest % 8));
      siphash.end(messageAt + rest - (rest % 8), lengthBytes);
    }
    copyWords(result, into);
  };
  const ofCounted: Prf['counted'] = (tag, number, into) => {
    copyWords(tag, counted);
    counted[4] = number;
    siphash.hash(k0Low, k0High, k1Low, k1High, counted.byteLength);
    copyWords(result, into);
  };
  return Object.assign(ofMessage, { counted: ofCounted });
}
