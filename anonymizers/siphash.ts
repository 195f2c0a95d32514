import { messageAt, mostBytes, resultAt, siphash } from './siphash-wasm.ts';

/**
 * SipHash-2-4 with its 128-bit output (Aumasson and Bernstein) under one key: a pseudorandom function of short values that costs a small
 * fraction of a microsecond.
 * Writes the 16 bytes of the tag of `message[0, lengthBytes)` into `into` as four words, the first byte lowest. Nothing is allocated.
 */
export type Prf = (message: Uint8Array, lengthBytes: number, into: Uint32Array) => void;

const memory = new Uint8Array(siphash.memory.buffer);
const result = new Uint32Array(siphash.memory.buffer, resultAt, 4);

/** The key as four words. @throws RangeError for a key that has not 16 bytes */
export function keyWords(key: Uint8Array): readonly [number, number, number, number] {
  if (key.length !== 16) throw new RangeError('SipHash needs a key of 16 bytes');
  const view = new DataView(key.buffer, key.byteOffset, 16);
  return [view.getInt32(0, true), view.getInt32(4, true), view.getInt32(8, true), view.getInt32(12, true)];
}

/** @param key 16 bytes. @throws RangeError for any other length. */
export function createSipHash(key: Uint8Array): Prf {
  const [k0Low, k0High, k1Low, k1High] = keyWords(key);
  return (message, lengthBytes, into) => {
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
    into[0] = result[0] as number;
    into[1] = result[1] as number;
    into[2] = result[2] as number;
    into[3] = result[3] as number;
  };
}
