import { createHash, hash } from 'node:crypto';
import { DynDataError } from './errors.ts';

/** `sha256:` and 64 lower-case hexadecimal digits, as OCI writes content digests. */
export type Digest = `sha256:${string}`;

export const digestPattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

/** @throws DynDataError REFERENCE_INVALID */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new DynDataError('REFERENCE_INVALID', `"${text}" is not a digest. A digest is "sha256:" followed by 64 hexadecimal digits.`);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}`;
}

/** The hexadecimal part. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

export type Digester = { update(bytes: Uint8Array): void; digest(): Digest; readonly sizeBytes: number };

/** An incremental digest; `digest()` may be called once. */
export function createDigester(): Digester {
  const state = createHash('sha256');
  let sizeBytes = 0;
  return {
    update(bytes) {
      state.update(bytes);
      sizeBytes += bytes.byteLength;
    },
    digest: () => `sha256:${state.digest('hex')}`,
    get sizeBytes() {
      return sizeBytes;
    },
  };
}

/**
 * The same bytes, checked in passing: the last piece is handed on only after digest and (where given) size were found right.
 * @throws DynDataError DIGEST_MISMATCH at the end of the stream; the consumer must treat what it got before as void.
 */
export async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  expected: { readonly digest: Digest; readonly sizeBytes?: number; readonly what: string },
): AsyncGenerator<Uint8Array> {
  const digester = createDigester();
  let held: Uint8Array | undefined;
  for await (const piece of bytes) {
    if (held) yield held;
    digester.update(piece);
    if (expected.sizeBytes !== undefined && digester.sizeBytes > expected.sizeBytes) throw mismatch(expected.what);
    held = piece;
  }
  if (expected.sizeBytes !== undefined && digester.sizeBytes !== expected.sizeBytes) throw mismatch(expected.what);
  if (digester.digest() !== expected.digest) throw mismatch(expected.what);
  if (held) yield held;
}

function mismatch(what: string): DynDataError {
  return new DynDataError(
    'DIGEST_MISMATCH',
    `${what} is not what its digest says: it was damaged or changed. Remove the local copy and pull again; if it comes back, have the registry's storage verified.`,
  );
}
