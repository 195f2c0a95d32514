import type { PathState } from './json-paths.ts';
import {
  closeList,
  closeObject,
  colon,
  comma,
  createJsonText,
  deepestJson,
  JsonRefused,
  openList,
  openObject,
  quote,
} from './json-text.ts';

/** Takes the leaf `bytes[start, end)`: a string's value, or the spelling of a number, true or false. Valid until it returns. */
export type VisitLeaf<T> = (rule: T, bytes: Uint8Array, start: number, end: number) => void;

const letterN = 0x6e;

/**
 * Makes a function that goes through a JSON text, which must be UTF-8, and visits each leaf with a rule that is `wanted`. It stops, without a
 * word, where the text is no JSON; where nothing is wanted it does not look that closely.
 */
export function createJsonVisitor<T>(
  root: PathState<T>,
  wanted: (rule: T) => boolean,
): (document: Uint8Array, visit: VisitLeaf<T>) => void {
  const json = createJsonText();
  const { token, fail, peek, take } = json;
  const encoder = new TextEncoder();
  let visitor: VisitLeaf<T> = () => undefined;
  const idle = new Map<PathState<T>, boolean>();
  /** Whether nothing is wanted in this place and below it. */
  const isIdle = (state: PathState<T>): boolean => {
    let known = idle.get(state);
    if (known === undefined) {
      known = !state.rules.some(wanted);
      idle.set(state, known);
    }
    return known;
  };

  const members = (state: PathState<T>): void => {
    if (take(closeObject)) return;
    do {
      if (peek() !== quote) fail('invalid');
      json.takeString();
      const member = token.escaped ? state.member(json.text()) : state.memberAt(token.bytes, token.start, token.end);
      json.enterMember();
      if (!take(colon)) fail('invalid');
      visitValue(member);
      json.leave();
    } while (take(comma));
    if (!take(closeObject)) fail('invalid');
  };
  const items = (state: PathState<T>): void => {
    if (take(closeList)) return;
    json.enterList();
    do visitValue(state.item());
    while (take(comma));
    json.leave();
    if (!take(closeList)) fail('invalid');
  };
  const visitLeaf = ({ rule }: PathState<T>, isString: boolean): void => {
    if (isString) json.takeString();
    else json.takeBare();
    const isNull = !isString && token.bytes[token.start] === letterN;
    if (rule === undefined || isNull || !wanted(rule)) return;
    if (token.escaped) {
      const text = encoder.encode(json.text());
      visitor(rule, text, 0, text.length);
    } else visitor(rule, token.bytes, token.start, token.end);
  };
  const visitValue = (state: PathState<T>): void => {
    if (isIdle(state)) {
      json.skip();
      return;
    }
    const next = peek();
    if (next !== openObject && next !== openList) {
      visitLeaf(state, next === quote);
      return;
    }
    if (json.depth === deepestJson) fail('invalid');
    take(next);
    if (next === openObject) members(state);
    else items(state);
  };

  return (document, visit) => {
    visitor = visit;
    json.begin(document);
    try {
      visitValue(root);
    } catch (error) {
      if (!(error instanceof JsonRefused)) throw error;
    }
  };
}
