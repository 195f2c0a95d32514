import type { Prf } from './siphash.ts';

/** Permutes in place the word `digits[0, length)`, whose digit i is below `radices[i]`. Words under different tweaks are permuted independently. */
export type Permutation = (digits: Uint8Array, radices: Uint8Array, length: number, tweak: Uint8Array, tweakLength: number) => void;

/** As many as FF1 (NIST SP 800-38G) has, for the same reason: small domains need more rounds than large ones. */
const rounds = 10;

/**
 * A keyed permutation of words of digits: a Feistel network that adds to one half, digit by digit, a PRF of the other. Words with the same
 * radices stay different from each other, so a unique column stays unique, and without the key the pairs tell nothing of each other.
 * A word of one digit has no other half and is only turned; nothing can hide so few values.
 */
export function createPermutation(prf: Prf): Permutation {
  const out = new Uint32Array(4);
  let message = new Uint8Array(128);
  return (digits, radices, length, tweak, tweakLength) => {
    const half = (length + 1) >>> 1;
    const headLength = 6 + tweakLength;
    if (message.length < headLength + half) message = new Uint8Array(2 * (headLength + half));
    message[2] = length & 0xff;
    message[3] = length >>> 8;
    message[4] = tweakLength & 0xff;
    message[5] = tweakLength >>> 8;
    for (let at = 0; at < tweakLength; at++) message[6 + at] = tweak[at] as number;
    for (let round = 0; round < rounds; round++) {
      const changesLeft = round % 2 === 0;
      const from = changesLeft ? 0 : half;
      const to = changesLeft ? half : length;
      const otherFrom = changesLeft ? half : 0;
      const otherTo = changesLeft ? length : half;
      for (let at = otherFrom; at < otherTo; at++) message[headLength + at - otherFrom] = digits[at] as number;
      const messageLength = headLength + otherTo - otherFrom;
      message[0] = round;
      for (let at = from, drawn = 0; at < to; at++, drawn++) {
        if (drawn % 4 === 0) {
          message[1] = drawn >>> 2;
          prf(message, messageLength, out);
        }
        digits[at] = ((digits[at] as number) + ((out[drawn % 4] as number) % (radices[at] as number))) % (radices[at] as number);
      }
    }
  };
}
