import { memberNamed, type PathState } from './json-paths.ts';
import {
  backslash,
  bareEnd,
  closeList,
  closeObject,
  colon,
  comma,
  deepestJson,
  openList,
  openObject,
  quote,
  unescaped,
} from './json-text.ts';

/** Takes the leaf `bytes[start, end)`: a string's value, or the spelling of a number, true or false. Valid until it returns. */
export type VisitLeaf<T> = (rule: T, bytes: Uint8Array, start: number, end: number) => void;

/** A place in documents, with what is wanted there. Made when it is first reached, and kept. */
type Place<T> = {
  readonly state: PathState<T>;
  /** Of a leaf here; undefined where it is not wanted. */
  readonly rule: T | undefined;
  /** Whether nothing is wanted here and below. */
  readonly isIdle: boolean;
  readonly members: readonly { readonly key: Uint8Array; readonly place: Place<T> }[];
  other: Place<T> | undefined;
  item: Place<T> | undefined;
};

const space = 0x20;
const letterN = 0x6e;
/** In place of where it goes on: the text is no JSON. */
const invalid = -1;

/**
 * Makes a function that goes through a JSON text, which must be UTF-8, and visits each leaf with a rule that is `wanted`. It stops, without a
 * word, where the text is no JSON; where nothing is wanted it does not look that closely. The first pass over the sources goes through each
 * document that may hold a real value, so the place in the text is handed from function to function: the processor then has it at hand.
 */
