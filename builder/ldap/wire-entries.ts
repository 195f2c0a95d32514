import type { DirectoryEntry } from '../../anonymizers/index.ts';
import { hashBytes, hashStart } from '../key-hash.ts';
import { type Content, type Element, expectElement } from './messages.ts';

/** An entry as the server sent it: the content of a SearchResultEntry (RFC 4511, 4.5.2). */
export type WireEntry = Content;

const octetString = 0x04;
const sequence = 0x30;
const set = 0x31;

/** Reads entries. Their values are views of the bytes they came in. */
export type EntryReader = {
  entry(wire: WireEntry): DirectoryEntry;
  /** Its DN alone. */
  dn(wire: WireEntry): string;
  /** Adds the descriptions of its attributes, whether they have values or not. */
  addAttributes(wire: WireEntry, to: Set<string>): void;
};

export function createEntryReader(): EntryReader {
  const nameOf = createNames();
  const element: Element = { headerEnd: 0, end: 0 };
  const inner: Element = { headerEnd: 0, end: 0 };
  /** Lists of attributes without values, as they came: entries of one kind have the same. */
  const known = createSeenLists();

  return {
    entry({ bytes, start, end }) {
      expectElement(bytes, start, end, octetString, element);
      const dn = textOf(bytes, element.headerEnd, element.end);
      expectElement(bytes, element.end, end, sequence, element);
      const attributes = new Map<string, readonly Uint8Array[]>();
      const listEnd = element.end;
      for (let at = element.headerEnd; at < listEnd; at = element.end) {
        expectElement(bytes, at, listEnd, sequence, element);
        const attributeEnd = element.end;
        expectElement(bytes, element.headerEnd, attributeEnd, octetString, inner);
        const name = nameOf(bytes, inner.headerEnd, inner.end);
        expectElement(bytes, inner.end, attributeEnd, set, inner);
        const valuesEnd = inner.end;
        const values: Uint8Array[] = [];
        for (let value = inner.headerEnd; value < valuesEnd; value = inner.end) {
          expectElement(bytes, value, valuesEnd, octetString, inner);
          values.push(new Uint8Array(bytes.buffer, bytes.byteOffset + inner.headerEnd, inner.end - inner.headerEnd));
        }
        if (values.length > 0) attributes.set(name, values);
      }
      return { dn, attributes };
    },
    dn({ bytes, start, end }) {
      expectElement(bytes, start, end, octetString, element);
      return textOf(bytes, element.headerEnd, element.end);
    },
    addAttributes({ bytes, start, end }, to) {
      expectElement(bytes, start, end, octetString, element);
      expectElement(bytes, element.end, end, sequence, element);
      const listEnd = element.end;
      if (known(bytes, element.headerEnd, listEnd)) return;
      for (let at = element.headerEnd; at < listEnd; at = element.end) {
        expectElement(bytes, at, listEnd, sequence, element);
        expectElement(bytes, element.headerEnd, element.end, octetString, inner);
        to.add(nameOf(bytes, inner.headerEnd, inner.end));
      }
    },
  };
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

type Name = { readonly text: string; readonly bytes: Uint8Array };

/** One string for each description, however often it comes. */
function createNames(): (bytes: Uint8Array, start: number, end: number) => string {
  const byHash = new Map<number, Name[]>();
  return (bytes, start, end) => {
    const hash = hashBytes(hashStart, bytes, start, end);
    const names = byHash.get(hash);
    const found = names?.find((name) => isAt(name.bytes, bytes, start, end));
    if (found) return found.text;
    const name = { text: textOf(bytes, start, end), bytes: bytes.slice(start, end) };
    if (names) names.push(name);
    else byHash.set(hash, [name]);
    return name.text;
  };
}

function isAt(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (wanted.length !== end - start) return false;
  for (let at = 0; at < wanted.length; at += 1) if (wanted[at] !== bytes[start + at]) return false;
  return true;
}

/** Lists that are remembered; a directory has few kinds of entries. */
const mostLists = 64;

/** Whether these bytes came before; the last ones are remembered. */
function createSeenLists(): (bytes: Uint8Array, start: number, end: number) => boolean {
  const seen: Uint8Array[] = [];
  return (bytes, start, end) => {
    for (let index = 0; index < seen.length; index += 1) {
      const list = seen[index] as Uint8Array;
      if (list.length !== end - start || Buffer.compare(list, bytes.subarray(start, end)) !== 0) continue;
      // The next entry is most likely of this kind too.
      seen.splice(index, 1);
      seen.unshift(list);
      return true;
    }
    seen.unshift(bytes.slice(start, end));
    if (seen.length > mostLists) seen.pop();
    return false;
  };
}
