const tab = 0x09;
const lineFeed = 0x0a;
const colon = 0x3a;

/** Where the value around an offset begins, and its column's number in rows of table text. Only asked for where something was found. */
export function fieldAt(bytes: Uint8Array, offset: number): { readonly start: number; readonly column: number } {
  const rowStart = offset === 0 ? 0 : bytes.lastIndexOf(lineFeed, offset - 1) + 1;
  let column = 0;
  let start = rowStart;
  for (let at = rowStart; at < offset; at += 1) {
    if (bytes[at] !== tab) continue;
    column += 1;
    start = at + 1;
  }
  return { start, column };
}

/** The line around an offset in LDIF or SQL, and what stands before its first colon. */
export function lineAt(bytes: Uint8Array, offset: number): { readonly start: number; readonly label: string } {
  const start = offset === 0 ? 0 : bytes.lastIndexOf(lineFeed, offset - 1) + 1;
  const end = bytes.indexOf(colon, start);
  return { start, label: Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, Math.min(end - start, 128))).toString('latin1') };
}
