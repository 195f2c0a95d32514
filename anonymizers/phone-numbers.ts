import { callingCodes, type PhoneCountry, typeDigits, zeroTrunkCodes } from './phone-countries.ts';

/**
 * A parsed number. `digits[0, count)` are all digits written, `positions` where each stands in the value; the subscriber's part begins at
 * `subscriber`. `prefix[0, prefixLength)` is the E.164 number before that part: calling code and type digits. Reused by the next call.
 */
export type PhoneNumber = {
  readonly digits: Uint8Array;
  readonly positions: Uint16Array;
  readonly prefix: Uint8Array;
  count: number;
  subscriber: number;
  prefixLength: number;
  callingCode: string;
};

const shortestE164 = 7;
const longestE164 = 15;
const shortestSubscriber = 5;
const longestValue = 64;
// The longest international prefix, a trunk zero and a longest number.
const mostDigits = 4 + 1 + longestE164;

/**
 * Reads numbers as people write them: `+33 6 12 34 56 78`, `0033612345678`, `+33 (0)6…`, `06.12.34.56.78`. National ones are those of
 * `country`. `parse` gives undefined for what is no number, or too short a one to hide its subscriber in.
 */
export function createPhoneParser(country: PhoneCountry): (value: Uint8Array, start?: number, end?: number) => PhoneNumber | undefined {
  const number: PhoneNumber = {
    digits: new Uint8Array(mostDigits),
    positions: new Uint16Array(mostDigits),
    prefix: new Uint8Array(longestE164),
    count: 0,
    subscriber: 0,
    prefixLength: 0,
    callingCode: '',
  };
  const startsWith = (text: string): boolean => {
    if (number.count < text.length) return false;
    for (let at = 0; at < text.length; at++) if (number.digits[at] !== text.charCodeAt(at) - 0x30) return false;
    return true;
  };
  const codeFrom = (from: number): string => {
    const { digits } = number;
    return callingCodes[(digits[from] as number) * 100 + (digits[from + 1] as number) * 10 + (digits[from + 2] as number)] as string;
  };

  let national = 0;
  /** The calling code, undefined where there is none; `national` is the place of the first national digit then. */
  const locate = (plus: boolean): string | undefined => {
    const { callingCode, trunk, abroad, nationalDigits } = country;
    if (plus || startsWith(abroad)) {
      const from = plus ? 0 : abroad.length;
      if (number.count - from < shortestE164) return undefined;
      const code = codeFrom(from);
      national = from + code.length;
      if (zeroTrunkCodes.has(code) && number.digits[national] === 0) national++;
      return code;
    }
    if (trunk !== '' && startsWith(trunk) && fits(number.count - trunk.length)) {
      national = trunk.length;
      return callingCode;
    }
    if ((trunk === '' || nationalDigits !== undefined) && fits(number.count)) {
      national = 0;
      return callingCode;
    }
    // International without its sign; only where the length leaves no doubt.
    if (nationalDigits !== undefined && startsWith(callingCode) && fits(number.count - callingCode.length)) {
      national = callingCode.length;
      return callingCode;
    }
    return undefined;
  };
  const fits = (count: number): boolean => (country.nationalDigits === undefined ? count >= 7 : count === country.nationalDigits);

  return (value, start = 0, end = value.length) => {
    const plus = scan(value, start, end, number);
    if (plus === undefined || number.count < shortestSubscriber) return undefined;
    const code = locate(plus);
    // +999 is assigned to nobody; the numbers made for what is no number begin with it.
    if (code === undefined || code === '999') return undefined;
    const kept = typeDigits.get(code) ?? 2;
    number.subscriber = national + kept;
    number.prefixLength = code.length + kept;
    const e164 = code.length + number.count - national;
    if (number.count - number.subscriber < shortestSubscriber || e164 > longestE164) return undefined;
    for (let at = 0; at < code.length; at++) number.prefix[at] = code.charCodeAt(at) - 0x30;
    for (let at = 0; at < kept; at++) number.prefix[code.length + at] = number.digits[national + at] as number;
    number.callingCode = code;
    return number;
  };
}

/** Collects the digits; gives whether a plus sign stands before them, undefined where anything but digits and separators occurs. */
function scan(value: Uint8Array, start: number, end: number, number: PhoneNumber): boolean | undefined {
  if (end - start > longestValue) return undefined;
  let plus = false;
  number.count = 0;
  for (let at = start; at < end; at++) {
    const byte = value[at] as number;
    if (byte >= 0x30 && byte <= 0x39) {
      if (number.count === mostDigits) return undefined;
      number.digits[number.count] = byte - 0x30;
      number.positions[number.count++] = at;
    } else if (byte === 0x2b && !plus && number.count === 0) plus = true;
    // No-break spaces: U+00A0 and the narrow U+202F.
    else if (byte === 0xc2 && at + 1 < end && value[at + 1] === 0xa0) at += 1;
    else if (byte === 0xe2 && at + 2 < end && value[at + 1] === 0x80 && value[at + 2] === 0xaf) at += 2;
    else if (!isSeparator(byte)) return undefined;
  }
  return plus;
}

// Space, ( ) - . /
function isSeparator(byte: number): boolean {
  return byte === 0x20 || byte === 0x28 || byte === 0x29 || (byte >= 0x2d && byte <= 0x2f);
}
