import { describe, expect, it } from 'vitest';
import type { Value } from '../../anonymizers/index.ts';
import { createByteBuffer } from '../../builder/byte-buffer.ts';
import { copyRows } from '../../builder/postgres/copy-text.ts';
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

  it('is what COPY text is: read as such, every value comes back', async () => {
    const values: Value[][] = [
      [bytes('plain'), bytes('tab\tnewline\nback\\slash\rreturn'), null],
      [bytes(''), bytes('\\N'), bytes('🙂 été \\t literal')],
      [null, null, null],
    ];
    const text = Buffer.from(values.map((row) => encode(row, ['text', 'text', 'text'])).join(''), 'latin1');
    for (const size of [1, 2, 3, 7, 1000]) {
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let from = 0; from < text.length; from += size) yield text.subarray(from, from + size);
      }
      const got: (string | null)[][] = [];
      for await (const batch of copyRows(pieces(), 3, 'x'))
        for (const row of batch) got.push(row.map((value) => (value === null ? null : Buffer.from(value).toString())));
      expect(got).toEqual(values.map((row) => row.map((value) => (value === null ? null : Buffer.from(value).toString()))));
    }
  });

  it.each([['one\n'], ['a\tb\tc\td\n'], ['a\tb\tc']])('refuses COPY rows of another form: %j', async (text) => {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(text);
    }
    await expect(Array.fromAsync(copyRows(pieces(), 3, 'x'))).rejects.toMatchObject({ code: 'SOURCE_FAILED' });
  });
});
