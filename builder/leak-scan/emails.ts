import { domainByte, is, isLetterOrDigit, localByte } from './bytes.ts';
import { isRealDomain } from './detectors.ts';
import type { Found } from './scanner.ts';
import type { WatchList } from './watch-list.ts';

const dot = 0x2e;
const hyphen = 0x2d;
const backslash = 0x5c;
export const longestLocal = 64;
/** With the @ before it. */
export const shortestDomain = 4;
export const longestDomain = 253;
const mostStarts = 8;
/** In what was decoded, a shorter address is noise. */
const shortestDecoded = 8;

/** Looks at the address around an `@`. */
export type EmailScan = (bytes: Uint8Array, at: number, to: number, place: number, isDecoded: boolean) => void;

/**
 * @param harmless takes the domain that was last found harmless, its length before it: nearly all addresses in the output have the
 * pseudonyms' domain, which is looked up once
 */
export function createEmailScan(watch: WatchList, found: Found, harmless: Uint8Array): EmailScan {
  const isHarmless = (bytes: Uint8Array, from: number, to: number): boolean => {
    if (to - from !== harmless[0]) return false;
    for (let at = from; at < to; at += 1) if (bytes[at] !== harmless[at - from + 1]) return false;
    return true;
  };

  const knownAt = (bytes: Uint8Array, start: number, at: number, end: number, place: number, anywhere: boolean): boolean => {
    let starts = 0;
    for (let from = start; from < at && (anywhere || starts < mostStarts); from += 1) {
      // The whole run, and what follows each sign in it; after a backslash the first letter may be an escape's.
      const isStart =
        anywhere || from === start || !isLetterOrDigit(bytes[from - 1]) || (from === start + 1 && bytes[start - 1] === backslash);
      if (!isStart) continue;
      starts += 1;
      const known = watch.email(bytes.subarray(from, end));
      if (!known) continue;
      found(`known-${known}`, place, bytes, from, end);
      return true;
    }
    return false;
  };

  return (bytes, at, to, place, isDecoded) => {
    let end = at + 1;
    let dots = 0;
    for (; end < to && end - at <= longestDomain && is(bytes[end], domainByte); end += 1) if (bytes[end] === dot) dots += 1;
    while (bytes[end - 1] === dot || bytes[end - 1] === hyphen) {
      end -= 1;
      if (bytes[end] === dot) dots -= 1;
    }
    if (dots === 0 || isHarmless(bytes, at + 1, end)) return;
    let start = at;
    while (start > 0 && at - start < longestLocal && is(bytes[start - 1], localByte)) start -= 1;
    if (start === at) return;
    let isKnownDomain = false;
    // A sentence may go on right after the address: `…@acme.fr.Then`. In binary data anything may stand before and after it.
    for (let tail = end; dots > 0 && tail - at > shortestDomain; ) {
      if (watch.knowsDomain(bytes.subarray(at + 1, tail))) {
        isKnownDomain = true;
        if (knownAt(bytes, start, at, tail, place, isDecoded)) return;
      }
      if (isDecoded) tail -= 1;
      else {
        tail = bytes.lastIndexOf(dot, tail - 1);
        dots -= 1;
      }
    }
    if (isDecoded) end = firstBeyondAscii(bytes, at + 1, end);
    const domain = Buffer.from(bytes.buffer, bytes.byteOffset + at + 1, end - at - 1).toString('utf8');
    if (isRealDomain(domain)) {
      let from = start;
      while (from < at && !isLetterOrDigit(bytes[from])) from += 1;
      if (from < at && (!isDecoded || end - from >= shortestDecoded)) found('email', place, bytes, from, end);
    } else if (!isKnownDomain && end - at - 1 < harmless.length) {
      harmless[0] = end - at - 1;
      harmless.set(bytes.subarray(at + 1, end), 1);
    }
  };
}

function firstBeyondAscii(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] as number) < 0x80) at += 1;
  return at;
}
