/** Characters of an IBAN by country (the SWIFT registry). */
const lengths = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27' +
    ' GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22' +
    ' MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28' +
    ' TL23 TN24 TR26 UA29 VA22 VG24 XK20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

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
  return length >= 5 && lengths.get(country) === length && remainderOf(into, length) === 1 ? length : 0;
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
  const length = lengths.get(text.slice(from, from + 2).toUpperCase());
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
