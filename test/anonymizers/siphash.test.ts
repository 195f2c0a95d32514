import { expect, test } from 'vitest';
import { createSipHash } from '../../anonymizers/siphash.ts';

// vectors_sip128 of the reference implementation (github.com/veorq/SipHash, vectors.h): key 00 … 0f, message 00 … n−1.
const vectors: Readonly<Record<number, string>> = {
  0: 'a3817f04ba25a8e66df67214c7550293',
  1: 'da87c1d86b99af44347659119b22fc45',
  2: '8177228da4a45dc7fca38bdef60affe4',
  3: '9c70b60c5267a94e5f33b6b02985ed51',
  7: 'a1f1ebbed8dbc153c0b84aa61ff08239',
  8: '3b62a9ba6258f5610f83e264f31497b4',
  9: '264499060ad9baabc47f8b02bb6d71ed',
  15: '5493e99933b0a8117e08ec0f97cfc3d9',
  16: '6ee2a4ca67b054bbfd3315bf85230577',
  63: '5150d1772f50834a503e069a973fbd7c',
};
const counted = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at);

test.each(Object.entries(vectors))('agrees with the reference on %s bytes', (length, expected) => {
  const out = new Uint32Array(4);
  createSipHash(counted(16))(counted(64), Number(length), out);
  expect(Buffer.from(out.buffer).toString('hex')).toBe(expected);
});

test('the tag of a tag and a number is that of their bytes', () => {
  const prf = createSipHash(counted(16));
  const words = Uint32Array.of(0xffff_ffff, 2, 0x8000_0000, 4, 0xffff_fffe);
  const [tag, expected] = [new Uint32Array(4), new Uint32Array(4)];
  prf.counted(words.subarray(0, 4), words[4] as number, tag);
  prf(new Uint8Array(words.buffer), 20, expected);
  expect(tag).toEqual(expected);
});

test('refuses a key of another length', () => {
  expect(() => createSipHash(counted(15))).toThrow(RangeError);
});

/** SipHash-2-4 as the paper writes it, on whole numbers of any size: slow, and plain to check. */
function plainTag(key: Uint8Array, message: Uint8Array): string {
  const mask = (1n << 64n) - 1n;
  const word = (bytes: Uint8Array, at: number): bigint =>
    bytes.subarray(at, at + 8).reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
  const turn = (number: bigint, by: bigint): bigint => ((number << by) | (number >> (64n - by))) & mask;
  const [k0, k1] = [word(key, 0), word(key, 8)];
  let [v0, v1, v2, v3] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn ^ 0xeen, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const rounds = (count: number): void => {
    for (let round = 0; round < count; round++) {
      v0 = (v0 + v1) & mask;
      v1 = turn(v1, 13n) ^ v0;
      v0 = turn(v0, 32n);
      v2 = (v2 + v3) & mask;
      v3 = turn(v3, 16n) ^ v2;
      v0 = (v0 + v3) & mask;
      v3 = turn(v3, 21n) ^ v0;
      v2 = (v2 + v1) & mask;
      v1 = turn(v1, 17n) ^ v2;
      v2 = turn(v2, 32n);
    }
  };
  const take = (block: bigint): void => {
    v3 ^= block;
    rounds(2);
    v0 ^= block;
  };
  const whole = message.length - (message.length % 8);
  for (let at = 0; at < whole; at += 8) take(word(message, at));
  take(word(message, whole) | (BigInt(message.length & 0xff) << 56n));
  v2 ^= 0xeen;
  rounds(4);
  const low = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xddn;
  rounds(4);
  const hex = (number: bigint): string => Buffer.from(number.toString(16).padStart(16, '0'), 'hex').reverse().toString('hex');
  return hex(low) + hex(v0 ^ v1 ^ v2 ^ v3);
}

test.each([0, 5, 63, 64, 65, 4096, 65_456, 65_464, 65_465, 130_928, 200_003])('agrees with the plain form on %s bytes', (length) => {
  const key = counted(16).map((byte) => byte * 37 + 5);
  const message = Uint8Array.from({ length }, (_, at) => (at * 131 + (at >>> 8)) & 0xff);
  const out = new Uint32Array(4);
  createSipHash(key)(message, length, out);
  expect(Buffer.from(out.buffer).toString('hex')).toBe(plainTag(key, message));
});
