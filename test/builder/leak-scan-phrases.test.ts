import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LeakRule, parseKey, phoneCountries, type WatchKind } from '../../anonymizers/index.ts';
import { createScan, type Framing } from '../../builder/leak-scan/scanner.ts';
import { createWatchList, watchKeys } from '../../builder/leak-scan/watch-list.ts';
import { times } from '../support/many-times.ts';

const france = phoneCountries.find(({ iso }) => iso === 'FR');
if (!france) throw new Error('no France');
const keys = watchKeys(parseKey('01'.repeat(32)));

function listOf(kind: WatchKind, ...values: readonly string[]) {
  const list = createWatchList({ keys, country: france as NonNullable<typeof france>, common: new Set(), phonePermutations: [] });
  for (const value of values) list.add(kind, Buffer.from(value));
  return list;
}

function rulesOf(list: ReturnType<typeof listOf>) {
  const scan = createScan(list, []);
  return (text: string | Uint8Array, framing: Framing): LeakRule[] => {
    const found = new Set<LeakRule>();
    scan(Buffer.from(text), framing, (rule) => found.add(rule));
    return [...found].filter((rule) => rule.startsWith('known-'));
  };
}

/** As a table's text has a value. */
function inRow(value: Uint8Array): Buffer {
  const letters: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '\\0' };
  const escaped = Buffer.from(value)
    .toString('latin1')
    .replace(/[\\\t\n\r\0]/g, (sign) => letters[sign] as string);
  return Buffer.from(`1\t${escaped}\tz\n`, 'latin1');
}

const piece = fc.constantFrom(
  ...[
    'Marie',
    'Dupont',
    'Anaïs',
    'D',
    'C',
    '12',
    'Hérouville',
    'été',
    'œuvre',
    'STRASSE',
    'Straße',
    'Παύλος',
    '山田',
    'a',
    '\u0301',
    '7',
    '12345678',
  ],
  ...[
    ' ',
    '  ',
    ', ',
    '/',
    ':',
    '#',
    '(',
    ')',
    '@',
    "'",
    '’',
    '"',
    '-',
    ' - ',
    '.',
    '_',
    '+',
    '&',
    '=',
    '%',
    '$',
    '\\',
    '\\n',
    '\t',
    '\n',
    '\0',
  ],
  ...['\u00a0', '\u202f', '\u2009', '\u3000', '«', '–', '.fr', 'x'.repeat(20), 'é'.repeat(140), 'w '.repeat(6), 'mot '.repeat(14)],
);
const value = fc.oneof(
  fc.array(piece, { minLength: 1, maxLength: 9 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.lorem({ maxCount: 40 }),
);
const kind = fc.constantFrom<WatchKind>('value', 'secret', 'name', 'login', 'email');

const latin1 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));

