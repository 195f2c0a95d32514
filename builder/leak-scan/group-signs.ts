const space = 0x20;
const hyphen = 0x2d;

/**
 * How many bytes the blank here has, 0 where there is none: a space, or one of Unicode's that do not break or have another width (U+00A0, U+2000
 * to U+200A, U+202F, U+205F, U+3000).
 */
export function blankBytes(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number;
  if (byte === space) return 1;
  if (byte === 0xc2) return bytes[at + 1] === 0xa0 ? 2 : 0;
  if (byte === 0xe3) return bytes[at + 1] === 0x80 && bytes[at + 2] === 0x80 ? 3 : 0;
  if (byte !== 0xe2) return 0;
  const last = bytes[at + 2] as number;
  if (bytes[at + 1] === 0x81) return last === 0x9f ? 3 : 0;
  return bytes[at + 1] === 0x80 && ((last >= 0x80 && last <= 0x8a) || last === 0xaf) ? 3 : 0;
}

/** The first bytes of those beyond ASCII. */
export const blankBeginnings: readonly number[] = [0xc2, 0xe2, 0xe3];

/** Whether a blank ends right before this place. */
export function isBehindBlank(bytes: Uint8Array, at: number): boolean {
  const last = bytes[at - 1] as number;
  if (last < 0x80) return last === space;
  return blankBytes(bytes, at - 2) === 2 || blankBytes(bytes, at - 3) === 3;
}

/** Likewise for a hyphen, or one of Unicode's hyphens and dashes (U+2010 to U+2015). */
export function dashBytes(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number;
  if (byte === hyphen) return 1;
  const last = bytes[at + 2] as number;
  return byte === 0xe2 && bytes[at + 1] === 0x80 && last >= 0x90 && last <= 0x95 ? 3 : 0;
}

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
/** The bytes that such blanks and dashes have beyond ASCII. */
export const signsBeyondAscii: readonly number[] = [0xc2, 0xa0, 0xe2, 0x81, 0x9f, 0xaf, 0xe3, ...upTo(0x80, 0x8a), ...upTo(0x90, 0x95)];
