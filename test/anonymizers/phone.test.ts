import { expect, test } from 'vitest';
import { createPhonePermutation, phoneCountries } from '../../anonymizers/index.ts';
import { textRule } from './making.ts';

const phone = textRule('phone');
const digitsOf = (text: string | null): string => (text ?? '').replaceAll(/\D/g, '');

test('one number in every style stays one number, in the style it was written in', () => {
  const e164 = phone('+33612345678') ?? '';
  expect(e164).toMatch(/^\+336\d{8}$/);
  expect(e164).not.toBe('+33612345678');
  const national = e164.slice(3);
  const spaced = (text: string): string => text.replaceAll(/\B(?=(?:\d{2})+$)/g, ' ');
  expect(phone('0612345678')).toBe(`0${national}`);
  expect(phone('06 12 34 56 78')).toBe(spaced(`0${national}`));
  expect(phone('06.12.34.56.78')).toBe(spaced(`0${national}`).replaceAll(' ', '.'));
  expect(phone('0033612345678')).toBe(`0033${national}`);
  expect(phone('+33 6 12 34 56 78')).toBe(`+33 6 ${spaced(national.slice(1))}`);
  expect(phone('+33 (0)6 12 34 56 78')).toBe(`+33 (0)6 ${spaced(national.slice(1))}`);
  expect(phone('33612345678')).toBe(`33${national}`);
  expect(phone('+33\u00a06 12 34 56 78')).toBe(`+33\u00a06 ${spaced(national.slice(1))}`);
});

test.each([
  ['+442071234567', /^\+4420\d{8}$/],
  ['+12125550123', /^\+1212[2-9]\d{6}$/],
  ['+306912345678', /^\+3069\d{8}$/],
  ['+971501234567', /^\+9715\d{8}$/],
  ['+8613812345678', /^\+8613\d{9}$/],
])('country and type are kept: %s', (number, expected) => {
  expect(phone(number)).toMatch(expected);
  expect(phone(number)).not.toBe(number);
});

test('the country of national numbers is a parameter', () => {
  expect(textRule({ phone: { country: 'GB' } })('020 7123 4567')).toBe(
    `0${digitsOf(phone('+442071234567'))
      .slice(2)
      .replace(/^(\d{2})(\d{4})(\d{4})$/, '$1 $2 $3')}`,
  );
  expect(() => textRule({ phone: { country: 'XX' } })).toThrow(/countries/);
});

test('a permutation: 120,000 numbers stay 120,000, and short ranges are filled exactly once', () => {
  const seen = new Set<string | null>();
  for (let index = 0; index < 120_000; index++) seen.add(phone(`+336${String(index * 7).padStart(8, '0')}`));
  expect(seen.size).toBe(120_000);
  // Five digits of subscriber: all of them, each once.
  const all = new Set(Array.from({ length: 100_000 }, (_, index) => phone(`+4520${String(index).padStart(5, '0')}`)));
  expect(all.size).toBe(100_000);
});

test('numbers of North America that were invalid stay apart from the valid ones', () => {
  const made = Array.from({ length: 1000 }, (_, index) => phone(`+1212${String(index * 9991).padStart(7, '0')}`));
  expect(new Set(made).size).toBe(1000);
});

test.each(['', 'unknown', '3631', '112', '+999123456789012', 'call 0612345678', '٠٦١٢٣٤٥٦٧٨', '06123456789012345678901'])(
  'what is no phone number is replaced whole: %s',
  (value) => {
    expect(phone(value)).toMatch(/^\+999\d{12}$/);
    expect(phone(value)).toBe(phone(` ${value}`));
  },
);

test('a column without room for the strictest case is refused', () => {
  expect(() => textRule('phone', { maxLength: 15 })).toThrow(/16 characters/);
  expect(phone('+33612345678')).toHaveLength(12);
});

test('the sum of the subscriber digits changes between even and odd, so no number stands for itself', () => {
  const parityOf = (digits: string): number => [...digits].reduce((sum, digit) => sum + Number(digit), 0) % 2;
  for (let index = 0; index < 20_000; index++) {
    const subscriber = String(10_000_000 + index * 3571).slice(-8);
    expect(parityOf((phone(`+336${subscriber}`) ?? '').slice(4))).toBe(1 - parityOf(subscriber));
  }
});

test('with the key, the original of a pseudonym is found again, in its style', () => {
  const france = phoneCountries.find(({ iso }) => iso === 'FR');
  if (!france) throw new Error('no France');
  const { pseudonym, original } = createPhonePermutation({ key: new Uint8Array(16).fill(9), country: france });
  for (let n = 0; n < 20_000; n++) {
    const [digits, area] = [String((n * 7_919) % 100_000_000).padStart(8, '0'), 200 + (n % 700)];
    for (const number of [`06 ${digits}`, `+1${area}${digits.slice(0, 7)}`, `+44 20 ${digits}`, `+35312${digits.slice(0, 6)}`]) {
      const replaced = pseudonym(Buffer.from(number));
      expect(replaced && Buffer.from(original(replaced) ?? []).toString()).toBe(number);
    }
  }
  expect(original(Buffer.from('no number'))).toBeUndefined();
});

test('on a unique column so many values may be no numbers that two hardly get the same result; more stop the build', () => {
  const unique = textRule('phone', { unique: true });
  const made = new Set(Array.from({ length: 10_000 }, (_, index) => unique(`ext. ${index}`)));
  expect(made.size).toBe(10_000);
  expect(unique('+33612345678')).toBe(phone('+33612345678'));
  expect(() => unique('ext. 10000')).toThrow(/more than 10000 values that are no phone numbers/);
  expect(() => Array.from({ length: 10_001 }, (_, index) => phone(`ext. ${index}`))).not.toThrow();
});
