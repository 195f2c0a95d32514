import { expect, test } from 'vitest';
import { normalised, timeless } from '../support/normalised.ts';

const digest = 'a1'.repeat(32);

test.each([
  ['a digest, whole and short', `sha256:${digest} sha256:${digest.slice(0, 12)}`, `sha256:${'d'.repeat(64)} sha256:dddddddddddd`],
  ['an id', 'Job 01890a5d-ac96-774b-bcce-b302099a8057: x', `Job ${'i'.repeat(36)}: x`],
  ['a secret', 'dd_abcDEF123', 'dd_sssssssss'],
  ['a port', 'http://127.0.0.1:45123/a localhost:80', 'http://127.0.0.1:ppppp/a localhost:pp'],
])('%s is replaced by as many signs', (_what, text, expected) => {
  expect(normalised(text)).toBe(expected);
  expect(normalised(text)).toHaveLength(text.length);
});

test('a name stands for what the caller alone knows', () => {
  expect(normalised('/tmp/x-1/dyn-data.yaml of /tmp/x-1', new Map([['/tmp/x-1', '/FOLDER']]))).toBe('/FOLDER/dyn-data.yaml of /FOLDER');
});

test('durations have no length of their own', () => {
  expect(timeless('up     running   0.4 s   1 min 12 s\nafter 123.0 s, 12 rows')).toBe('up   running   TIME   TIME\nafter TIME, 12 rows');
});

test('everything else stays: counts, times, sizes, other addresses and other hexadecimal digits', () => {
  const text = '1,540 rows, 2024-06-01T00:00:00.000Z, 18.2 kB, 10.0.0.1:5000, key 3f9a, sha256:short, add_on';
  expect(normalised(text)).toBe(text);
});