export function createJsonVisitor<T>(
  root: PathState<T>,
  wanted: (rule: T) => boolean,
): (document: Uint8Array, visit: VisitLeaf<T>) => void {
  const encoder = new TextEncoder();
  let visitor: VisitLeaf<T> = () => undefined;

  const placeOf = (state: PathState<T>): Place<T> => {
    const isIdle = !state.rules.some(wanted);
    return {
      state,
      isIdle,
      rule: state.rule !== undefined && wanted(state.rule) ? state.rule : undefined,
      members: isIdle ? [] : state.named.map(({ key, state: member }) => ({ key, place: placeOf(member) })),
      other: undefined,
      item: undefined,
    };
  };
  const otherOf = (place: Place<T>): Place<T> => {
    place.other ??= placeOf(place.state.other());
    return place.other;
  };
  const itemOf = (place: Place<T>): Place<T> => {
    place.item ??= placeOf(place.state.item());
    return place.item;
  };
  /** The member whose name is `bytes[start, end)`. */
  const memberAt = (place: Place<T>, bytes: Uint8Array, start: number, end: number): Place<T> =>
    memberNamed(place.members, bytes, start, end)?.place ?? otherOf(place);
  /** The same of a name with escapes; undefined where they are none. */
  const memberSpelled = (place: Place<T>, bytes: Uint8Array, start: number, end: number): Place<T> | undefined => {
    const name = unescaped(bytes, start, end);
    if (name === undefined) return undefined;
    const plain = encoder.encode(name);
    return memberAt(place, plain, 0, plain.length);
  };

  const leaf = (place: Place<T>, bytes: Uint8Array, start: number, end: number): void => {
    if (place.rule !== undefined) visitor(place.rule, bytes, start, end);
  };
  const stringLeaf = (place: Place<T>, bytes: Uint8Array, start: number, length: number): number => {
    const end = stringEnd(bytes, start, length);
    if (end === invalid) return invalid;
    if (!hasEscapes) leaf(place, bytes, start, end);
    else if (place.rule !== undefined) {
      const text = unescaped(bytes, start, end);
      if (text === undefined) return invalid;
      const plain = encoder.encode(text);
      leaf(place, plain, 0, plain.length);
    }
    return end + 1;
  };
  const value = (place: Place<T>, bytes: Uint8Array, from: number, length: number, depth: number): number => {
    const at = blanksEnd(bytes, from, length);
    if (place.isIdle) return valueEnd(bytes, at, length);
    const byte = at < length ? bytes[at] : invalid;
    if (byte === quote) return stringLeaf(place, bytes, at + 1, length);
    if (byte === openObject || byte === openList) {
      if (depth === deepestJson) return invalid;
      return byte === openObject ? members(place, bytes, at + 1, length, depth + 1) : items(place, bytes, at + 1, length, depth + 1);
    }
    const end = bareEnd(bytes, at);
    if (end === at) return invalid;
    if (byte !== letterN) leaf(place, bytes, at, end);
    return end;
  };
  const members = (place: Place<T>, bytes: Uint8Array, from: number, length: number, depth: number): number => {
    let at = blanksEnd(bytes, from, length);
    if (bytes[at] === closeObject && at < length) return at + 1;
    for (; ; at += 1) {
      at = blanksEnd(bytes, at, length);
      if (at >= length || bytes[at] !== quote) return invalid;
      const end = stringEnd(bytes, at + 1, length);
      if (end === invalid) return invalid;
      const member = hasEscapes ? memberSpelled(place, bytes, at + 1, end) : memberAt(place, bytes, at + 1, end);
      if (!member) return invalid;
      at = blanksEnd(bytes, end + 1, length);
      if (at >= length || bytes[at] !== colon) return invalid;
      at = value(member, bytes, at + 1, length, depth);
      if (at === invalid) return invalid;
      at = blanksEnd(bytes, at, length);
      if (at >= length || bytes[at] !== comma) return at < length && bytes[at] === closeObject ? at + 1 : invalid;
    }
  };
  const items = (place: Place<T>, bytes: Uint8Array, from: number, length: number, depth: number): number => {
    let at = blanksEnd(bytes, from, length);
    if (at < length && bytes[at] === closeList) return at + 1;
    for (const item = itemOf(place); ; at += 1) {
      at = value(item, bytes, at, length, depth);
      if (at === invalid) return invalid;
      at = blanksEnd(bytes, at, length);
      if (at >= length || bytes[at] !== comma) return at < length && bytes[at] === closeList ? at + 1 : invalid;
    }
  };

  const rootPlace = placeOf(root);
  return (document, visit) => {
    visitor = visit;
    // Always a plain array of bytes, never a Buffer: the engine then reads it without asking which of the two it is.
    const bytes = document.constructor === Uint8Array ? document : new Uint8Array(document.buffer, document.byteOffset, document.length);
    value(rootPlace, bytes, 0, bytes.length, 0);
  };
}

function blanksEnd(bytes: Uint8Array, from: number, length: number): number {
  let at = from;
  while (at < length && isBlank(bytes[at] as number)) at += 1;
  return at;
}

function isBlank(byte: number): boolean {
  return byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Whether the string that `stringEnd` was last asked for has escapes. */
let hasEscapes = false;

/** Where the closing quote of the string stands whose first byte is at `from`. */
function stringEnd(bytes: Uint8Array, from: number, length: number): number {
  hasEscapes = false;
  for (let at = from; at < length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote) return at;
    if (byte === backslash) {
      hasEscapes = true;
      at += 1;
    } else if (byte < space) return invalid;
  }
  return invalid;
}

/** Where the value ends that begins here, with all that is in it, which need not be JSON. */
function valueEnd(bytes: Uint8Array, from: number, length: number): number {
  let open = 0;
  for (let at = from; at < length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote) {
      for (at += 1; at < length && bytes[at] !== quote; at += 1) if (bytes[at] === backslash) at += 1;
      if (open === 0) return at + 1;
    } else if (byte === openObject || byte === openList) open += 1;
    else if (byte === comma || byte === closeObject || byte === closeList) {
      // Behind a number or a word, what closes what it stands in.
      if (open === 0) return at;
      if (byte === comma) continue;
      open -= 1;
      if (open === 0) return at + 1;
    }
  }
  return open > 0 ? invalid : length;
}
