/** A deterministic source of numbers: the same seed, name and index give the same 32-bit number, in any order of asking. */
export type Die = (index: number) => number;

/** Named dice of one seed; dice of different names are independent of each other. */
export interface Dice {
  /** A die giving whole numbers in 0 … 2³²−1. */
  die(name: string): Die;
  /** A function giving `lengthBytes` bytes for an index. */
  bytes(name: string): (index: number, lengthBytes: number) => Buffer;
}

const mix = (value: number): number => {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

const hashOfName = (name: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return mix(h);
};

/**
 * Makes the dice of a seed. Not for secrets: this is the finalizer of MurmurHash3, chosen because it is fast and needs no state.
 *
 * @param seed any whole number; the lowest 32 bits count
 */
export const createDice = (seed: number): Dice => {
  const die = (name: string): Die => {
    const base = mix(seed ^ hashOfName(name));
    return (index) => mix(mix(index ^ base) + Math.imul(base, 0x9e3779b1)) >>> 0;
  };
  return {
    die,
    bytes: (name) => {
      const first = die(name);
      return (index, lengthBytes) => {
        const bytes = Buffer.allocUnsafe(lengthBytes);
        let state = first(index);
        for (let at = 0; at < lengthBytes; at++) {
          if (at % 4 === 0) state = (mix(state + Math.imul(index + 1, 0x9e3779b1)) + 0x6d2b79f5) | 0;
          bytes[at] = (state >>> ((at % 4) * 8)) & 0xff;
        }
        return bytes;
      };
    },
  };
};

/** The element of a non-empty list that a rolled number falls on. */
export const pick = <T>(list: readonly T[], rolled: number): T => {
  const element = list[rolled % list.length];
  if (element === undefined) throw new RangeError('pick needs a list with elements');
  return element;
};

/** True for about `percent` of a hundred rolled numbers. The high bits decide, so the low ones may pick something else. */
export const chance = (rolled: number, percent: number): boolean => (rolled / 0x1_0000_0000) * 100 < percent;

/**
 * A permutation of 0 … 10⁸−1, so that eight digits are unique for every index and do not look counted.
 * A Feistel network over two halves of four digits.
 */
export const permuteEightDigits = (die: Die, index: number): number => {
  let left = Math.floor(index / 10_000);
  let right = index % 10_000;
  for (let round = 0; round < 4; round++) {
    const next = (left + die(right * 4 + round)) % 10_000;
    left = right;
    right = next;
  }
  return left * 10_000 + right;
};

const evenNumbers = 50_000_000;

/**
 * Eight digits with an even sum, different for every index below 5·10⁷. All real numbers of the sample are such: the phone anonymizer gives
 * numbers of the other parity, so none of its results is somebody's real number by chance, and a search for real numbers can be literal.
 */
export const evenEightDigits = (die: Die, index: number): string => {
  let permuted = permuteEightDigits(die, index);
  while (permuted >= evenNumbers) permuted = permuteEightDigits(die, permuted);
  const first = String(Math.floor(permuted / 5)).padStart(7, '0');
  const sum = [...first].reduce((total, digit) => total + Number(digit), 0);
  return `${first}${2 * (permuted % 5) + (sum % 2)}`;
};

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

/** Makes a permutation of 0 … size−1 that spreads neighbours far apart. `size` up to about 10⁷, so that products stay exact. */
export const createSpread = (size: number, offset: number): ((index: number) => number) => {
  let step = Math.floor(size * 0.618_033_988_75) | 1;
  while (commonDivisor(step, size) !== 1) step += 2;
  return (index) => ((index % size) * step + (offset % size)) % size;
};

/** A version 4 UUID out of 16 bytes, in its usual text form. */
export const uuidOf = (bytes: Buffer): string => {
  const b = Buffer.from(bytes);
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x40;
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80;
  const hex = b.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};
