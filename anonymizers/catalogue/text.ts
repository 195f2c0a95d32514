import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter } from '../anonymizer.ts';
import { createDraw } from '../draw.ts';
import { neutralWords } from '../words/neutral-words.ts';

const longestWord = 10;
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
    return {
      unique: false,
      longest: 'input',
      apply: (value) => {
        draw.start(value, value.length);
        const pieces = decoder.decode(value).split(lineBreaks);
        // Every second piece is a line break.
        for (let at = 0; at < pieces.length; at += 2) pieces[at] = replaceLine(pieces[at] as string);
        return encoder.encode(pieces.join(''));
      },
    };
  },
});
