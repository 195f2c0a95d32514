import type { DetectorRule } from '../../anonymizers/primitives.ts';
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

const jwtForm = /^eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*$/;
const apiKeyForms =
  /^(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}|xox[abeprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{35}|[sr]k_live_[A-Za-z0-9]{16,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|glpat-[A-Za-z0-9_-]{20,}|AAAA[A-Za-z0-9_-]{7})$/;
const fcmRest = /^:APA91b[A-Za-z0-9_-]{100,}/;

/** Their first two letters. */
export const secretBeginnings = ['ey', 'AK', 'AS', 'gh', 'gi', 'xo', 'AI', 'sk', 'rk', 'SG', 'gl', 'AA'] as const;
const beginnings: ReadonlySet<number> = new Set(secretBeginnings.map((two) => (two.charCodeAt(0) << 8) | two.charCodeAt(1)));

/** JSON Web Tokens and keys of well-known services, by their first letters; `word` is a whole run of letters, digits, `_` `.` `+` `-`. */
export function secretIn(bytes: Uint8Array, from: number, to: number): DetectorRule | undefined {
  if (!beginnings.has(((bytes[from] as number) << 8) | (bytes[from + 1] as number))) return undefined;
  if (to - from < 11 || to - from > 4096) return undefined;
  // Most that begins like a token is a JSON text alone, in base64.
  if (bytes[from] === 0x65 && !hasDot(bytes, from, to)) return undefined;
  const word = latin1(bytes, from, to);
  if (jwtForm.test(word)) return 'jwt';
  if (!apiKeyForms.test(word)) return undefined;
  if (word.startsWith('AAAA') && word.length === 11)
    return fcmRest.test(latin1(bytes, to, Math.min(bytes.length, to + 160))) ? 'api-key' : undefined;
  return 'api-key';
}

function hasDot(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (bytes[at] === 0x2e) return true;
  return false;
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
