import { crc32 } from 'node:zlib';
import { type Digest, digestHex, digestOf } from './digest.ts';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const idBytes = 10;
const secretBytes = 32;
const idLength = 14;
const secretLength = 43;
const checksumLength = 6;
const pattern = new RegExp(`^dd_([0-9A-Za-z]{${idLength}})_[0-9A-Za-z]{${secretLength + checksumLength}}$`);

export const tokenIdPattern: RegExp = new RegExp(`^[0-9A-Za-z]{${idLength}}$`);

/** A token as its holder has it, the only form that opens anything, and what is kept of it. */
export type NewToken = { readonly id: string; readonly text: string; readonly hash: Digest };

/**
 * `dd_<id>_<secret><checksum>`, letters and digits only so that a double click selects it whole: 80 bits of id, 256 bits of secret, and
 * the CRC-32 of all before it. The checksum tells a mistyped token without asking the store, and lets secret scanners be sure of a find.
 * @param random gives that many bytes of a cryptographic generator
 * @param id of an existing token that gets a new secret
 */
export function newToken(random: (sizeBytes: number) => Uint8Array, id: string = base62(random(idBytes), idLength)): NewToken {
  const unchecked = `dd_${id}_${base62(random(secretBytes), secretLength)}`;
  const text = `${unchecked}${checksum(unchecked)}`;
  return { id, text, hash: tokenHash(text) };
}

/** The id of the token that is made for what `seed` names: the same for the same seed. */
export function tokenIdFrom(seed: string): string {
  return base62(Buffer.from(digestHex(digestOf(`dyn-data token\0${seed}`)), 'hex').subarray(0, idBytes), idLength);
}

/** The id in a token's text; undefined for what was never one, or is mistyped. */
export function tokenIdOf(text: string): string | undefined {
  const id = pattern.exec(text)?.[1];
  return id !== undefined && checksum(text.slice(0, -checksumLength)) === text.slice(-checksumLength) ? id : undefined;
}

/**
 * What is stored in a token's place. One SHA-256 is enough: slow password hashes make up for secrets that can be guessed, and nobody
 * guesses 256 random bits.
 */
export function tokenHash(text: string): Digest {
  return digestOf(text);
}

function checksum(text: string): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(text));
  return base62(value, checksumLength);
}

function base62(bytes: Uint8Array, length: number): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (let place = 0; place < length; place += 1) {
    text = `${digits[Number(rest % 62n)]}${text}`;
    rest /= 62n;
  }
  return text;
}
