import { keyWords, type Prf } from './siphash.ts';
import { resultAt, siphash } from './siphash-wasm.ts';

/**
 * Permutes in place the word `digits[0, length)`, whose digit i is below `radices[i]`. Words under different tweaks (two words of 32 bits)
 * are permuted independently.
 */
export type Permute = (digits: Uint8Array, radices: Uint8Array, length: number, tweakLow: number, tweakHigh: number) => void;

/** As many as FF1 (NIST SP 800-38G) has, for the same reason: small domains need more rounds than large ones. */
const rounds = 10;
/** A half with fewer values than this is one number. */
const largestHalf = 2 ** 31;
const keyLabel = new TextEncoder().encode('permutation/1');

/**
 * A keyed permutation of words of digits: a Feistel network that adds to one half a PRF of the other. Words with the same radices stay
 * different from each other, so a unique column stays unique, and without the key the pairs tell nothing of each other.
 * A word of one digit has no other half and is only turned; nothing can hide so few values.
 */
export function createPermutation(prf: Prf): Permute {
  return eitherWay(createNumberPermutation(numberPermutationKey(prf)).permute, createLongPermutation(prf, 1));
}

/** What the permutation is undone by. */
export function createRestoration(prf: Prf): Permute {
  return eitherWay(createNumberPermutation(numberPermutationKey(prf)).restore, createLongPermutation(prf, -1));
}

function eitherWay(short: Permute, long: Permute): Permute {
  return (digits, radices, length, tweakLow, tweakHigh) => {
    const isShort = halvesFit(radices, length);
    if (isShort) short(digits, radices, length, tweakLow, tweakHigh);
    else long(digits, radices, length, tweakLow, tweakHigh);
  };
}

/** The key, 16 bytes, under which an identity's words are permuted whose halves are numbers. */
export function numberPermutationKey(prf: Prf): Uint8Array {
  const key = new Uint32Array(4);
  prf(keyLabel, keyLabel.length, key);
  return new Uint8Array(key.buffer);
}

function halvesFit(radices: Uint8Array, length: number): boolean {
  const half = (length + 1) >>> 1;
  return sizeOf(radices, 0, half) < largestHalf && sizeOf(radices, half, length) < largestHalf;
}

function sizeOf(radices: Uint8Array, from: number, to: number): number {
  let size = 1;
  for (let at = from; at < to; at++) size *= radices[at] as number;
  return size;
}

const memory = new DataView(siphash.memory.buffer);

/** The way for words of which each half is a number below 2³¹, and its inverse. @param key 16 bytes */
export function createNumberPermutation(key: Uint8Array): { readonly permute: Permute; readonly restore: Permute } {
  const [k0Low, k0High, k1Low, k1High] = keyWords(key);
  const turned =
    (back: number): Permute =>
    (digits, radices, length, tweakLow, tweakHigh) => {
      const half = (length + 1) >>> 1;
      let [left, right, leftSize, rightSize] = [0, 0, 1, 1];
      for (let at = 0; at < half; at++) {
        const radix = radices[at] as number;
        left = left * radix + (digits[at] as number);
        leftSize *= radix;
      }
      for (let at = half; at < length; at++) {
        const radix = radices[at] as number;
        right = right * radix + (digits[at] as number);
        rightSize *= radix;
      }
      siphash.feistel(k0Low, k0High, k1Low, k1High, tweakLow, tweakHigh, left, right, leftSize, rightSize, back);
      left = memory.getInt32(resultAt, true);
      right = memory.getInt32(resultAt + 4, true);
      for (let at = length - 1; at >= half; at--) {
        const radix = radices[at] as number;
        const rest = (right / radix) | 0;
        digits[at] = right - rest * radix;
        right = rest;
      }
      for (let at = half - 1; at >= 0; at--) {
        const radix = radices[at] as number;
        const rest = (left / radix) | 0;
        digits[at] = left - rest * radix;
        left = rest;
      }
    };
  return { permute: turned(0), restore: turned(1) };
}

/** The way for words of any length: adds digit by digit; with the sign -1 takes away, from the last round to the first. */
function createLongPermutation(prf: Prf, sign: 1 | -1): Permute {
  const out = new Uint32Array(4);
  const headLength = 12;
  let message = new Uint8Array(128);
  return (digits, radices, length, tweakLow, tweakHigh) => {
    const half = (length + 1) >>> 1;
    if (message.length < headLength + half) message = new Uint8Array(2 * (headLength + half));
    message[2] = length & 0xff;
    message[3] = (length >>> 8) & 0xff;
    for (let at = 0; at < 4; at++) {
      message[4 + at] = tweakLow >>> (8 * at);
      message[8 + at] = tweakHigh >>> (8 * at);
    }
    for (let turn = 0; turn < rounds; turn++) {
      const round = sign === 1 ? turn : rounds - 1 - turn;
      const changesLeft = round % 2 === 0;
      const from = changesLeft ? 0 : half;
      const to = changesLeft ? half : length;
      const otherFrom = changesLeft ? half : 0;
      const otherTo = changesLeft ? length : half;
      for (let at = otherFrom; at < otherTo; at++) message[headLength + at - otherFrom] = digits[at] as number;
      const messageLength = headLength + otherTo - otherFrom;
      for (let at = from, drawn = 0; at < to; at++, drawn++) {
        if (drawn % 4 === 0) {
          // The block and the round: no two messages of one word are equal.
          message[0] = ((drawn >>> 2) << 4) | round;
          message[1] = drawn >>> 6;
          prf(message, messageLength, out);
        }
        const radix = radices[at] as number;
        digits[at] = ((digits[at] as number) + radix + sign * ((out[drawn % 4] as number) % radix)) % radix;
      }
    }
  };
}
