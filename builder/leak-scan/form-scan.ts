import type { AccountFinder } from './accounts.ts';
import { digitByte, hexByte, is, isLetterOrDigit, latin1 } from './bytes.ts';
import { isPrivateKey, isPublicIpv6 } from './detectors.ts';
import { blankBytes } from './group-signs.ts';
import { ibanEnd } from './ibans.ts';
import type { Found } from './scanner.ts';
import { botTokenEnd, secretIn, shortestSecret } from './secrets.ts';

const hyphen = 0x2d;
const slash = 0x2f;
const colon = 0x3a;

/** Looks at what a word `bytes[start, end)`, or each of the words between the blanks in it, can be by its form. */
export type FormScan = (bytes: Uint8Array, start: number, end: number, to: number, place: number) => void;

export function createFormScan(found: Found, account: AccountFinder): FormScan {
  /** What a word can be by its form: a secret, a key, an account number, an address. */
  const formOf = (bytes: Uint8Array, start: number, end: number, to: number, place: number): void => {
    const length = end - start;
    const first = bytes[start] as number;
    if (length >= shortestSecret || bytes[end] === slash) {
      const secret = secretIn(bytes, start, end);
      if (secret) found(secret.rule, place, bytes, start, secret.end);
      else if (first === hyphen && isPrivateKey(bytes, start, to)) found('private-key', place, bytes, start, to);
    }
    if (bytes[end] === colon && is(first, digitByte)) {
      const tokenTo = botTokenEnd(bytes, start, end);
      if (tokenTo > 0) found('api-key', place, bytes, start, tokenTo);
    }
    if (length >= 4 && is(bytes[start + 2], digitByte) && is(bytes[start + 3], digitByte)) {
      const ibanTo = ibanEnd(bytes, start, to);
      if (ibanTo > 0) account('iban', bytes, start, ibanTo, place);
    }
    if (length === 4 && bytes[end] === colon && (first === 0x32 || first === 0x33)) {
      let addressEnd = end;
      while (addressEnd < to && (is(bytes[addressEnd], hexByte) || bytes[addressEnd] === colon)) addressEnd += 1;
      const isAddress = !isLetterOrDigit(bytes[addressEnd]) && isPublicIpv6(latin1(bytes, start, addressEnd));
      if (isAddress) found('ip', place, bytes, start, addressEnd);
    }
  };

  return (bytes, start, end, to, place) => {
    let piece = start;
    for (let at = start; at < end; ) {
      const size = (bytes[at] as number) < 0x80 ? 0 : blankBytes(bytes, at);
      if (size > 0 && at > piece) formOf(bytes, piece, at, to, place);
      at += Math.max(size, 1);
      if (size > 0) piece = at;
    }
    if (piece < end) formOf(bytes, piece, end, to, place);
  };
}
