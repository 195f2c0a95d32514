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

/**
 * Makes a function that goes through a JSON text and visits each leaf with a rule that is `wanted`: a string's value, or the spelling of a
 * number, true or false. It stops, without a word, where the text is no JSON.
 */
export function createJsonVisitor<T>(
  root: PathState<T>,
  wanted: (rule: T) => boolean,
): (text: string, visit: (rule: T, text: string) => void) => void {
  const json = createJsonText();
  const { path, fail, peek, take } = json;
  let visitor: (rule: T, text: string) => void = () => undefined;

  const members = (state: PathState<T>): void => {
    if (take(closeObject)) return;
    do {
      if (peek() !== quote) fail('invalid');
      const key = json.takeString();
      if (!take(colon)) fail('invalid');
      visitValue(state.member(key));
    } while (take(comma));
    if (!take(closeObject)) fail('invalid');
  };
  const items = (state: PathState<T>): void => {
    if (take(closeList)) return;
    do visitValue(state.item());
    while (take(comma));
    if (!take(closeList)) fail('invalid');
  };
  const visitValue = (state: PathState<T>): void => {
    const next = peek();
    if (next === openObject || next === openList) {
      if (path.length === deepestJson) fail('invalid');
      take(next);
      path.push(undefined);
      if (next === openObject) members(state);
      else items(state);
      path.pop();
      return;
    }
    const { rule } = state;
    const isWanted = rule !== undefined && wanted(rule);
    if (next === quote) {
      if (isWanted) visitor(rule, json.takeString());
      else json.passString();
      return;
    }
    const token = json.takeBare();
    if (isWanted && token !== 'null') visitor(rule, token);
  };

  return (document, visit) => {
    visitor = visit;
    json.start(document);
    try {
      visitValue(root);
    } catch (error) {
      if (!(error instanceof JsonRefused)) throw error;
    }
  };
}
