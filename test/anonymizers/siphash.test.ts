import { expect, test } from 'vitest';
import { createShortSipHash, createSipHash } from '../../anonymizers/siphash.ts';

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

test('refuses a key of another length', () => {
  expect(() => createSipHash(counted(15))).toThrow(RangeError);
});

test('the short form gives the first half of the tag of 15 bytes', () => {
  const key = counted(16).map((byte) => byte * 37);
  const [whole, short] = [createSipHash(key), createShortSipHash(key)];
  const [expected, made] = [new Uint32Array(4), new Uint32Array(2)];
  for (let n = 0; n < 2000; n++) {
    const words = Uint32Array.from({ length: 4 }, (_, at) => Math.imul(n + 1, 0x9e37_79b1) ^ Math.imul(at + 1, 0x85eb_ca6b));
    const message = new Uint8Array(words.buffer).slice(0, 15);
    short.start(words[0] as number, words[1] as number);
    short.finish(words[2] as number, (words[3] as number) & 0xff_ffff, made);
    whole(message, 15, expected);
    expect([...made]).toEqual([...expected.subarray(0, 2)]);
  }
});
