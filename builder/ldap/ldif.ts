import type { DirectoryEntry } from '../../anonymizers/index.ts';
import { appendByte, appendBytes, type ByteBuffer, reserve } from '../byte-buffer.ts';

const lineFeed = 0x0a;
const colon = 0x3a;
const space = 0x20;
const lessThan = 0x3c;

/**
 * Appends an entry as one LDIF record (RFC 2849) with its closing blank line: `objectClass` first, then the attributes by name, values in
 * the server's order; base64 where the value is no safe string; lines are not folded.
 */
export type AppendEntry = (out: ByteBuffer, entry: DirectoryEntry) => void;

/** The lines' beginnings, in the order of writing, each with the place of its attribute in the entry. */
type Layout = readonly { readonly description: Uint8Array; readonly place: number }[];
/** What entries have in common whose attributes begin alike. */
type Beginning = { layout?: Layout; readonly next: Map<string, Beginning> };

/** Beginnings that are remembered; a directory has few kinds of entries. */
const mostBeginnings = 10_000;

/** Entries of one kind have the same attributes, so their order is found out once. */
export function createEntryWriter(): AppendEntry {
  let root: Beginning = { next: new Map() };
  let beginnings = 0;
  const dn = Buffer.from('dn');
  const valuesAt: (readonly Uint8Array[])[] = [];
  return (out, entry) => {
    if (beginnings > mostBeginnings) {
      root = { next: new Map() };
      beginnings = 0;
    }
    let reached = root;
    let count = 0;
    for (const [name, values] of entry.attributes) {
      valuesAt[count] = values;
      count += 1;
      let next = reached.next.get(name);
      if (!next) {
        next = { next: new Map() };
        reached.next.set(name, next);
        beginnings += 1;
      }
      reached = next;
    }
    reached.layout ??= layoutOf([...entry.attributes.keys()]);
    appendLine(out, dn, Buffer.from(entry.dn));
    for (const { description, place } of reached.layout) {
      const values = valuesAt[place] as readonly Uint8Array[];
      for (let index = 0; index < values.length; index += 1) appendLine(out, description, values[index] as Uint8Array);
    }
    appendByte(out, lineFeed);
  };
}

function layoutOf(names: readonly string[]): Layout {
  return names
    .map((name, place) => ({ name, place, description: Buffer.from(name) }))
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
}

function rank(name: string): number {
  return name.toLowerCase() === 'objectclass' ? 0 : 1;
}

function appendLine(out: ByteBuffer, description: Uint8Array, value: Uint8Array): void {
  appendBytes(out, description);
  reserve(out, 3);
  let { length } = out;
  out.bytes[length++] = colon;
  if (isSafe(value)) {
    out.bytes[length++] = space;
    out.length = length;
    appendBytes(out, value);
  } else {
    out.bytes[length++] = colon;
    out.bytes[length++] = space;
    out.length = length;
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    reserve(out, text.length);
    out.length += out.bytes.write(text, out.length, 'latin1');
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
