import * as wasm from '../../core/wasm-code.ts';
import { base64Byte, digitByte, domainByte, hexByte, localByte, triggerByte, wordByte } from './bytes.ts';
import { atLeast, type Code, difference, locals, named, one, sum, when } from './wasm-terms.ts';

const { code, i32Const, load32, op, store32 } = wasm;

/** The sweep's memory, and what the scanner and the sweep say to each other in it. */

/** A word whose end may be a watched value's, or that the filter cannot tell. */
export const wordNote = 0;
/** A word that may be a secret, a key, an account number or an address. */
export const formNote = 1;
/** A sign that an address, an escape or a hash is known by. */
export const signNote = 2;
/** A run of digits and separators, from the beginning of its first word. */
export const numberNote = 3;
/** A word with which a run of hexadecimal digits or base64 letters begins. */
export const runNote = 4;
/** As `numberNote`, of a number that is none of these, but begins with a plus. */
export const phoneNote = 5;

/** Bits of what the sweep must know of a byte. */
export const sweepTraits = {
  word: wordByte,
  digit: digitByte,
  hex: hexByte,
  local: localByte,
  domain: domainByte,
  sign: triggerByte,
  /** 8 bits from here: the byte's part of a word's hash. */
  hashShift: 8,
  /** Of characters whose spellings do not share a quick hash. */
  foldedOddly: 1 << 16,
  lettered: 1 << 19,
  /** What can stand between the groups of a number. */
  separator: 1 << 20,
  /** A letter, digit or sign of base64, both alphabets. */
  base64: base64Byte,
  /** One of the signs of base64. */
  base64Sign: 1 << 21,
  /** Blanks beyond ASCII begin with it: they belong to words, and words stand on both sides of them. */
  blank: 1 << 22,
  /** 6 bits from here: what a letter or digit of base64 stands for. */
  base64Shift: 23,
  /** A character of ASCII that stands in text. */
  plain: 1 << 29,
  beyondAscii: 1 << 30,
  /** Signs that can stand in a word in the place of blanks. */
  joining: 1 << 31,
} as const;

const kibibyte = 1024;
export const traitsAt = 0;
/** 256 words of 32 bits. */
const traitsBytes = kibibyte;
/** Two bits of one line of the processor's cache stand for a value: what the first says yes to by chance, the second seldom does as well. */
export const filterBytes = kibibyte * kibibyte;
export const wordFilterAt = traitsBytes;
export const phoneFilterAt = wordFilterAt + filterBytes;
/** The first bits of the words' filter with its parts laid over each other: small enough to stay in the processor's cache, and it says no to most. */
export const coarseFilterBytes = 256 * kibibyte;
export const coarseFilterAt = phoneFilterAt + filterBytes;
/** A bit for each two bytes that a secret of a known form begins with. */
export const beginningsAt = coarseFilterAt + coarseFilterBytes;
export const beginningsBytes = 8 * kibibyte;
const cellsAt = beginningsAt + beginningsBytes;
const cellsBytes = 64;
/** The domain that was last found harmless: its length in a byte, 0 where there is none, and the domain. */
export const harmlessAt = cellsAt + cellsBytes;
export const longestHarmless = 63;
/** Zeros stand before the text and behind it: they belong to nothing. */
const margin = 64;
export const textAt = harmlessAt + 1 + longestHarmless + margin;
export const mostTextBytes = 5 * kibibyte * kibibyte;
/** For what is decoded, and decoded in it. */
export const decodedAt = textAt + mostTextBytes + margin;
export const decodedBytes = 256 * kibibyte;
/** A bit for each byte of the range that is gone over, and what closes the last word. */
const mapBytes = mostTextBytes / 8 + 16;
/** Bytes of words. */
export const wordMapAt = decodedAt + decodedBytes;
/** Digits that are none of an escape. */
export const digitMapAt = wordMapAt + mapBytes;
/** Places where a run of digits is too long or too large to be passed over: its eighth digit in a row, or the second byte behind a group of it. */
export const runMapAt = digitMapAt + mapBytes;
export const notesAt = runMapAt + mapBytes;
const noteBytes = 12;
const mostNotes = 400_000;
export const memoryBytes = notesAt + mostNotes * noteBytes;

