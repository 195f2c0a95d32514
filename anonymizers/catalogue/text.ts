import { isUtf8 } from 'node:buffer';
import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter } from '../anonymizer.ts';
import { createDraw } from '../draw.ts';
import { packWords, writeWord } from '../packed-words.ts';
import { copyOf } from '../pseudonym-bytes.ts';
import { isAsciiBlank, mayBeWideBlank } from '../white-space.ts';
import { neutralWords } from '../words/neutral-words.ts';

const longestWord = 10;
const roomBytes = 4096;
const [space, lineFeed, carriageReturn] = [0x20, 0x0a, 0x0d];
const words = packWords(neutralWords);
const lineBreaks = /(\r\n|\n|\r)/;

export const text = defineAnonymizer({
  name: 'text',
  summary: 'Neutral words in place of prose: lines stay lines and keep about their length, nothing else of the original is left.',
  types: ['text'],
  facts: {
    charset: 'input',
    length: 'input',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'with-key',
    protects: 'Everything that was written.',
    leaves: 'Lines and their lengths.',
    example: { value: 'Call Marie back on Monday' },
  },
  parameters: z.strictObject({ identity: identityParameter('value.token') }),
  create: ({ identity }, tools) => {
    const draw = createDraw(tools.prf('text/1', identity, 'token'));
    // How many of the words, which stand in order of length, are at most that long.
    const upTo = Array.from({ length: longestWord + 1 }, (_, length) => neutralWords.filter((word) => word.length <= length).length);
    const replaceLine = (line: string): string => {
      let room = 0;
      for (const _ of line.trim()) room++;
      let result = '';
      while (room > 0) {
        const word = neutralWords[draw.below(upTo[Math.min(room, longestWord)] as number)] as string;
        result += result === '' ? word : ` ${word}`;
        room -= word.length + 1;
      }
      return result;
    };
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    /** For texts that are not long. */
    const room = new Uint8Array(roomBytes);
    /** Writes a line of `count` characters. @returns its end */
    const writeLine = (into: Uint8Array, from: number, count: number): number => {
      let at = from;
      for (let left = count; left > 0; ) {
        const word = draw.below(upTo[Math.min(left, longestWord)] as number);
        if (at > from) into[at++] = space;
        const start = at;
        at = writeWord(words, word, into, at);
        left -= at - start + 1;
      }
      return at;
    };
    /** On bytes; undefined of what is no UTF-8, and where a line begins or ends with what can be white space beyond ASCII: both take a closer look. */
    const replaceBytes = (value: Uint8Array): Uint8Array | undefined => {
      const written = value.length <= room.length ? room : new Uint8Array(value.length);
      let length = 0;
      let allBytes = 0;
      for (let at = 0; ; at++) {
        const start = at;
        let first = -1;
        let last = -1;
        // Of a character, its first byte.
        let count = 0;
        let countToLast = 0;
        for (; at < value.length && value[at] !== lineFeed && value[at] !== carriageReturn; at++) {
          const byte = value[at] as number;
          allBytes |= byte;
          const isBlank = isAsciiBlank(byte);
          if (isBlank && first < 0) continue;
          if (first < 0) first = at;
          if ((byte & 0xc0) !== 0x80) count++;
          if (isBlank) continue;
          last = at;
          countToLast = count;
        }
        if (first >= start && (mayBeWideBlank(value, first) || mayBeWideBlank(value, last))) return undefined;
        length = writeLine(written, length, countToLast);
        if (at >= value.length) break;
        written[length++] = value[at] as number;
        if (value[at] === carriageReturn && value[at + 1] === lineFeed) written[length++] = value[++at] as number;
      }
      // Of ASCII, the question would cost as much as half of the rest.
      if (allBytes >= 0x80 && !isUtf8(value)) return undefined;
      return copyOf(written, 0, length);
    };
    return {
      unique: false,
      longest: 'input',
      apply: (value) => {
        draw.start(value, value.length);
        const replaced = replaceBytes(value);
        if (replaced) return replaced;
        draw.start(value, value.length);
        const pieces = decoder.decode(value).split(lineBreaks);
        // Every second piece is a line break.
        for (let at = 0; at < pieces.length; at += 2) pieces[at] = replaceLine(pieces[at] as string);
        return encoder.encode(pieces.join(''));
      },
    };
  },
});
