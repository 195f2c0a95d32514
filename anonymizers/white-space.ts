/** White space of ASCII, as trim() takes it. */
export function isAsciiBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** Whether the character that this byte of a UTF-8 text belongs to may be white space beyond ASCII, by its first byte: U+00A0, U+1680, U+2000 …, U+3000, U+FEFF. */
export function mayBeWideBlank(bytes: Uint8Array, inside: number): boolean {
  let at = inside;
  while (at > 0 && ((bytes[at] as number) & 0xc0) === 0x80) at--;
  const byte = bytes[at] as number;
  return byte === 0xc2 || (byte >= 0xe1 && byte <= 0xe3) || byte === 0xef;
}
