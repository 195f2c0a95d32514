import { hkdfSync } from 'node:crypto';
import { DynDataError } from '../core/index.ts';

/** The environment's anonymization key. Its bytes cannot be read from it: only sub-keys, which do not tell of each other or of the key. */
export type Key = {
  /** A fingerprint of 16 hexadecimal digits: says whether two snapshots were made with the same key and nothing else. */
  readonly id: string;
  /** The 16-byte sub-key (HKDF-SHA-256) for one purpose, for example one identity of one anonymizer. */
  subKey(purpose: string): Uint8Array;
};

/**
 * @param text 64 hexadecimal digits; white space around them is ignored, as files end with a newline.
 * @throws DynDataError KEY_INVALID, without the text.
 */
export function parseKey(text: string): Key {
  const hex = text.trim();
  if (!/^[0-9a-f]{64}$/i.test(hex)) {
    throw new DynDataError(
      'KEY_INVALID',
      'The anonymization key is not 64 hexadecimal digits. Make one with "openssl rand -hex 32", keep it secret, and use the same one for every snapshot of this environment.',
    );
  }
  const secret = Buffer.from(hex, 'hex');
  const derive = (info: string, lengthBytes: number): Uint8Array => new Uint8Array(hkdfSync('sha256', secret, '', info, lengthBytes));
  return {
    id: Buffer.from(derive('dyn-data key id', 8)).toString('hex'),
    subKey: (purpose) => derive(`dyn-data/1/${purpose}`, 16),
  };
}
