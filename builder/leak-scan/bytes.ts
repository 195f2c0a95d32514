/** Classes of bytes that the scan tells apart, as bits. */
export const wordByte = 1;
export const digitByte = 2;
export const hexByte = 4;
/** Letters and digits of base64, both alphabets. */
export const base64Byte = 8;
/** What may stand in the part of an e-mail address before the @, as people have it. */
export const localByte = 16;
export const domainByte = 32;
/** Bytes that need more than being passed over: `\` `%` `@` `$` `&`. */
export const triggerByte = 128;

const set = (table: Uint8Array, characters: string, bits: number): void => {
  for (const character of characters) table[character.charCodeAt(0)] = (table[character.charCodeAt(0)] as number) | bits;
};

/** The classes of each byte. A word is what logins and tokens are made of: letters, digits, `_` `.` `+` `-` and all that is not ASCII. */
export const classes: Uint8Array = (() => {
  const table = new Uint8Array(256);
  const [upper, lower, digits] = ['ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz', '0123456789'];
  set(table, upper + lower + digits, wordByte | base64Byte | localByte | domainByte);
  set(table, digits, digitByte);
  set(table, `${digits}abcdefABCDEF`, hexByte);
  set(table, '_.+-', wordByte);
  set(table, '+/-_', base64Byte);
  set(table, "._%+-'!#&*?^~=|{}`", localByte);
  set(table, '.-', domainByte);
  set(table, '\\%@$&', triggerByte);
  for (let byte = 0x80; byte < 0x100; byte += 1) table[byte] = wordByte | localByte | domainByte;
  return table;
})();

/** Upper case ASCII letters as lower case ones, all other bytes as they are. */
export const lowered: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));

/** Six bits of a base64 letter, of both alphabets; 255 for all others. */
export const base64Values: Uint8Array = (() => {
  const table = new Uint8Array(256).fill(255);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let at = 0; at < letters.length; at += 1) table[letters.charCodeAt(at)] = at;
  table[0x2d] = 62;
  table[0x5f] = 63;
  return table;
})();

/** The value of a hexadecimal digit. */
export function hexValue(byte: number): number {
  return byte <= 0x39 ? byte - 0x30 : (byte & 0x1f) + 9;
}

export function is(byte: number | undefined, bits: number): boolean {
  return byte !== undefined && ((classes[byte] as number) & bits) !== 0;
}

export function isLetterOrDigit(byte: number | undefined): boolean {
  return byte !== undefined && (byte >= 0x80 || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) || (byte >= 0x30 && byte <= 0x39));
}

export function isAsciiOnly(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if ((bytes[at] as number) >= 0x80) return false;
  return true;
}

/** A text view without copying. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