describe('every value that is watched', () => {
  it.each<Framing>(['table', 'text'])('is found as it is in %s, or not counted as watched', (framing) => {
    const list = listOf('value');
    const rules = rulesOf(list);
    const total = (): number => Object.values(list.counts().values).reduce((sum, count) => sum + count, 0);
    let watched = 0;
    fc.assert(
      fc.property(kind, fc.oneof(value.map(Buffer.from), latin1), (ofKind, bytes) => {
        const text = framing === 'table' ? inRow(bytes) : Buffer.concat([Buffer.from('x: '), bytes, Buffer.from('\n')]);
        // A value of an earlier round hides whether this one is found.
        if (rules(text, framing).length > 0) return;
        const before = total();
        list.add(ofKind, bytes);
        if (rules(text, framing).length > 0) watched += 1;
        else expect(total()).toBe(before);
      }),
      { numRuns: times(600, 3_000), seed: 1 },
    );
    expect(watched).toBeGreaterThan(100);
  });

  it('that is not looked for is counted as such', () => {
    const list = listOf('value', 'x', 'a, b', 'C (B, A)', '12/34/56', '', '...', 'AB/C', 'été');
    expect(list.counts()).toMatchObject({ values: { value: 0 }, indistinct: 7 });
    const secrets = listOf('secret', 'abc', 'p@ss');
    expect(secrets.counts()).toMatchObject({ values: { secret: 0 }, indistinct: 2 });
  });

  it('is found whatever separates its words, in any case, with accents and without', () => {
    const separator = fc.constantFrom(' ', '  ', ', ', ' / ', '"', '","', '\u00a0', '’', '(', ' - ', '\\n', '\u2009', '; ');
    const word = fc.constantFrom('Marie', 'D', 'Hérouville', 'Anaïs', 'de', 'Côte', 'Jean-Pierre', '4711', 'Große', 'Œuvre');
    const last = fc.constantFrom('Hérouville', 'Dupont', 'Müller', 'AB12');
    const spelling = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text.toUpperCase(),
      (text) => text.normalize('NFD'),
      (text) => text.normalize('NFD').replace(/\p{M}/gu, ''),
    );
    const texts = fc.array(fc.tuple(separator, spelling), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), last, separator, texts, (words, end, one, others) => {
        const rules = rulesOf(listOf('value', [...words, end].join(one === '\\n' ? '\n' : one)));
        for (const [other, spell] of others) {
          const text = [...words, end].map(spell).join(other);
          expect([text, rules(`1\tx ${text} x\tz\n`, 'table')]).toEqual([text, ['known-value']]);
        }
      }),
      { numRuns: times(8, 25) },
    );
  });
});

describe('nothing is found', () => {
  it('in texts that lack one of the words, or have them in another order', () => {
    const word = fc.constantFrom('alpha', 'bravo', 'charlie', 'délta', 'echo');
    const words = fc.array(word, { minLength: 2, maxLength: 5 });
    const separator = fc.constantFrom(' ', ', ', '/', ' - ', '\u00a0');
    const texts = fc.array(fc.tuple(words, separator), { minLength: 50, maxLength: 50 });
    fc.assert(
      fc.property(words, separator, texts, (watched, one, all) => {
        const rules = rulesOf(listOf('value', watched.join(one)));
        for (const [written, other] of all) {
          const isThere = ` ${written.join(' ')} `.includes(` ${watched.join(' ')} `);
          const found = rules(`1\t${written.join(other)}\n`, 'table');
          expect([written.join(other), found]).toEqual([written.join(other), isThere ? ['known-value'] : []]);
        }
      }),
      { numRuns: times(8, 25) },
    );
  });

  it('over the end of a field', () => {
    expect(rulesOf(listOf('name', 'Marie Dupont'))('Marie\tDupont\tMarie\nDupont\n', 'table')).toEqual([]);
  });
});

it('a value that is too long for a phrase is found by its end', () => {
  const list = listOf('value', `${'mot '.repeat(200)}Hôpital, service B`);
  expect(list.counts()).toMatchObject({ values: { value: 1 }, indistinct: 0 });
  expect(rulesOf(list)(`1\t${'mot '.repeat(200)}Hôpital, service B\n`, 'table')).toEqual(['known-value']);
});

it.each([
  ['marie.dupont@acme.fr', 'Marie Dupont <marie.dupont@acme.fr>', 'known-email'],
  ['Marie Dupont, marie.dupont@acme.fr', 'Marie Dupont <marie.dupont@acme.fr>', 'known-login'],
  ['marie@acme.fr', 'mailto:marie@acme.fr;', 'known-email'],
])('%s is found where the value is %s', (text, value, rule) => {
  expect(rulesOf(listOf('email', value))(`1\t${text}\n`, 'table')).toContain(rule);
});

it('digits in groups are watched only where there are enough of them', () => {
  const list = listOf('value', '12/34/56', '1 84 05 75 123');
  expect(list.counts()).toMatchObject({ values: { value: 1 }, indistinct: 1 });
});
