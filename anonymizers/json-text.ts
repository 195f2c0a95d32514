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

/** Takes a JSON text token by token, from its beginning; `path` names where it is. Everything throws JsonRefused for what is no JSON. */
export type JsonText = {
  /** The document; reading starts over with it. */
  start(document: string): void;
  /** The code of the next character that is no white space; NaN at the end. */
  peek(): number;
  /** Takes a character, if it is the next one. */
  take(code: number): boolean;
  /** A string's value. */
  takeString(): string;
  /** Goes behind a string. @returns whether it has escapes */
  passString(): boolean;
  /** A string as it is spelled, with its quotes. */
  takeSpelledString(): string;
  /** The spelling of a number, true, false or null. */
  takeBare(): string;
  /** Names of members, undefined for elements of lists. */
  readonly path: (string | undefined)[];
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
const backslash = 0x5c;
const bareToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y;
const plainName = /^[A-Za-z_][\w-]{0,63}$/;

export function createJsonText(): JsonText {
  let text = '';
  let at = 0;
  const path: (string | undefined)[] = [];

  const fail = (reason: JsonRefused['reason']): never => {
    const steps = path.map((key) => (key === undefined ? '[*]' : plainName.test(key) ? `.${key}` : '.?'));
    throw new JsonRefused(reason, `$${steps.join('')}`);
  };
  const peek = (): number => {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      at += 1;
    }
  };
  const passString = (): boolean => {
    let escaped = false;
    for (at += 1; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === quote) break;
      if (code === backslash) {
        escaped = true;
        at += 1;
      } else if (!(code >= 0x20)) fail('invalid');
    }
    at += 1;
    return escaped;
  };
  const parsed = (spelled: string): string => {
    try {
      return JSON.parse(spelled) as string;
    } catch {
      return fail('invalid');
    }
  };

  return {
    path,
    fail,
    peek,
    passString,
    start(document) {
      text = document;
      at = 0;
      path.length = 0;
    },
    take(code) {
      if (peek() !== code) return false;
      at += 1;
      return true;
    },
    takeString() {
      const from = at;
      return passString() ? parsed(text.slice(from, at)) : text.slice(from + 1, at - 1);
    },
    takeSpelledString() {
      const from = at;
      const escaped = passString();
      const spelled = text.slice(from, at);
      // Escapes have more than one spelling; one stands for all, so that equal values stay equal.
      return escaped ? JSON.stringify(parsed(spelled)) : spelled;
    },
    takeBare() {
      bareToken.lastIndex = at;
      const found = bareToken.exec(text);
      if (!found) return fail('invalid');
      at = bareToken.lastIndex;
      return found[0];
    },
  };
}
