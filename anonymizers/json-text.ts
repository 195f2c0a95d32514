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
  /** Passes over the value that comes next, with all that is in it, which need not be JSON. */
  skip(): void;
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

  const decoded = (start: number, end: number): string => Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
  const fail = (reason: JsonRefused['reason']): never => {
    const steps = Array.from({ length: depth }, (_, step) => {
      if (nameStarts[step] === noName) return '[*]';
      const name = unescaped(decoded(nameStarts[step] as number, nameEnds[step] as number)) ?? '';
      return plainName.test(name) ? `.${name}` : '.?';
    });
    throw new JsonRefused(reason, `$${steps.join('')}`);
  };
  const enter = (start: number, end: number): void => {
    nameStarts[depth] = start;
    nameEnds[depth] = end;
    depth += 1;
  };
  const isDigit = (place: number): boolean => place < bytes.length && (bytes[place] as number) >= 0x30 && (bytes[place] as number) <= 0x39;
  const digitsFrom = (place: number): number => {
    let end = place;
    while (isDigit(end)) end += 1;
    return end;
  };
  /** Where the number ends that begins here; the place itself where there is none. */
  const numberEnd = (start: number): number => {
    let end = bytes[start] === minus ? start + 1 : start;
    if (!isDigit(end)) return start;
    end = bytes[end] === 0x30 ? end + 1 : digitsFrom(end);
    if (bytes[end] === dot && isDigit(end + 1)) end = digitsFrom(end + 1);
    if (((bytes[end] ?? 0) | 0x20) === 0x65) {
      const exponent = bytes[end + 1] === plus || bytes[end + 1] === minus ? end + 2 : end + 1;
      if (isDigit(exponent)) end = digitsFrom(exponent);
    }
    return end;
  };
  const isHere = (word: Uint8Array): boolean => {
    for (let index = 0; index < word.length; index += 1) if (bytes[at + index] !== word[index]) return false;
    return true;
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
      token.start = at;
      token.escaped = false;
      let end = numberEnd(at);
      if (end === at) {
        const word = words.find(isHere);
        if (!word) fail('invalid');
        else end += word.length;
      }
      token.end = end;
      at = end;
    },
    skip() {
      let open = 0;
      peek();
      for (; at < bytes.length; at += 1) {
        const byte = bytes[at] as number;
        if (byte === quote) {
          for (at += 1; at < bytes.length && bytes[at] !== quote; at += 1) if (bytes[at] === backslash) at += 1;
          if (open === 0) {
            at += 1;
            return;
          }
        } else if (byte === openObject || byte === openList) open += 1;
        else if (byte === comma || byte === closeObject || byte === closeList) {
          // Behind a number or a word, what closes what it stands in.
          if (open === 0) return;
          if (byte === comma) continue;
          open -= 1;
          if (open === 0) {
            at += 1;
            return;
          }
        }
      }
      if (open > 0) fail('invalid');
    },
    text() {
      const spelled = decoded(token.start, token.end);
      return token.escaped ? (unescaped(spelled) ?? fail('invalid')) : spelled;
    },
    enterMember: () => enter(token.start, token.end),
    enterList: () => enter(noName, noName),
    leave() {
      depth -= 1;
    },
  };
}

/** What stands between a string's quotes, without its escapes; undefined where one is none. */
function unescaped(spelled: string): string | undefined {
  try {
    return JSON.parse(`"${spelled}"`) as string;
  } catch {
    return undefined;
  }
}
