import { type Cell, rowsOf } from '../bulk-text.ts';
import type { Population } from '../population.ts';
import type { SampleCounts } from '../sizes.ts';
import type { TableData } from './table-data.ts';

const columns = [
  ...['id', 'label', 'payload', 'payload_latin1', '@payload_binary', 'padded', '@fixed_binary', 'long_text', '@flags', 'span', 'year_of'],
  ...['ratio', 'ratio_single', 'amount', 'signed_big', 'unsigned_big', 'day_of', 'choice', 'choices'],
];

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

const payloads: readonly (string | null)[] = [
  null,
  '',
  ' ',
  '\\N',
  '\\',
  '\\\\',
  'ends in a backslash\\',
  '\t',
  '\n',
  '\r\n',
  'a\tb\nc\\d\re',
  '"quoted", \'single\', `backtick`',
  'NULL',
  '\u{1f9ea}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u{1d11e}',
  'e\u0301 and \u00e9',
  '\u202eright to left\u202c \u0639\u0631\u0628\u064a',
  '\ufeffstarts with a byte order mark',
  '-- ; DROP TABLE quirks; /* */',
  '%s %d $x {{y}} #{z}',
  '\u0001\u0008\u000b\u000c\u001a\u001b\u007f',
];

/** The first rows hold the values at the ends of each type's range; the rest combine the payloads with random bytes. */
const firstRows: readonly (readonly Cell[])[] = [
  [0, null, null, null, null, '', null, null, null, null, null, null, null, null, null, null, null, null, null],
  [
    ...[-2_147_483_648, 'least', '', '', '', '', '0000000000000000', '', 0, '-838:59:59.000', 1901, '-1.7976931348623157e308', '-3.4e38'],
    ...['-9999999999999999999999999999.9999999999', '-9223372036854775808', 0, '1000-01-01', '', ''],
  ],
  [
    ...[2_147_483_647, 'greatest', '\u{10ffff}', 'ÿ€œ', everyByte.toString('hex'), 'éèàüößÆø', 'ffffffffffffffff', null],
    ...['18446744073709551615', '838:59:59.000', 2155, '1.7976931348623157e308', '3.4e38', '9999999999999999999999999999.9999999999'],
    ...['9223372036854775807', '18446744073709551615', '9999-12-31', 'é', 'x,y,z'],
  ],
  [
    ...[1, 'smallest steps', 'x', 'naïve café', '00', 'a', '0000000000000001', null, 1, '-00:00:00.001', 1970, '2.2250738585072014e-308'],
    ...['1.2e-38', '0.0000000001', -1, 1, '1970-01-01', 'b,c', 'y'],
  ],
];

/** A text too long for one network packet of most clients' default buffers. */
const longText = (turn: number): string => 'Long text with \t and \\ and 𝄞; '.repeat(4_000 + turn);

export const quirksData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('quirks');
  const bytes = population.dice.bytes('quirks.bytes');
  const later = (index: number): readonly Cell[] => {
    const rolled = roll(index);
    return [
      index,
      `row ${index}`,
      payloads[index % payloads.length] ?? null,
      index % 5 === 0 ? null : 'Àÿ’€',
      index % 7 === 0 ? '' : bytes(index, 1 + (rolled % 200)).toString('hex'),
      'p'.repeat(index % 9),
      index % 3 === 0 ? null : bytes(index, 8).toString('hex'),
      index % 100 === 5 ? longText(index) : null,
      rolled,
      `${rolled % 2 === 0 ? '-' : ''}${rolled % 800}:${10 + (rolled % 50)}:${10 + (rolled % 49)}.${100 + (rolled % 900)}`,
      1950 + (rolled % 150),
      rolled / 7,
      16_777_216 + (rolled % 100),
      `${rolled}.${String(rolled % 10_000_000_000).padStart(10, '0')}`,
      -rolled,
      rolled,
      `${1950 + (rolled % 100)}-02-28`,
      ['', 'a', 'b,c', 'd\\e', 'é', null][rolled % 6] ?? null,
      ['', 'x', 'x,z', 'y,z', null][rolled % 5] ?? null,
    ];
  };
  return {
    table: 'quirks',
    columns,
    set: 'payload_binary = UNHEX(@payload_binary), fixed_binary = UNHEX(@fixed_binary), flags = CAST(@flags AS UNSIGNED)',
    rowCount: counts.quirks,
    rows: () => rowsOf(counts.quirks, (index) => firstRows[index] ?? later(index)),
  };
};
