import type { PathState } from './json-paths.ts';

/** A leaf's new JSON text. `text` is a string's value or the spelling of a number, true or false. */
export type RewriteLeaf<T> = (rule: T, text: string, isString: boolean) => string;

/** Why a document cannot be rewritten. Holds no value; member names only where they look like names. */
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

const deepest = 128;
const bareToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y;
const plainName = /^[A-Za-z_][\w-]{0,63}$/;
const quote = 0x22;
const backslash = 0x5c;

/**
 * Makes a function that rewrites a JSON text leaf by leaf in one pass: compact, members in their order, doubled members each for
 * themselves, numbers that are kept as they are spelled. Nulls, empty objects and empty lists need no rule. The function throws
 * JsonRefused for what is no JSON, or nested too deep, and for a leaf that no rule decides.
 */
export function createJsonRewriter<T>(root: PathState<T>, rewriteLeaf: RewriteLeaf<T>): (text: string) => string {
  let text = '';
  let at = 0;
  /** Names of members, undefined for elements of lists. */
  const path: (string | undefined)[] = [];

  const fail = (reason: JsonRefused['reason']): never => {
    const steps = path.map((key) => (key === undefined ? '[*]' : plainName.test(key) ? `.${key}` : '.?'));
    throw new JsonRefused(reason, `$${steps.join('')}`);
  };
  /** The next character that is no white space, as its code; NaN at the end. */
  const peek = (): number => {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      at += 1;
    }
  };
  const take = (code: number): boolean => {
    if (peek() !== code) return false;
    at += 1;
    return true;
  };
  const takeString = (): string => {
    const from = at;
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
    if (!escaped) return text.slice(from + 1, at - 1);
    try {
      return JSON.parse(text.slice(from, at)) as string;
    } catch {
      return fail('invalid');
    }
  };
  const takeBare = (): string => {
    bareToken.lastIndex = at;
    const found = bareToken.exec(text);
    if (!found) return fail('invalid');
    at = bareToken.lastIndex;
    return found[0];
  };
  const leaf = ({ rule }: PathState<T>, value: string, isString: boolean): string =>
    rule === undefined ? fail('undecided') : rewriteLeaf(rule, value, isString);

  const rewriteObject = (state: PathState<T>): string => {
    if (take(0x7d)) return '{}';
    let result = '';
    do {
      if (peek() !== quote) fail('invalid');
      const key = takeString();
      if (!take(0x3a)) fail('invalid');
      path.push(key);
      result += `${result === '' ? '{' : ','}${JSON.stringify(key)}:${rewrite(state.member(key))}`;
      path.pop();
    } while (take(0x2c));
    if (!take(0x7d)) fail('invalid');
    return `${result}}`;
  };
  const rewriteList = (state: PathState<T>): string => {
    if (take(0x5d)) return '[]';
    let result = '';
    path.push(undefined);
    do result += `${result === '' ? '[' : ','}${rewrite(state.item())}`;
    while (take(0x2c));
    path.pop();
    if (!take(0x5d)) fail('invalid');
    return `${result}]`;
  };
  const rewrite = (state: PathState<T>): string => {
    const next = peek();
    if (next === quote) return leaf(state, takeString(), true);
    if (next === 0x7b || next === 0x5b) {
      if (path.length === deepest) fail('invalid');
      at += 1;
      return next === 0x7b ? rewriteObject(state) : rewriteList(state);
    }
    const token = takeBare();
    return token === 'null' ? token : leaf(state, token, false);
  };

  return (document) => {
    text = document;
    at = 0;
    path.length = 0;
    const result = rewrite(root);
    if (!Number.isNaN(peek())) fail('invalid');
    return result;
  };
}
