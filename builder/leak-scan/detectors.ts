import { latin1 } from './bytes.ts';

/** Detectors by form. They see a candidate that the scan has found the ends of, and say whether it is one. */

const reservedDomain = /(?:^|\.)(?:example\.(?:com|net|org)|(?:test|example|invalid|localhost))$/i;
const topLevel = /\.\p{L}{2,24}$/u;
const labels = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?)+$/u;

/** A domain at which somebody can receive mail: of more than one label, and not reserved (RFC 2606, RFC 6761). */
export function isRealDomain(domain: string): boolean {
  return domain.length <= 253 && topLevel.test(domain) && labels.test(domain) && !reservedDomain.test(domain);
}

export function isIpv4(text: string): boolean {
  return text.split('.').every((part) => part.length <= 3 && Number(part) <= 255);
}

/** An IPv4 address that the whole Internet routes: not private, local, shared, for documentation, or multicast. */
export function isPublicIpv4([a, b, c, d]: readonly [number, number, number, number]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224 || b > 255 || c > 255 || d > 255) return false;
  if ((a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254) || (a === 100 && b >= 64 && b < 128))
    return false;
  if ((a === 192 && b === 0 && (c === 0 || c === 2)) || (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100)))) return false;
  return !(a === 203 && b === 0 && c === 113);
}

const ipv6Form = /^[23][0-9a-f]{3}:(?:[0-9a-f]{0,4}:){1,6}[0-9a-f]{0,4}$/i;

/** A global IPv6 address (2000::/3) outside of the range for documentation. Times and hardware addresses are none. */
export function isPublicIpv6(text: string): boolean {
  if (!ipv6Form.test(text) || /^2001:0?db8:/i.test(text) || text.includes(':::')) return false;
  const groups = text.split(':').length;
  const halves = text.split('::').length;
  return halves === 2 ? groups <= 8 : halves === 1 && groups === 8;
}

const bcryptForm = /^\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}/;
export const bcryptLength = 60;

/** At a `$`. */
export function isBcrypt(bytes: Uint8Array, at: number, to: number): boolean {
  return bytes[at + 1] === 0x32 && bcryptForm.test(latin1(bytes, at, Math.min(to, at + bcryptLength)));
}

const pemBegin = /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/;
const longestPemBegin = 64;

/** At the first of the dashes. */
export function isPrivateKey(bytes: Uint8Array, at: number, to: number): boolean {
  return pemBegin.test(latin1(bytes, at, Math.min(to, at + longestPemBegin)));
}
