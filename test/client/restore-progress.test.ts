import { expect, test } from 'vitest';
import { createOutput } from '../../client/output.ts';
import { createRestoreProgress } from '../../client/restore-progress.ts';
import { makeDataImage } from '../support/data-image.ts';
import { mysqlSource } from '../support/shop-data.ts';

const [source] = (await makeDataImage([mysqlSource({ customers: 100, chunkRows: 10 })])).manifest.sources;
if (source === undefined) throw new Error('The image has a source.');
const chunks = source.tables.flatMap((table) => table.chunks);

/** What is written of a restore that loads a chunk every so many milliseconds. */
function written(options: { readonly isTerminal: boolean; readonly everyMs: number; readonly resumed?: boolean }): string {
  let text = '';
  let ms = Date.UTC(2026, 0, 1);
  const now = (): Date => new Date(ms);
  const sink = {
    isTerminal: options.isTerminal,
    columns: options.isTerminal ? 200 : undefined,
    write: (piece: string) => {
      text += piece;
    },
  };
  const output = createOutput({ stdout: sink, stderr: sink, json: false, events: false, color: false, now });
  const progress = createRestoreProgress({ output, now, service: 'db', source: source as NonNullable<typeof source> });
  progress.begin(options.resumed ? 'interrupted' : 'new');
  const [first, ...rest] = chunks;
  if (first && options.resumed) progress.resume({ tables: 0, ...first });
  for (const chunk of options.resumed ? rest : chunks) {
    ms += options.everyMs;
    progress.add(chunk);
  }
  progress.end();
  return text;
}

test('a terminal shows bytes, rate, what is left and rows', () => {
  const lines = written({ isTerminal: true, everyMs: 1000 }).split('\n');
  const shown = lines.filter((line) => line.includes(' left'));
  expect(shown).toHaveLength(chunks.length);
  expect(shown[0]).toMatch(/db: \[#* +\] +\d+ % {2}[\d.]+ k?B of [\d.]+ kB {2}[\d.]+ k?B\/s {2}\d+ s left {2}\d+ of \d+ rows$/);
  expect(shown.at(-1)).toMatch(/100 % .* {2}0 s left {2}(\d+) of \1 rows$/);
});

test('elsewhere there is a line every ten seconds, and what is far is in minutes', () => {
  const lines = written({ isTerminal: false, everyMs: 11_000 }).split('\n');
  expect(lines.filter((line) => line.startsWith('db: loaded '))).toHaveLength(chunks.length);
  expect(lines[1]).toMatch(/^db: loaded \d+ B of [\d.]+ kB, \d+ B\/s, \d+ min left, 10 of \d+ rows$/);
});

test('what an earlier restore has loaded counts as done, and not for the rate', () => {
  const shown = written({ isTerminal: false, everyMs: 11_000, resumed: true }).split('\n');
  const [, , next] = shown;
  const [first, second] = chunks;
  expect(next).toContain(`${(first?.rows ?? 0) + (second?.rows ?? 0)} of `);
  expect(next).toContain(`${Math.round((second?.sizeBytes ?? 0) / 11)} B/s`);
});
