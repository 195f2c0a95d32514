import { describe, expect, it } from 'vitest';
import { createPhonePermutation, type LeakRule, parseKey, phoneCountries, type WatchKind } from '../../anonymizers/index.ts';
import { createScan, type Framing } from '../../builder/leak-scan/scanner.ts';
import { mostTextBytes } from '../../builder/leak-scan/sweep-memory.ts';
import { createWatchList, watchKeys } from '../../builder/leak-scan/watch-list.ts';
import { times } from '../support/many-times.ts';

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
  '30569309025904',
  '+33 6 99 88 77 66',
  '+12126647665',
  '6759 6498 2648',
  '41111111 11111111',
  'card 5641820000000000004',
  'fr14-2004-1010-0505-0001-3m02-606',
  'nl91abna0417164300',
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
  '\u2009',
  '\u3000',
  '\u2013',
  '@',
  '%',
  'a',
  '1',
  'é',
  '0',
  'x',
  '_',
  '\\0',
  '\\N',
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
  const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random(256)));
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const encoders: readonly ((text: string) => string | Buffer)[] = [
    (text) => text,
    (text) => text.toUpperCase(),
    (text) => Buffer.from(text).toString('base64'),
    (text) => Buffer.from(text).toString('hex'),
    (text) => encodeURIComponent(text),
    (text) => JSON.stringify({ a: JSON.stringify(text) }),
    (text) => text.slice(0, random(text.length + 1)),
    (text) => noise(text.length),
    // Text in binary data, encodings in each other, and runs between letters that belong to no run.
    (text) => Buffer.concat([noise(random(80)), Buffer.from(text), noise(random(80))]).toString('base64'),
    (text) => Buffer.concat([noise(random(40)), Buffer.from(text), noise(random(9))]).toString('base64url'),
    (text) => Buffer.concat([noise(random(40)), Buffer.from(text), noise(random(9))]).toString('hex'),
    (text) => Buffer.from(JSON.stringify({ a: Buffer.from(text).toString('base64'), b: noise(40).toString('hex') })).toString('base64'),
    (text) => `0x${Buffer.from(Buffer.from(text).toString('base64')).toString('hex')}`,
    (text) => `/${noise(12).toString('base64')}/${text}/${noise(4).toString('hex')}`,
    (text) => [...text].map((letter) => `&#${letter.codePointAt(0)};`).join(''),
    (text) => text.replaceAll(' ', '&nbsp;').replaceAll('@', '&commat;'),
    (text) => Buffer.from(text, 'utf16le').toString('base64'),
    (text) => Buffer.concat([noise(random(80)), Buffer.from(text, 'utf16le').swap16(), noise(random(9))]).toString('hex'),
    (text) => Buffer.from(text, 'utf16le').toString('latin1').replaceAll('\0', '\\0'),
    (text) => `?a=b&c=${text.replaceAll(' ', '+')}`,
    (text) => text.replaceAll(' ', random(2) === 0 ? '_' : '.'),
    (text) => [...text].map((letter) => `\\\\x${(letter.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`).join(''),
    (text) => Buffer.concat([noise(random(80)), Buffer.from(text, 'latin1'), noise(random(9))]).toString('base64'),
    (text) => `${random(10)}${text.replaceAll(' ', '.')}${random(1000)}`,
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
  const settings = { keys: watchKeys(parseKey('01'.repeat(32))), country: france, common: new Set<string>() };
  const list = createWatchList({ ...settings, phonePermutations: [] });
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
    const rounds = times(2, 12);
    for (let round = 0; round < rounds; round += 1) {
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
    expect(total).toBeGreaterThan(150 * rounds);
  });

  it('misses nothing at any place of a block of bytes', () => {
    const random = createRandom(3);
    const padding = Buffer.concat([Buffer.from('\n'), Buffer.alloc(mostTextBytes, ' ')]);
    const lines = Array.from({ length: 600 }, (_, index) =>
      Buffer.concat([Buffer.alloc(index % 67, 'ab 1-2.3\\\\4'), hostileText(random, 3), Buffer.from('\n')]),
    );
    const expected = foundIn(Buffer.concat([...lines, padding]), 'table');
    let start = 0;
    for (const line of lines) {
      // Alone, each begins with a block of its own.
      const found = new Set([...foundIn(line, 'table')].map((one) => one.replace(/^\d+/, (offset) => String(start + Number(offset)))));
      const inLine = [...expected].filter((one) => Number.parseInt(one, 10) >= start && Number.parseInt(one, 10) < start + line.length);
      expect(inLine.filter((one) => !found.has(one)).map((one) => `${one}: ${JSON.stringify(line.toString('latin1'))}`)).toEqual([]);
      start += line.length;
    }
    expect(expected.size).toBeGreaterThan(100);
  });

  it('finds what hides among runs of random bytes', () => {
    const random = createRandom(4);
    const tokens = Array.from({ length: 5_000 }, (_, index) => {
      const bytes = Buffer.from(Array.from({ length: 8 + (index % 150) }, () => random(256)));
      return index % 2 === 0 ? bytes.toString('hex') : bytes.toString('base64url');
    });
    // At the end of a run, in its middle, in a run of a run, and as deep as anything is looked for.
    const value = Buffer.from('Hypertension');
    const hidden = [
      Buffer.concat([Buffer.alloc(70, 1), value]).toString('base64'),
      Buffer.concat([Buffer.alloc(70, 1), value, Buffer.alloc(70, 1)]).toString('hex'),
      Buffer.concat([Buffer.alloc(9, 0xff), Buffer.from(value.toString('base64')), Buffer.alloc(9, 0xff)]).toString('hex'),
      Buffer.from(Buffer.from(Buffer.from(value.toString('hex')).toString('base64')).toString('base64')).toString('base64'),
    ];
    const text = Buffer.from([...tokens, ...hidden, ''].join('\n'));
    const places = hidden.map((one) => text.indexOf(one));
    const found = foundIn(text, 'table');
    expect(places.filter((place) => !found.has(`${place} known-value`))).toEqual([]);
  });

  it('gives way where more is worth a look than it can note', () => {
    const text = Buffer.from(`${'@ '.repeat(500_000)}marie.dupont@acme.test\n`);
    expect([...foundIn(text, 'table')]).toEqual([`${text.lastIndexOf('@')} known-email`]);
  });

  it('finds and counts the same in fields that have come before', () => {
    const random = createRandom(3);
    const phonePermutation = { key: new Uint8Array(16).fill(7), country: france };
    const number = createPhonePermutation(phonePermutation).pseudonym(Buffer.from('06 12 34 56 78'));
    const permuted = createWatchList({ ...settings, phonePermutations: [phonePermutation] });
    for (const [kind, value] of [...watched, ['phone', Buffer.from(number ?? '').toString()] as const])
      permuted.add(kind, Buffer.from(value));
    // A field's end is never escaped.
    const inOneField = (bytes: Uint8Array): Buffer =>
      Buffer.from(
        Buffer.from(bytes.map((byte) => (byte === 0x09 || byte === 0x0a ? 0x20 : byte)))
          .toString('latin1')
          .replace(/\\+$/, ''),
        'latin1',
      );
    const pool = [
      ...Array.from({ length: 60 }, () => inOneField(hostileText(random, 1 + random(3)))),
      Buffer.from(number ?? ''),
      Buffer.from('+12126647665'),
      Buffer.from('7'),
    ];
    const rowsOf = (count: number): Buffer =>
      Buffer.concat(
        Array.from({ length: count * 4 }, (_, index) => [
          pool[random(pool.length)] as Buffer,
          Buffer.from(index % 4 === 3 ? '\n' : '\t'),
        ]).flat(),
      );
    const remembering = createScan(permuted, []);
    let found = 0;
    for (let round = 0; round < times(60, 600); round += 1) {
      const text = rowsOf(40);
      const columns = round % 3 === 0 ? [2] : [];
      const looks = [remembering, createScan(permuted, [])].map((scan) => {
        const before = permuted.ambiguous;
        const places: string[] = [];
        scan(text, 'table', (rule, offset) => void places.push(`${offset} ${rule}`), columns);
        return { places: [...new Set(places)].sort(), ambiguous: permuted.ambiguous - before };
      });
      expect(looks[0]).toEqual(looks[1]);
      found += looks[0]?.places.length ?? 0;
    }
    expect(found).toBeGreaterThan(1_000);
    expect(permuted.ambiguous).toBeGreaterThan(0);
  });
});
