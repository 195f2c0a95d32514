/**
 * The words of a text, without case and accents. `folded[0, …)` holds them one after the other with a space between; reused by the next text.
 * Word `n` stands in the text at `starts[n]` to `ends[n]`, and in `folded` at `foldedStarts[n]` to `foldedEnds[n]`.
 */
export type Words = {
  readonly count: number;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly folded: Uint8Array;
  readonly foldedStarts: readonly number[];
  readonly foldedEnds: readonly number[];
  /** A quick hash of each word. */
  readonly hashes: readonly number[];
  /** Whether nothing but what stands inside of names stands between a word and the one before: `Jean-Pierre`, `O'Brien`, `Dupont, Marie`. */
  readonly joins: readonly boolean[];
};

/** What a character is: part of a word, written as these bytes; a mark on the letter before; or something between words. */
type Character = { readonly kind: 'word'; readonly bytes: readonly number[] } | { readonly kind: 'mark' | 'joint' | 'end' };

/** Of one character: ligatures that stand for whole phrases have more. */
const mostBytes = 16;
const mostJoints = 3;
/** Before a dot inside a name: `J. P. Martin`, `St. John`. */
const longestBeforeDot = 3;
const dot = 0x2e;
const hashStart = 0x811c9dc5 | 0;
const hashFactor = 0x01000193;

/** Letters that no decomposition takes apart. */
const plainLetters: Readonly<Record<string, string>> = {
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ð: 'd',
  đ: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
  ħ: 'h',
};
const wordPattern = /[\p{L}\p{N}]/u;
const markPattern = /\p{M}/u;
const jointPattern = /[\s'’‘ʼ\-‐‑.,]/u;

function characterOf(character: string): Character {
  if (markPattern.test(character)) return { kind: 'mark' };
  if (!wordPattern.test(character)) return { kind: jointPattern.test(character) ? 'joint' : 'end' };
  // Upper case first: it unfolds what has no single lower-case partner (ß, final sigma).
  const bare = character.toUpperCase().toLowerCase().normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const folded = [...bare].map((letter) => plainLetters[letter] ?? letter).join('');
  return { kind: 'word', bytes: [...folded].flatMap(bytesOf).slice(0, mostBytes) };
}

/** A code of our own, since only equality counts: ASCII is itself. */
function bytesOf(character: string): number[] {
  const code = character.codePointAt(0) as number;
  return code < 0x80 ? [code] : [0x80 | (code >>> 14), 0x80 | ((code >>> 7) & 0x7f), 0x80 | (code & 0x7f)];
}

/** What the characters of ASCII are: the byte that they are folded to, or one of these. */
const jointCode = 0;
const endCode = 1;
const asciiCodes = Uint8Array.from({ length: 0x80 }, (_, code) => {
  const character = characterOf(String.fromCharCode(code));
  if (character.kind === 'word') return character.bytes[0] as number;
  return character.kind === 'joint' ? jointCode : endCode;
});

/** Makes a function that reads the words of texts. */
export function createWordReader(): (text: string) => Words {
  const others = new Map<number, Character>();
  const other = (code: number): Character => {
    const known = others.get(code);
    if (known) return known;
    const character = characterOf(String.fromCodePoint(code));
    others.set(code, character);
    return character;
  };
  let folded = new Uint8Array(1024);
  const [starts, ends, foldedStarts, foldedEnds, hashes]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []];
  const joins: boolean[] = [];

  return (text) => {
    const mostFolded = text.length * (mostBytes + 1);
    if (folded.length < mostFolded) folded = new Uint8Array(mostFolded * 2);
    let count = 0;
    let length = 0;
    let hash = 0;
    let isOpen = false;
    let canJoin = false;
    let joints = 0;
    const open = (at: number): void => {
      isOpen = true;
      starts[count] = at;
      if (count > 0) folded[length++] = 0x20;
      foldedStarts[count] = length;
      joins[count] = canJoin && joints <= mostJoints;
      hash = hashStart;
    };
    const close = (at: number): void => {
      isOpen = false;
      ends[count] = at;
      foldedEnds[count] = length;
      hashes[count] = hash;
      count += 1;
      canJoin = true;
      joints = 0;
    };
    const takeBetween = (isJoint: boolean, isDot: boolean, at: number): void => {
      if (isOpen) close(at);
      joints += 1;
      if (!isJoint) canJoin = false;
      else if (isDot && count > 0 && (ends[count - 1] as number) - (starts[count - 1] as number) > longestBeforeDot) canJoin = false;
    };
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit < 0x80) {
        const byte = asciiCodes[unit] as number;
        if (byte > endCode) {
          if (!isOpen) open(at);
          folded[length++] = byte;
          hash = Math.imul(hash ^ byte, hashFactor);
        } else takeBetween(byte === jointCode, unit === dot, at);
        continue;
      }
      const code = unit < 0xd800 ? unit : (text.codePointAt(at) as number);
      const character = other(code);
      if (character.kind === 'word') {
        if (!isOpen) open(at);
        for (const byte of character.bytes) {
          folded[length++] = byte;
          hash = Math.imul(hash ^ byte, hashFactor);
        }
      } else if (character.kind !== 'mark' || !isOpen) takeBetween(character.kind === 'joint', false, at);
      if (code > 0xffff) at += 1;
    }
    if (isOpen) close(text.length);
    return { count, starts, ends, folded, foldedStarts, foldedEnds, hashes, joins };
  };
}
