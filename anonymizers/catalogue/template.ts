import { isUtf8 } from 'node:buffer';
import * as z from 'zod/mini';
import { defineAnonymizer, described, refuse } from '../anonymizer.ts';
import { writeBytes } from '../pseudonym-bytes.ts';
import { isAsciiBlank, mayBeWideBlank } from '../white-space.ts';

const space = 0x20;

/** Text, or the place of a column. */
type Part = Uint8Array | number;

export const template = defineAnonymizer({
  name: 'template',
  summary: 'A text made of other columns of the row, as they are after anonymizing: `{first_name} {last_name}`. Longer results are cut.',
  types: ['text'],
  facts: {
    charset: 'input',
    length: 'cut',
    nulls: 'kept',
    decidedBy: 'row',
    unique: 'no',
    enumerable: 'no',
    protects: 'Everything that the value said.',
    leaves: 'What the other columns show after anonymizing.',
    example: { parameters: '{first_name} {last_name}', value: 'Marie Dupont', row: { first_name: 'Daisy', last_name: 'Hudson' } },
  },
  parameters: z.strictObject({
    text: described(z.string(), 'A text with `{column}` where the new value of a column or attribute stands; empty for NULL.'),
  }),
  short: 'text',
  create: ({ text }, { target, sibling }) => {
    const encoder = new TextEncoder();
    const reads: string[] = [];
    const parts = text.split(/(\{[^{}]+\})/).flatMap((piece): Part[] => {
      if (piece === '') return [];
      if (!piece.startsWith('{')) return [encoder.encode(piece)];
      const column = piece.slice(1, -1);
      reads.push(column);
      return [sibling(column).index];
    });
    if (reads.length === 0) refuse('"template" names no column; write {column}, or take "constant"');
    const limit = target.maxLength;
    let written = new Uint8Array(256);
    let length = 0;
    const append = (bytes: Uint8Array | null | undefined): void => {
      if (!bytes) return;
      if (length + bytes.length > written.length) {
        const larger = new Uint8Array((length + bytes.length) * 2);
        larger.set(written);
        written = larger;
      }
      length = writeBytes(bytes, written, length);
    };
    /** Without the blanks that a part that is NULL leaves around it. Undefined for what takes a closer look than at its bytes. */
    const tidied = (): Uint8Array | undefined => {
      let start = 0;
      while (start < length && isAsciiBlank(written[start] as number)) start++;
      let end = length;
      while (end > start && isAsciiBlank(written[end - 1] as number)) end--;
      if (end > start && (mayBeWideBlank(written, start) || mayBeWideBlank(written, end - 1))) return undefined;
      const result = new Uint8Array(end - start);
      let count = 0;
      let isAscii = true;
      for (let at = start; at < end; at++) {
        const byte = written[at] as number;
        isAscii &&= byte < 0x80;
        if (byte !== space || written[at - 1] !== space) result[count++] = byte;
      }
      const tidy = count === result.length ? result : result.subarray(0, count);
      return isAscii || isUtf8(tidy) ? tidy : undefined;
    };
    const tidiedSlowly = (mostCharacters: number | undefined): Uint8Array => {
      const text = Buffer.from(written.buffer, 0, length).toString('utf8').replaceAll(/ {2,}/g, ' ').trim();
      const isLong = mostCharacters !== undefined && text.length > mostCharacters;
      return encoder.encode(isLong ? [...text].slice(0, mostCharacters).join('') : text);
    };
    return {
      unique: false,
      longest: 'input',
      stage: 'after',
      reads,
      apply: (_, row) => {
        length = 0;
        for (const part of parts) append(typeof part === 'number' ? row[part] : part);
        const isPlain = limit === undefined || length <= limit;
        return (isPlain ? tidied() : undefined) ?? tidiedSlowly(limit);
      },
    };
  },
});