/** Of the notes; 32 bits each. */
const cells = ['notes', 'isFull'] as const;
type Cell = (typeof cells)[number];
export const cellOf = (name: Cell): Code => code(i32Const(0), load32(cellsAt + 4 * cells.indexOf(name)));
export const putCell = (name: Cell, value: Code): Code => code(i32Const(0), value, store32(cellsAt + 4 * cells.indexOf(name)));

export const traitOf = (byte: Code): Code => code(byte, i32Const(2), op.i32ShiftLeft, load32(traitsAt));

const noteAddress = (index: Code): Code => code(index, i32Const(noteBytes), op.i32Multiply);
/** One of a note's three words, of the note with this number. */
export const noteWord = (index: Code, word: 0 | 1 | 2): Code => code(noteAddress(index), load32(notesAt + 4 * word));
export const copyNote = (from: Code, to: Code): Code =>
  code(...([0, 1, 2] as const).map((word) => code(noteAddress(to), noteWord(from, word), store32(notesAt + 4 * word))));

/** note(kind, start, end) */
export const note: wasm.WasmFunction = (() => {
  const { v, put } = named(['kind', 'start', 'end', 'address']);
  return {
    name: 'note',
    parameters: 3,
    locals: locals(1),
    code: when(
      atLeast(cellOf('notes'), mostNotes),
      putCell('isFull', one),
      code(
        put('address', noteAddress(cellOf('notes'))),
        code(v('address'), v('kind'), store32(notesAt)),
        code(v('address'), difference(v('start'), i32Const(textAt)), store32(notesAt + 4)),
        code(v('address'), difference(v('end'), i32Const(textAt)), store32(notesAt + 8)),
        putCell('notes', sum(cellOf('notes'), one)),
      ),
    ),
  };
})();

/** Bits of a cache line. */
const lineBits = 512;
const firstStir = { shift: 15, factor: 0x2c1b3c6d, take: 9 };
const secondStir = { shift: 13, factor: 0x85ebca6b | 0, take: 20 };

/** The place of a value's first bit in a filter. */
export function firstBit(value: number): number {
  const { shift, factor, take } = firstStir;
  return (Math.imul(value ^ (value >>> shift), factor) >>> take) & (filterBytes * 8 - 1);
}

/** That of its second bit, in the same line. */
export function secondBit(value: number, first: number): number {
  const { shift, factor, take } = secondStir;
  return (first & ~(lineBits - 1)) | ((Math.imul(value ^ (value >>> shift), factor) >>> take) & (lineBits - 1));
}

const stirred = (value: Code, { shift, factor, take }: typeof firstStir): Code =>
  code(value, value, i32Const(shift), op.i32ShiftRight, op.i32Xor, i32Const(factor), op.i32Multiply, i32Const(take), op.i32ShiftRight);

export const isBitSet = (place: Code, filterAt: number): Code =>
  code(
    code(place, i32Const(3), op.i32ShiftRight, wasm.load8(filterAt)),
    code(i32Const(1), place, i32Const(7), op.i32And, op.i32ShiftLeft, op.i32And),
  );

/** Whether a value's first bit is set; its place is then in the local `first`. */
export function hasFirstBit(value: Code, filterAt: number, first: number, sizeBytes = filterBytes): Code {
  return code(stirred(value, firstStir), i32Const(sizeBytes * 8 - 1), op.i32And, wasm.set(first), isBitSet(wasm.get(first), filterAt));
}

/** Whether the second is, after the first; its place is then in the local `second`. */
export function hasSecondBit(value: Code, filterAt: number, first: number, second: number): Code {
  const place = code(
    code(wasm.get(first), i32Const(-lineBits), op.i32And),
    code(stirred(value, secondStir), i32Const(lineBits - 1), op.i32And, op.i32Or),
  );
  return code(place, wasm.set(second), isBitSet(wasm.get(second), filterAt));
}
