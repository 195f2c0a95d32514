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

/** Cuts what a socket gives into messages. A message that came whole is a view of what was received. */
export function createMessageCutter(): (received: Uint8Array) => Content[] {
  /** The beginning of a message that has not come whole, in pieces. */
  let pieces: Uint8Array[] = [];
  let heldBytes = 0;
  /** Of that message, where it is known. */
  let neededBytes = 0;
  const element: Element = { headerEnd: 0, end: 0 };
  return (received) => {
    let bytes = received;
    if (heldBytes > 0) {
      pieces.push(received);
      heldBytes += received.length;
      if (heldBytes < neededBytes) return [];
      bytes = Buffer.concat(pieces);
      pieces = [];
    }
    const messages: Content[] = [];
    let at = 0;
    neededBytes = 0;
    while (at < bytes.length) {
      if (bytes[at] !== sequence) throw malformed();
      readElement(bytes, at, bytes.length, element);
      if (element.headerEnd < 0) break;
      if (element.end - at > longestMessageBytes) throw malformed();
      if (element.end > bytes.length) {
        neededBytes = element.end - at;
        break;
      }
      messages.push({ bytes, start: element.headerEnd, end: element.end });
      at = element.end;
    }
    heldBytes = bytes.length - at;
    if (heldBytes > 0) pieces = [bytes.subarray(at)];
    return messages;
  };
}
