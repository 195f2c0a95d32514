import { describe, expect, it } from 'vitest';
import type { Value } from '../../anonymizers/index.ts';
import { createByteBuffer } from '../../builder/byte-buffer.ts';
import { createFieldPlaces, valuesOf } from '../../builder/postgres/copy-rows.ts';
import { appendRow } from '../../builder/table-text.ts';

function encode(row: readonly Value[], encodings: ('text' | 'hex')[]): string {
  const out = createByteBuffer(1);
  appendRow(out, row, encodings);
  return out.bytes.toString('latin1', 0, out.length);
}

const bytes = (text: string): Value => Buffer.from(text);

describe('the canonical text of a row', () => {
  it('separates, escapes and ends', () => {
    expect(encode([bytes('a\tb'), null, bytes(''), bytes('\\N\n\r\0')], ['text', 'text', 'text', 'text'])).toBe(
      'a\\tb\t\\N\t\t\\\\N\\n\\r\\0\n',
    );
  });

  it('writes binary values as hexadecimal digits', () => {
    expect(encode([Uint8Array.of(0, 9, 255), null], ['hex', 'hex'])).toBe('0009ff\t\\N\n');
  });

  it('is what COPY text is: read as such, every value comes back', () => {
    const values: Value[][] = [
      [bytes('plain'), bytes('tab\tnewline\nback\\slash\rreturn'), null],
      [bytes(''), bytes('\\N'), bytes('🙂 été \\t literal')],
      [null, null, null],
    ];
    const places = createFieldPlaces(3);
    for (const row of values) {
      const line = Buffer.from(encode(row, ['text', 'text', 'text']), 'latin1');
      const found = valuesOf({ bytes: line, at: 0, end: line.length - 1 }, places, 'x');
      expect(found.map((value) => value && Buffer.from(value))).toEqual(row);
    }
  });
});
