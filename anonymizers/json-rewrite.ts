import type { PathState } from './json-paths.ts';
import { closeList, closeObject, colon, comma, createJsonText, deepestJson, openList, openObject, quote } from './json-text.ts';

/** A leaf's new JSON text. `text` is a string's value or the spelling of a number, true or false. */
export type RewriteLeaf<T> = (rule: T, text: string, isString: boolean) => string;

/**
 * Makes a function that rewrites a JSON text leaf by leaf in one pass: compact, members in their order, doubled members each for
 * themselves, numbers that are kept as they are spelled. Nulls, empty objects and empty lists need no rule. The function throws
 * JsonRefused for what is no JSON, or nested too deep, and for a leaf that no rule decides.
 * @param keeps whether a rule leaves every leaf as it is
 */
export function createJsonRewriter<T>(
  root: PathState<T>,
  keeps: (rule: T) => boolean,
  rewriteLeaf: RewriteLeaf<T>,
): (text: string) => string {
  const json = createJsonText();
  const { path, fail, peek, take } = json;

  const rewriteString = ({ rule }: PathState<T>): string => {
    if (rule === undefined) return fail('undecided');
    return keeps(rule) ? json.takeSpelledString() : rewriteLeaf(rule, json.takeString(), true);
  };
  const rewriteBare = ({ rule }: PathState<T>): string => {
    const token = json.takeBare();
    if (token === 'null') return token;
    if (rule === undefined) return fail('undecided');
    return keeps(rule) ? token : rewriteLeaf(rule, token, false);
  };
  const rewriteObject = (state: PathState<T>): string => {
    if (take(closeObject)) return '{}';
    let result = '';
    do {
      if (peek() !== quote) fail('invalid');
      const key = json.takeString();
      if (!take(colon)) fail('invalid');
      path.push(key);
      result += `${result === '' ? '{' : ','}${spelled(key)}:${rewrite(state.member(key))}`;
      path.pop();
    } while (take(comma));
    if (!take(closeObject)) fail('invalid');
    return `${result}}`;
  };
  const rewriteList = (state: PathState<T>): string => {
    if (take(closeList)) return '[]';
    let result = '';
    path.push(undefined);
    do result += `${result === '' ? '[' : ','}${rewrite(state.item())}`;
    while (take(comma));
    path.pop();
    if (!take(closeList)) fail('invalid');
    return `${result}]`;
  };
  const rewrite = (state: PathState<T>): string => {
    const next = peek();
    if (next === quote) return rewriteString(state);
    if (next !== openObject && next !== openList) return rewriteBare(state);
    if (path.length === deepestJson) fail('invalid');
    take(next);
    return next === openObject ? rewriteObject(state) : rewriteList(state);
  };

  return (document) => {
    json.start(document);
    const result = rewrite(root);
    if (!Number.isNaN(peek())) fail('invalid');
    return result;
  };
}

const plainKey = /^[\w $@:.-]*$/;

function spelled(key: string): string {
  return plainKey.test(key) ? `"${key}"` : JSON.stringify(key);
}
