/** Why a document cannot be read. Holds no value; member names only where they look like names. */
export class JsonRefused extends Error {
  override readonly name = 'JsonRefused';
  readonly reason: 'invalid' | 'undecided';
  readonly path: string;

  constructor(reason: 'invalid' | 'undecided', path: string) {
    super(`${reason} JSON`);
    this.reason = reason;
    this.path = path;
  }
}

/** The token that was taken last: `bytes[start, end)`, of a string what stands between its quotes. */
export type JsonToken = { bytes: Uint8Array; start: number; end: number; escaped: boolean };

/** Takes a JSON text, which is UTF-8, token by token, from its beginning. Everything throws JsonRefused for what is no JSON. */
export type JsonText = {
  /** The document; reading starts over with it. */
  begin(document: Uint8Array): void;
  /** The next byte that is no white space; -1 at the end. */
  peek(): number;
  /** Takes a byte, if it is the next one. */
  take(byte: number): boolean;
  /** Takes a string into `token`. */
  takeString(): void;
  /** Takes a number, true, false or null into `token`. */
  takeBare(): void;
  readonly token: JsonToken;
  /** The value of the string that was taken last. */
  text(): string;
  /** Where it is: the member whose name was taken last, or an element of a list. */
  enterMember(): void;
  enterList(): void;
  leave(): void;
  readonly depth: number;
  fail(reason: JsonRefused['reason']): never;
};

/** Objects and lists inside each other. */
export const deepestJson = 128;
export const quote = 0x22;
export const comma = 0x2c;
export const colon = 0x3a;
export const openList = 0x5b;
export const closeList = 0x5d;
export const openObject = 0x7b;
export const closeObject = 0x7d;
export const backslash = 0x5c;
const space = 0x20;
const minus = 0x2d;
const plus = 0x2b;
const dot = 0x2e;
const plainName = /^[A-Za-z_][\w-]{0,63}$/;
const words = ['true', 'false', 'null'].map((word) => new TextEncoder().encode(word));
/** Of an element of a list. */
const noName = -1;

export function createJsonText(): JsonText {
  let bytes = new Uint8Array(0);
  let at = 0;
  let depth = 0;
  const token: JsonToken = { bytes, start: 0, end: 0, escaped: false };
  // Names of members on the way here, read only to say where something is wrong.
  const nameStarts = new Int32Array(deepestJson + 1);
  const nameEnds = new Int32Array(deepestJson + 1);

  const fail = (reason: JsonRefused['reason']): never => {
    const steps = Array.from({ length: depth }, (_, step) => {
      if (nameStarts[step] === noName) return '[*]';
      const name = unescaped(bytes, nameStarts[step] as number, nameEnds[step] as number) ?? '';
      return plainName.test(name) ? `.${name}` : '.?';
    });
    throw new JsonRefused(reason, `$${steps.join('')}`);
  };
  const enter = (start: number, end: number): void => {
    nameStarts[depth] = start;
    nameEnds[depth] = end;
    depth += 1;
  };
  const peek = (): number => {
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at] as number;
      if (byte !== space && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
    }
    return -1;
  };

  return {
    token,
    fail,
    peek,
    get depth() {
      return depth;
    },
    begin(document) {
      bytes = new Uint8Array(document.buffer as ArrayBuffer, document.byteOffset, document.length);
      token.bytes = bytes;
      at = 0;
      depth = 0;
    },
    take(byte) {
      if (peek() !== byte) return false;
      at += 1;
      return true;
    },
    takeString() {
      const start = at + 1;
      let escaped = false;
      for (at = start; ; at += 1) {
        const byte = at < bytes.length ? (bytes[at] as number) : 0;
        if (byte === quote) break;
        if (byte === backslash) {
          escaped = true;
          at += 1;
        } else if (byte < space) fail('invalid');
      }
      token.start = start;
      token.end = at;
      token.escaped = escaped;
      at += 1;
    },
    takeBare() {
      const end = bareEnd(bytes, at);
      if (end === at) fail('invalid');
      token.start = at;
      token.end = end;
      token.escaped = false;
      at = end;
    },
    text() {
      if (!token.escaped) return decoded(bytes, token.start, token.end);
      return unescaped(bytes, token.start, token.end) ?? fail('invalid');
    },
    enterMember: () => enter(token.start, token.end),
    enterList: () => enter(noName, noName),
    leave() {
      depth -= 1;
    },
  };
}

/** Where the number, true, false or null ends that begins here; the place itself where there is none. */
export function bareEnd(bytes: Uint8Array, start: number): number {
  const end = numberEnd(bytes, start);
  if (end > start) return end;
  return start + (words.find((word) => isHere(bytes, start, word))?.length ?? 0);
}

function numberEnd(bytes: Uint8Array, start: number): number {
  let end = bytes[start] === minus ? start + 1 : start;
  if (!isDigit(bytes, end)) return start;
  end = bytes[end] === 0x30 ? end + 1 : digitsEnd(bytes, end);
  if (bytes[end] === dot && isDigit(bytes, end + 1)) end = digitsEnd(bytes, end + 1);
  if (((bytes[end] ?? 0) | 0x20) === 0x65) {
    const exponent = bytes[end + 1] === plus || bytes[end + 1] === minus ? end + 2 : end + 1;
    if (isDigit(bytes, exponent)) end = digitsEnd(bytes, exponent);
  }
  return end;
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let end = start;
  while (isDigit(bytes, end)) end += 1;
  return end;
}

function isDigit(bytes: Uint8Array, at: number): boolean {
  return at < bytes.length && (bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39;
}

function isHere(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index += 1) if (bytes[at + index] !== word[index]) return false;
  return true;
}

function decoded(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

/** What stands between a string's quotes, without its escapes; undefined where one is none. */
export function unescaped(bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    return JSON.parse(`"${decoded(bytes, start, end)}"`) as string;
  } catch {
    return undefined;
  }
}
