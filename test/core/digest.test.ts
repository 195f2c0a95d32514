import { describe, expect, it } from 'vitest';
import { digestOf, isDigest, parseDigest, verified } from '../../core/index.ts';

const bytes = new TextEncoder().encode('hello world');
const digest = 'sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9';

async function* pieces(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function collect(stream: AsyncIterable<Uint8Array>, into: Uint8Array[] = []): Promise<string> {
  for await (const piece of stream) into.push(piece);
  return Buffer.concat(into).toString();
}

describe('digests', () => {
  it('are SHA-256 as OCI writes them', () => {
    expect(digestOf(bytes)).toBe(digest);
    expect(isDigest(digest)).toBe(true);
    expect(isDigest(digest.toUpperCase())).toBe(false);
    expect(() => parseDigest('sha256:12')).toThrow(/64 hexadecimal digits/);
  });

  it('pass a right stream through unchanged', async () => {
    const stream = verified(pieces(bytes.subarray(0, 5), bytes.subarray(5)), { digest, sizeBytes: 11, what: 'it' });
    expect(await collect(stream)).toBe('hello world');
  });

  it('hold the last piece of a wrong stream back', async () => {
    const got: Uint8Array[] = [];
    const damaged = Uint8Array.from(bytes);
    damaged[10] = 0;
    const stream = verified(pieces(damaged.subarray(0, 5), damaged.subarray(5)), { digest, what: 'The chunk' });
    await expect(collect(stream, got)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(Buffer.concat(got).length).toBe(5);
  });

  it('refuse a stream that is too short or too long', async () => {
    await expect(collect(verified(pieces(bytes.subarray(0, 5)), { digest, sizeBytes: 11, what: 'it' }))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    await expect(collect(verified(pieces(bytes, bytes), { digest, sizeBytes: 11, what: 'it' }))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });
});
