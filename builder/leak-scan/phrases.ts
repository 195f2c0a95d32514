import { isUtf8 } from 'node:buffer';
import type { WatchKind } from '../../anonymizers/primitives.ts';
import { traits } from './byte-traits.ts';
import { isAsciiOnly } from './bytes.ts';
import { decodeTableEscapes } from './decode.ts';
import { createPassedTexts } from './passed-texts.ts';
import type { Found } from './scanner.ts';
import { sweepTraits } from './sweep-memory.ts';
import type { WatchList } from './watch-list.ts';
import { createWordForm } from './word-form.ts';
import { hashStart, nextHash } from './word-hash.ts';
import { createWordWalk, type WordWalk } from './word-walk.ts';

/** Of a phrase that can be found. */
export const mostWords = 12;
export const longestPhrase = 256;
/** In a text a phrase can be longer: signs of rows are escaped. */
const longestInText = 2 * longestPhrase;
/** A phrase is found by the last of its words that has so many bytes: shorter ones are everywhere. */
export const shortestAnchor = 4;
/** Words, shorter ones, that can follow it. */
export const mostBehindAnchor = 3;
const space = 0x20;
const percent = 0x25;
const atSign = 0x40;
const backslash = 0x5c;
/** Words that can stand before and behind a name's last word where it comes first. */
const mostFirstNames = 3;
/** A shorter phrase of ASCII is never watched. */
const shortestWatched = 5;

/** What a phrase is quickly known by: its first word and its anchor. */
export function phraseHash(first: number, anchor: number): number {
  return nextHash(nextHash(hashStart, first), anchor);
}

export type PhraseScan = {
  /** Looks for watched words and phrases around the words in `bytes[start, end)`, which the filter knows or cannot tell. */
  look(bytes: Uint8Array, start: number, end: number, to: number, isTable: boolean, place: number): void;
  /** To be called when more values are watched. */
  forget(): void;
};

