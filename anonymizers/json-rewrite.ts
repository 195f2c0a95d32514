import { createJsonOutput, type JsonOutput } from './json-output.ts';
import type { PathState } from './json-paths.ts';
import { closeList, closeObject, colon, comma, createJsonText, deepestJson, openList, openObject, quote } from './json-text.ts';

/** Writes a leaf anew. `value` is a string's value or the spelling of a number, true or false; valid until it returns. */
export type RewriteLeaf<T> = (rule: T, value: Uint8Array, isString: boolean, out: JsonOutput) => void;

const letterN = 0x6e;

/**
 * Makes a function that rewrites a JSON text, which must be UTF-8, leaf by leaf in one pass: compact, members in their order, doubled
 * members each for themselves, numbers that are kept as they are spelled. Nulls, empty objects and empty lists need no rule. The function
 * throws JsonRefused for what is no JSON, or nested too deep, and for a leaf that no rule decides.
 * @param keeps whether a rule leaves every leaf as it is
 */
export function createJsonRewriter<T>(
  root: PathState<T>,
  keeps: (rule: T) => boolean,
  rewriteLeaf: RewriteLeaf<T>,
): (document: Uint8Array) => Uint8Array {
  const json = createJsonText();
  const out = createJsonOutput();
  const { token, fail, peek, take } = json;
  const encoder = new TextEncoder();

  /** The string that was taken, as it is spelled. Escapes have more than one spelling; one stands for all, so that equal values stay equal. */
  const spelled = (): void => {
    if (token.escaped) out.text(JSON.stringify(json.text()));
    else out.raw(token.bytes, token.start - 1, token.end + 1);
  };
  const rewriteString = ({ rule }: PathState<T>): void => {
    if (rule === undefined) fail('undecided');
    json.takeString();
    if (keeps(rule as T)) spelled();
    else rewriteLeaf(rule as T, token.escaped ? encoder.encode(json.text()) : token.bytes.subarray(token.start, token.end), true, out);
  };
  const rewriteBare = ({ rule }: PathState<T>): void => {
    json.takeBare();
    const isNull = token.bytes[token.start] === letterN;
    if (!isNull && rule === undefined) fail('undecided');
    if (isNull || rule === undefined || keeps(rule)) out.raw(token.bytes, token.start, token.end);
    else rewriteLeaf(rule, token.bytes.subarray(token.start, token.end), false, out);
  };
  const rewriteObject = (state: PathState<T>): void => {
    out.byte(openObject);
    if (!take(closeObject)) {
      let isFirst = true;
      do {
        if (peek() !== quote) fail('invalid');
        json.takeString();
        if (!isFirst) out.byte(comma);
        isFirst = false;
        spelled();
        out.byte(colon);
        const member = token.escaped ? state.member(json.text()) : state.memberAt(token.bytes, token.start, token.end);
        json.enterMember();
        if (!take(colon)) fail('invalid');
        rewrite(member);
        json.leave();
      } while (take(comma));
      if (!take(closeObject)) fail('invalid');
    }
    out.byte(closeObject);
  };
  const rewriteList = (state: PathState<T>): void => {
    out.byte(openList);
    if (!take(closeList)) {
      json.enterList();
      let isFirst = true;
      do {
        if (!isFirst) out.byte(comma);
        isFirst = false;
        rewrite(state.item());
      } while (take(comma));
      json.leave();
      if (!take(closeList)) fail('invalid');
    }
    out.byte(closeList);
  };
  const rewrite = (state: PathState<T>): void => {
    const next = peek();
    if (next === quote) rewriteString(state);
    else if (next !== openObject && next !== openList) rewriteBare(state);
    else {
      if (json.depth === deepestJson) fail('invalid');
      take(next);
      if (next === openObject) rewriteObject(state);
      else rewriteList(state);
    }
  };

  return (document) => {
    json.begin(document);
    out.begin();
    rewrite(root);
    if (peek() !== -1) fail('invalid');
    return out.take();
  };
}
