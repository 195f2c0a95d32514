import type { DirectoryEntry } from '../../anonymizers/index.ts';
import { appendByte, appendBytes, type ByteBuffer } from '../byte-buffer.ts';

const lineFeed = 0x0a;
const colon = 0x3a;
const space = 0x20;
const lessThan = 0x3c;

/**
 * Appends an entry as one LDIF record (RFC 2849) with its closing blank line: `objectClass` first, then the attributes by name, values in
 * the server's order; base64 where the value is no safe string; lines are not folded.
 */
export function appendEntry(out: ByteBuffer, entry: DirectoryEntry): void {
  appendLine(out, Buffer.from('dn'), Buffer.from(entry.dn));
  const names = [...entry.attributes.keys()].sort((a, b) => rank(a) - rank(b) || (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  for (const name of names) {
    const description = Buffer.from(name);
    for (const value of entry.attributes.get(name) ?? []) appendLine(out, description, value);
  }
  appendByte(out, lineFeed);
}

function rank(name: string): number {
  return name.toLowerCase() === 'objectclass' ? 0 : 1;
}

function appendLine(out: ByteBuffer, description: Uint8Array, value: Uint8Array): void {
  appendBytes(out, description);
  appendByte(out, colon);
  if (isSafe(value)) {
    appendByte(out, space);
    appendBytes(out, value);
  } else {
    appendByte(out, colon);
    appendByte(out, space);
    appendBytes(out, Buffer.from(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'), 'latin1'));
  }
  appendByte(out, lineFeed);
}

/** SAFE-STRING of RFC 2849, and no space at the end, which a reader may drop. */
function isSafe(value: Uint8Array): boolean {
  if (value.length === 0) return true;
  const first = value[0] as number;
  if (first === space || first === colon || first === lessThan || value[value.length - 1] === space) return false;
  for (let index = 0; index < value.length; index += 1) {
    const byte = value[index] as number;
    if (byte === 0 || byte === 0x0a || byte === 0x0d || byte > 0x7f) return false;
  }
  return true;
}