export function createPhraseScan(watch: WatchList, found: Found): PhraseScan {
  const passed = createPassedTexts();
  /** Words beyond ASCII that are no anchors. */
  const idle = createPassedTexts();
  const form = createWordForm();
  /** A phrase without the escapes of rows. */
  const unescaped = new Uint8Array(longestInText);
  const walks = { table: createWordWalk(true), text: createWordWalk(false) };
  /** A word with blanks for its signs. */
  const joined = new Uint8Array(longestInText);
  /** A name with its first names in front again. */
  const turned = new Uint8Array(2 * longestPhrase + 1);

  const knownAs = (bytes: Uint8Array, start: number, end: number): WatchKind | undefined => {
    if (end - start < shortestWatched && isAsciiOnly(bytes, start, end)) return undefined;
    if (passed.has(bytes, start, end)) return undefined;
    const known = watch.words(bytes.subarray(start, end));
    if (!known) passed.add(bytes, start, end);
    return known;
  };

  const phraseKnownAs = (bytes: Uint8Array, start: number, end: number, walk: WordWalk): WatchKind | undefined => {
    if (walk === walks.text || !bytes.subarray(start, end).includes(backslash)) return knownAs(bytes, start, end);
    return knownAs(unescaped, 0, decodeTableEscapes(bytes, start, end, unescaped));
  };

  /** The words before the anchor, and a few behind it. */
  const phrases = (bytes: Uint8Array, anchor: Anchor, to: number, walk: WordWalk, place: number): boolean => {
    let { start, hash } = anchor;
    for (let count = 1; ; count += 1) {
      if (watch.mayBePhrase(phraseHash(hash, anchor.hash))) {
        let { end } = anchor;
        for (let behind = 0; ; behind += 1) {
          // The anchor alone has been looked up.
          const known = count + behind > 1 ? phraseKnownAs(bytes, start, end, walk) : undefined;
          if (known) {
            found(`known-${known}`, place, bytes, start, end);
            return true;
          }
          if (behind === mostBehindAnchor || !walk.after(bytes, end, to) || walk.end - start > longestInText) break;
          end = walk.end;
        }
      }
      if (count === mostWords || !walk.before(bytes, start, 0) || anchor.end - walk.start > longestInText) return false;
      start = walk.start;
      hash = form.hash(bytes, walk.start, walk.end);
    }
  };

  /** `Dupont, Marie` for Marie Dupont. */
  const turnedNames = (bytes: Uint8Array, anchor: Anchor, to: number, walk: WordWalk, place: number): void => {
    if (anchor.end - anchor.start > longestPhrase || !walk.after(bytes, anchor.end, to)) return;
    const firstFrom = walk.start;
    if (!watch.mayBePhrase(phraseHash(form.hash(bytes, walk.start, walk.end), anchor.hash))) return;
    let firstTo = walk.end;
    for (let first = 1; ; first += 1) {
      if (firstTo - anchor.end > longestPhrase) return;
      turned.set(bytes.subarray(firstFrom, firstTo));
      turned[firstTo - firstFrom] = 0x20;
      let { start } = anchor;
      for (let last = 1; ; last += 1) {
        turned.set(bytes.subarray(start, anchor.end), firstTo - firstFrom + 1);
        if (knownAs(turned, 0, firstTo - firstFrom + 1 + anchor.end - start) === 'name') {
          found('known-name', place, bytes, start, firstTo);
          return;
        }
        if (last === mostFirstNames || !walk.before(bytes, start, 0) || anchor.end - walk.start > longestPhrase) break;
        start = walk.start;
      }
      if (first === mostFirstNames || !walk.after(bytes, firstTo, to)) return;
      firstTo = walk.end;
    }
  };

  /** The same of a word in Latin-1, with what stands around it. */
  const lookInLatin1 = (bytes: Uint8Array, start: number, end: number, to: number, isTable: boolean, place: number): void => {
    const from = Math.max(0, start - longestInText);
    const written = bytes.subarray(from, Math.min(to, end + longestInText));
    let anchorFrom = start - from;
    let anchorTo = end - from;
    for (let at = 0; at < end - from; at += 1) {
      if ((written[at] as number) < 0x80) continue;
      if (at < start - from) anchorFrom += 1;
      anchorTo += 1;
    }
    const utf8 = new Uint8Array(Buffer.from(Buffer.from(written).toString('latin1')));
    look(utf8, anchorFrom, anchorTo, utf8.length, isTable, place);
  };

  /** The same of the words between the signs of a word such as `marie.dupont`: of those that end it. */
  const lookInJoined = (bytes: Uint8Array, start: number, end: number, place: number): void => {
    const from = lastPieceFrom(bytes, start, end);
    if (from === start || end - start > joined.length || end - from < shortestAnchor) return;
    for (let at = start; at < end; at += 1) joined[at - start] = isJoining(bytes[at]) ? space : (bytes[at] as number);
    look(joined, from - start, end - start, end - start, false, place);
  };

  const look: PhraseScan['look'] = (bytes, start, end, to, isTable, place) => {
    const walk = isTable ? walks.table : walks.text;
    for (let at = start; walk.after(bytes, at, end); ) {
      at = walk.end;
      const isAscii = isAsciiOnly(bytes, walk.start, walk.end);
      if (!isAscii && idle.has(bytes, walk.start, walk.end)) continue;
      const anchor = { start: walk.start, end: walk.end, hash: form.hash(bytes, walk.start, walk.end) };
      const isJoined = !isInAddress(bytes, anchor.end) && lastPieceFrom(bytes, anchor.start, anchor.end) > anchor.start;
      // It may be one of several between blanks beyond ASCII, and the sweep does not tell spellings beyond ASCII apart.
      if (watch.mayEndWith(anchor.hash)) {
        const known = knownAs(bytes, anchor.start, anchor.end);
        if (known) found(`known-${known}`, place, bytes, anchor.start, anchor.end);
        else if (!phrases(bytes, anchor, to, walk, place)) turnedNames(bytes, anchor, to, walk, place);
        if (!isAscii && !isUtf8(bytes.subarray(anchor.start, anchor.end)))
          lookInLatin1(bytes, anchor.start, anchor.end, to, isTable, place);
      } else if (!isAscii && !isJoined) idle.add(bytes, anchor.start, anchor.end);
      if (isJoined) lookInJoined(bytes, anchor.start, anchor.end, place);
    }
  };

  return {
    look,
    forget() {
      passed.forget();
      idle.forget();
    },
  };
}

/** Whether the byte can stand in a word in the place of a blank. */
export function isJoining(byte: number | undefined): boolean {
  return byte !== undefined && ((traits[byte] as number) & sweepTraits.joining) !== 0;
}

/** Whether the word that ends here is the first part of an e-mail address, which is looked at as a whole; its @ may be percent-encoded. */
export function isInAddress(bytes: Uint8Array, end: number): boolean {
  return bytes[end] === atSign || bytes[end] === percent;
}

/** Where the last of the words begins that `_` or `.` join in a word `bytes[start, end)`; `start` where none does. */
export function lastPieceFrom(bytes: Uint8Array, start: number, end: number): number {
  let from = end;
  while (from > start && !isJoining(bytes[from - 1])) from -= 1;
  return from;
}

type Anchor = { readonly start: number; readonly end: number; readonly hash: number };
