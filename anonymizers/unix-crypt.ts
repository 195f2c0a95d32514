import { createHash } from 'node:crypto';

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Drepper's rounds for $5$ and $6$; the fewest that are allowed, since the password is known anyway. */
const shaRounds = 1000;
/** The order in which the bytes of the digest are written, three at a time, the highest first. */
const shaOrders = {
  sha256: { groups: 10, step: 21, size: 32 },
  sha512: { groups: 21, step: 22, size: 64 },
} as const;

/** The characters that a salt is made of: 6 bits of each byte. */
export function cryptSalt(bytes: Uint8Array, length: number): string {
  return Array.from(bytes.subarray(0, length), (byte) => alphabet[byte & 63]).join('');
}

/** SHA-crypt (Drepper, "Unix crypt using SHA-256 and SHA-512"): `$5$` and `$6$`. */
export function shaCrypt(password: string, salt: string, algorithm: 'sha256' | 'sha512'): string {
  const key = Buffer.from(password, 'utf8');
  const saltBytes = Buffer.from(salt, 'latin1');
  const digestOf = (...parts: readonly Uint8Array[]): Buffer =>
    parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest();
  const repeated = (block: Buffer, length: number): Buffer =>
    Buffer.concat([...Array.from({ length: Math.ceil(length / block.length) }, () => block), Buffer.alloc(0)]).subarray(0, length);
  const other = digestOf(key, saltBytes, key);
  const first: Uint8Array[] = [key, saltBytes, repeated(other, key.length)];
  for (let bits = key.length; bits > 0; bits >>>= 1) first.push((bits & 1) === 1 ? other : key);
  let digest = digestOf(...first);
  const byPassword = repeated(digestOf(...Array.from({ length: key.length }, () => key)), key.length);
  const bySalt = repeated(digestOf(...Array.from({ length: 16 + (digest[0] as number) }, () => saltBytes)), saltBytes.length);
  for (let round = 0; round < shaRounds; round++) {
    const parts: Uint8Array[] = [round % 2 === 1 ? byPassword : digest];
    if (round % 3 !== 0) parts.push(bySalt);
    if (round % 7 !== 0) parts.push(byPassword);
    parts.push(round % 2 === 1 ? digest : byPassword);
    digest = digestOf(...parts);
  }
  return `$${algorithm === 'sha256' ? 5 : 6}$rounds=${shaRounds}$${salt}$${encodeSha(digest, algorithm)}`;
}

function encodeSha(digest: Buffer, algorithm: 'sha256' | 'sha512'): string {
  const { groups, step, size } = shaOrders[algorithm];
  let text = '';
  let [a, b, c] = algorithm === 'sha256' ? [0, 10, 20] : [0, 21, 42];
  const modulus = size - (algorithm === 'sha256' ? 2 : 1);
  for (let group = 0; group < groups; group++) {
    text += encode24(digest[a] as number, digest[b] as number, digest[c] as number, 4);
    [a, b, c] = [(a + step) % modulus, (b + step) % modulus, (c + step) % modulus];
  }
  return (
    text + (algorithm === 'sha256' ? encode24(0, digest[31] as number, digest[30] as number, 3) : encode24(0, 0, digest[63] as number, 2))
  );
}

/** MD5-crypt of FreeBSD: `$1$`. */
export function md5Crypt(password: string, salt: string): string {
  const key = Buffer.from(password, 'utf8');
  const saltBytes = Buffer.from(salt, 'latin1');
  const magic = Buffer.from('$1$');
  const digestOf = (...parts: readonly Uint8Array[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash('md5')).digest();
  const other = digestOf(key, saltBytes, key);
  const first: Uint8Array[] = [key, magic, saltBytes];
  for (let left = key.length; left > 0; left -= 16) first.push(other.subarray(0, Math.min(16, left)));
  for (let bits = key.length; bits > 0; bits >>>= 1) first.push((bits & 1) === 1 ? Buffer.alloc(1) : key.subarray(0, 1));
  let digest = digestOf(...first);
  for (let round = 0; round < 1000; round++) {
    const parts: Uint8Array[] = [round % 2 === 1 ? key : digest];
    if (round % 3 !== 0) parts.push(saltBytes);
    if (round % 7 !== 0) parts.push(key);
    parts.push(round % 2 === 1 ? digest : key);
    digest = digestOf(...parts);
  }
  const order = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5];
  let text = '';
  for (let at = 0; at < order.length; at += 3) {
    const [a, b, c] = order.slice(at, at + 3) as [number, number, number];
    text += encode24(digest[a] as number, digest[b] as number, digest[c] as number, 4);
  }
  return `$1$${salt}$${text}${encode24(0, 0, digest[11] as number, 2)}`;
}

/** Six bits each, the lowest first. */
function encode24(high: number, middle: number, low: number, count: number): string {
  let bits = (high << 16) | (middle << 8) | low;
  let text = '';
  for (let done = 0; done < count; done++) {
    text += alphabet[bits & 63];
    bits >>>= 6;
  }
  return text;
}
