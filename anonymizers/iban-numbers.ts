import { ibanCountries } from './iban-countries.ts';

export const longestIban = 34;

export function isIbanCharacter(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/** Writes the characters without blanks and dashes, in capitals, and returns their number; 0 for what is no valid IBAN. */
export function readIban(value: Uint8Array, into: Uint8Array): number {
  let length = 0;
  for (const byte of value) {
    if (byte === 0x20 || byte === 0x2d) continue;
    if (!isIbanCharacter(byte) || length === longestIban) return 0;
    into[length++] = byte >= 0x61 ? byte - 0x20 : byte;
  }
  const country = String.fromCharCode(into[0] as number, into[1] as number);
  return length >= 5 && ibanCountries.get(country)?.length === length && remainderOf(into, length) === 1 ? length : 0;
}

/** ISO 7064, MOD 97-10: the first four characters are read last, and letters are worth 10 to 35. */
function remainderOf(iban: Uint8Array, length: number): number {
  let remainder = 0;
  for (let step = 0; step < length; step++) {
    const byte = iban[(step + 4) % length] as number;
    remainder = byte < 0x40 ? (remainder * 10 + byte - 0x30) % 97 : (remainder * 100 + byte - 0x37) % 97;
  }
  return remainder;
}

export function writeIbanCheck(iban: Uint8Array, length: number): void {
  iban[2] = iban[3] = 0x30;
  const check = 98 - remainderOf(iban, length);
  iban[2] = 0x30 + Math.floor(check / 10);
  iban[3] = 0x30 + (check % 10);
}

/** Where the valid IBAN ends that begins at a place of a text, with the blanks and dashes people write in it; undefined for none. */
export function endOfIban(text: string, from: number): number | undefined {
  const length = ibanCountries.get(text.slice(from, from + 2).toUpperCase())?.length;
  if (length === undefined) return undefined;
  let count = 0;
  let at = from;
  for (; at < text.length && count < length; at++) {
    const code = text.charCodeAt(at);
    if (isIbanCharacter(code)) count++;
    else if (code !== 0x20 && code !== 0x2d) return undefined;
  }
  const isWhole = count === length && (at === text.length || !isIbanCharacter(text.charCodeAt(at)));
  return isWhole && readIban(Buffer.from(text.slice(from, at), 'latin1'), new Uint8Array(longestIban)) > 0 ? at : undefined;
}
