import { describe, expect, it } from 'vitest';
import { type LeakRule, parseKey, phoneCountries, type WatchKind } from '../../anonymizers/index.ts';
import { createScan, type Framing } from '../../builder/leak-scan/scanner.ts';
import { mostTextBytes } from '../../builder/leak-scan/sweep-memory.ts';
import { createWatchList, watchKeys } from '../../builder/leak-scan/watch-list.ts';

// A text that is too large for the sweep is scanned byte by byte. Both ways must find the same, whatever the text.

const france = phoneCountries.find(({ iso }) => iso === 'FR');
if (!france) throw new Error('no France');

const watched: readonly (readonly [WatchKind, string])[] = [
  ['email', 'Marie.Dupont@Acme.test'],
  ['email', 'jürgen@bücher.test'],
  ['phone', '06 12 34 56 78'],
  ['phone', '+44 20 7946 0958'],
  ['login', 'mdupont2'],
  ['login', 'jean+1'],
  ['name', "Anaïs D'Hérouville"],
  ['name', 'Marie Dupont'],
  ['secret', 'fcm-token_Abcdef0123456789:APA91bXyzXyzXyzXyzXyz'],
  ['value', 'Hypertension'],
];
const forms = [
  'FR14 2004 1010 0505 0001 3M02 606',
  '4111 1111 1111 1111',
  '.4111111111111111',
  '3.4111111111111111',
  '81.56.3.4',
  '2001:41d0:1::17',
  '$2b$04$5yMis3mQiGFqLsmtW5SmIu3td7hpoWnZz6ED7KyWag1oE4Tg8.nx.',
  '-----BEGIN PRIVATE KEY-----',
  'AKIAABCDEFGHIJKLMNOP',
  'somebody@gmail.com',
  '2021-01-04 00:21:50.387681',
  '61f43f41-d29c-4927-befd-81b6144a917b',
];
const glue = [
  ' ',
  '\t',
  '\n',
  '-',
  '.',
  '/',
  '(',
  ')',
  '+',
  '\\n',
  '\\\\',
  '\\',
  '"',
  "'",
  ',',
  ':',
  '\u00a0',
  '\u202f',
  '@',
  '%',
  'a',
  '1',
  'é',
];

/** A sequence that is the same in every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

function hostileText(random: (below: number) => number, pieces: number): Buffer {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const encoders: readonly ((text: string) => string | Buffer)[] = [
    (text) => text,
    (text) => text.toUpperCase(),
    (text) => Buffer.from(text).toString('base64'),
    (text) => Buffer.from(text).toString('hex'),
    (text) => encodeURIComponent(text),
    (text) => JSON.stringify({ a: JSON.stringify(text) }),
    (text) => text.slice(0, random(text.length + 1)),
    (text) => Buffer.from(Array.from({ length: text.length }, () => random(256))),
  ];
  return Buffer.concat(
    Array.from({ length: pieces }, () => {
      if (random(3) > 0) return Buffer.from(pick(glue));
      const text = random(2) === 0 ? pick(watched)[1] : pick(forms);
      return Buffer.from(pick(encoders)(text));
    }),
  );
}

describe('the sweep', () => {
  const list = createWatchList({ keys: watchKeys(parseKey('01'.repeat(32))), country: france, common: new Set(), phonePermutations: [] });
  for (const [kind, value] of watched) list.add(kind, Buffer.from(value));
  const scan = createScan(list, []);
  const foundIn = (bytes: Uint8Array, framing: Framing): Set<string> => {
    const found = new Set<string>();
    scan(bytes, framing, (rule: LeakRule, offset: number) => found.add(`${offset} ${rule}`));
    return found;
  };

  it.each<Framing>(['table', 'text'])('misses nothing in %s that a look at every byte finds', (framing) => {
    const random = createRandom(framing === 'table' ? 1 : 2);
    const padding = Buffer.concat([Buffer.from('\n'), Buffer.alloc(mostTextBytes, ' ')]);
    let total = 0;
    for (let round = 0; round < 12; round += 1) {
      const text = hostileText(random, 4_000);
      const found = foundIn(text, framing);
      const expected = foundIn(Buffer.concat([text, padding]), framing);
      total += expected.size;
      const missed = [...expected].filter((one) => !found.has(one));
      expect(
        missed.map(
          (one) =>
            `${one}: ${JSON.stringify(text.subarray(Number.parseInt(one, 10) - 20, Number.parseInt(one, 10) + 60).toString('latin1'))}`,
        ),
      ).toEqual([]);
    }
    expect(total).toBeGreaterThan(2_000);
  });

  it('gives way where more is worth a look than it can note', () => {
    const text = Buffer.from(`${'@ '.repeat(500_000)}marie.dupont@acme.test\n`);
    expect([...foundIn(text, 'table')]).toEqual([`${text.lastIndexOf('@')} known-email`]);
  });
});
