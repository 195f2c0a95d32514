import { expect, test } from 'vitest';
import { rememberRecent } from '../../anonymizers/recent-values.ts';
import { column, compile, shop, transformed } from './live.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
/** A function of the value whose calls are counted: some results are long, some NULL. */
function counting(): { readonly calls: () => number; readonly apply: (value: Uint8Array) => Uint8Array | null } {
  let calls = 0;
  return {
    calls: () => calls,
    apply: (value) => {
      calls += 1;
      const text = Buffer.from(value).toString('latin1');
      if (text.endsWith('7')) return null;
      return bytes(text.endsWith('3') ? text.repeat(30) : `<${text}>`);
    },
  };
}

test('gives what the function gives, whatever came before, and asks it seldom for values that come again', () => {
  const { apply, calls } = counting();
  const remembering = rememberRecent(apply);
  const plain = counting().apply;
  const rows = 30_000;
  let different = 0;
  for (let row = 0; row < rows; row++) {
    // A value in received memory that is used again, as rows are.
    const value = bytes(['', 'x'.repeat(60), '\0', `city ${(row * 7_919) % 1_000}`][row % 4] as string);
    const [result, expected] = [remembering(value, []), plain(value)];
    if (result === null || expected === null ? result !== expected : Buffer.compare(result, expected) !== 0) different += 1;
    value.fill(0);
  }
  expect(different).toBe(0);
  expect(calls()).toBeLessThan(rows / 2);
});

test('a result that was handed out is nobody else’s', () => {
  const remembering = rememberRecent(counting().apply);
  const results = Array.from({ length: 3 }, () => remembering(bytes('Lyon'), []) as Uint8Array);
  for (const result of results.slice(1)) result.fill(0);
  expect(remembering(bytes('Lyon'), [])).toEqual(bytes('<Lyon>'));
});

test('stops where values hardly come again', () => {
  const { apply, calls } = counting();
  const remembering = rememberRecent(apply);
  for (let value = 0; value < 50_000; value++) remembering(bytes(`token ${value}`), []);
  const before = calls();
  for (let times = 0; times < 10; times++) remembering(bytes('once more'), []);
  expect(calls() - before).toBe(10);
});

test('a plan remembers nothing of what other columns or the rows before decide', () => {
  const policy = compile(
    `
sources:
  mysql:
    tables:
      people:
        keep: [kind]
        columns:
          name: { when: { column: kind, is: company, then: company-name, else: last-name } }
          answer: { json: { paths: { $.colour: { shuffle: { start: [red, green, blue], window: 16 } } }, otherwise: hash } }
`,
    shop({ people: [column('kind'), column('name'), column('answer')] }),
  );
  const row = (kind: string): (string | null)[] => transformed(policy, 'people', kind, 'Acme', '{"colour":"pink"}');
  const rows = Array.from({ length: 200 }, (_, at) => row(at % 2 === 0 ? 'company' : 'person'));
  expect(rows[1]?.[1]).not.toBe(rows[0]?.[1]);
  expect(new Set(rows.map(([, name]) => name)).size).toBe(2);
  expect(new Set(rows.map(([, , answer]) => answer)).size).toBeGreaterThan(2);
});
