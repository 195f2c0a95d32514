import { DynDataError } from '../../core/index.ts';

// The few rules of BER that LDAP needs (RFC 4511, 5.1): tags of one byte, lengths of the definite form.

/** One element's content, `bytes[start, end)`. */
export type Content = { readonly bytes: Uint8Array; readonly start: number; readonly end: number };

/** Beyond it an answer is no entry of a directory, and would not fit into memory. */
const longestMessageBytes = 1024 * 1024 * 1024;

export function malformed(): DynDataError {
  return new DynDataError('SOURCE_FAILED', 'An LDAP server sent an answer that is not LDAP. See that the url names an LDAP server.');
}

/**
 * Where the content of the element at `at` starts and ends; `headerEnd` is -1 where its header is not whole. One object, used again and
 * again: an entry has a hundred elements.
 */
export type Element = { headerEnd: number; end: number };

export function readElement(bytes: Uint8Array, at: number, limit: number, into: Element): void {
  into.headerEnd = -1;
  if (at + 2 > limit) return;
  let length = bytes[at + 1] as number;
  let headerEnd = at + 2;
  if (length > 0x7f) {
    const digits = length & 0x7f;
    if (digits === 0 || digits > 6) throw malformed();
    if (headerEnd + digits > limit) return;
    length = 0;
    for (let digit = 0; digit < digits; digit += 1) length = length * 256 + (bytes[headerEnd + digit] as number);
    headerEnd += digits;
  }
  into.headerEnd = headerEnd;
  into.end = headerEnd + length;
}

/** The element at `at`, which must be of this tag and end before `limit`. */
export function expectElement(bytes: Uint8Array, at: number, limit: number, tag: number, into: Element): void {
  readElement(bytes, at, limit, into);
  if (into.headerEnd < 0 || into.end > limit || bytes[at] !== tag) throw malformed();
}

const sequence = 0x30;

/** Messages are gathered in pieces of memory of this size, each of which lives as long as something that was found in it. */
const memoryBytes = 256 * 1024;

/** Cuts what a socket gives into messages. What is received is copied: the socket's own memory is used again for what comes next. */
export function createMessageCutter(take: (message: Content) => void): (received: Uint8Array) => void {
  const element: Element = { headerEnd: 0, end: 0 };
  let bytes = new Uint8Array(memoryBytes);
  /** Where the first message that was not taken begins, and where what was received ends. */
  let start = 0;
  let end = 0;
  /** Of that message with its header, where it is known. */
  let neededBytes = 0;

  const makeRoom = (sizeBytes: number): void => {
    if (end + sizeBytes <= bytes.length) return;
    const held = bytes.subarray(start, end);
    bytes = new Uint8Array(Math.max(memoryBytes, held.length + sizeBytes, neededBytes));
    bytes.set(held);
    start = 0;
    end = held.length;
  };
  return (received) => {
    makeRoom(received.length);
    bytes.set(received, end);
    end += received.length;
    while (start < end) {
      if (bytes[start] !== sequence) throw malformed();
      readElement(bytes, start, end, element);
      if (element.headerEnd < 0) return;
      neededBytes = element.end - start;
      if (neededBytes > longestMessageBytes) throw malformed();
      if (element.end > end) return;
      start = element.end;
      neededBytes = 0;
      take({ bytes, start: element.headerEnd, end: element.end });
    }
  };
}
