import * as z from 'zod/mini';
import { defineAnonymizer, refuse } from '../anonymizer.ts';

type Part = { readonly text: string } | { readonly index: number };

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
  parameters: z.strictObject({ text: z.string() }),
  short: 'text',
  create: ({ text }, { target, sibling }) => {
    const reads: string[] = [];
    const parts = text.split(/(\{[^{}]+\})/).flatMap((piece): Part[] => {
      if (piece === '') return [];
      if (!piece.startsWith('{')) return [{ text: piece }];
      const column = piece.slice(1, -1);
      reads.push(column);
      return [{ index: sibling(column).index }];
    });
    if (reads.length === 0) refuse('"template" names no column; write {column}, or take "constant"');
    const limit = target.maxLength;
    return {
      unique: false,
      longest: 'input',
      stage: 'after',
      reads,
      apply: (_, row) => {
        let result = '';
        for (const part of parts) {
          if ('text' in part) result += part.text;
          else {
            const value = row[part.index];
            if (value) result += Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
          }
        }
        // A part that is NULL leaves the blanks around it.
        result = result.replaceAll(/ {2,}/g, ' ').trim();
        if (limit !== undefined && result.length > limit) result = [...result].slice(0, limit).join('');
        return new TextEncoder().encode(result);
      },
    };
  },
});
