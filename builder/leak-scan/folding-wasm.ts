import { hashFunctions, hashGlobals, messageAt, mostMessageBytes } from '../../anonymizers/primitives.ts';
import * as wasm from '../../core/wasm-code.ts';
import { classes, wordByte } from './bytes.ts';
import {
  and,
  asLongAs,
  atLeast,
  byteAt,
  type Code,
  difference,
  equals,
  give,
  isBelow,
  isSet,
  isZero,
  locals,
  named,
  one,
  or,
  sum,
  when,
  zero,
} from './wasm-terms.ts';
import { hashFactor, hashParts, hashStart } from './word-hash.ts';

const { code, i32Const, op, store8, store32 } = wasm;

/** Brings values of ASCII to the form they are hashed in, and hashes them, without leaving its memory. */
export type FoldingModule = {
  readonly memory: { readonly buffer: ArrayBuffer };
  /**
   * Writes `[start, end)` folded (see anonymizers/normalize.ts) at `messageAt`: white space trimmed and collapsed, letters in lower case.
   * Gives the length, -1 where something is not ASCII.
   */
  fold(start: number, end: number): number;
  /** Likewise only the words, in lower case, without signs at their ends, a blank between them. */
  foldWords(start: number, end: number): number;
  /**
   * Likewise the bytes of words that begin at `start`, up to the first that is none of them. Gives where they end, -1 where one is not ASCII; the
   * length and the `wordHash` stand at `takenAt`.
   */
  takeWord(start: number, end: number): number;
  /** The `wordHash` of the last word of the message. */
  lastWordHash(length: number): number;
  /** The tag of the message, at `resultAt`. */
  hash(k0Low: number, k0High: number, k1Low: number, k1High: number, length: number): void;
};

const pageBytes = 64 * 1024;
/** Behind the message: a byte for each byte, its part in the hash of a word, then whether it is of words. */
const partsAt = pageBytes;
const inWordAt = partsAt + 256;
/** Where values are put. */
export const valuesAt = inWordAt + 256;
export const valuesBytes = 4 * pageBytes;
/** Where a value is put that is none of those. */
export const singleAt = valuesAt + valuesBytes;
export const singleBytes = mostMessageBytes;
export const takenAt = singleAt + singleBytes;
const takenBytes = 8;

const isUpper = (byte: Code): Code => isBelow(difference(byte, i32Const(0x41)), i32Const(26));
/** A letter in lower case. */
const lower = (byte: Code): Code => sum(byte, code(isUpper(byte), i32Const(5), op.i32ShiftLeft));

const fold: wasm.WasmFunction = (() => {
  const { v, put } = named(['start', 'end', 'byte', 'length', 'pending']);
  const append = (byte: Code): Code => code(code(v('length'), byte, store8(messageAt)), put('length', sum(v('length'), one)));
  const isBlank = or(isBelow(v('byte'), i32Const(0x21)), equals(v('byte'), 0x7f));
  return {
    name: 'fold',
    parameters: 2,
    gives: true,
    locals: locals(3),
    code: code(
      asLongAs(
        isBelow(v('start'), v('end')),
        code(
          put('byte', byteAt(v('start'))),
          put('start', sum(v('start'), one)),
          when(atLeast(v('byte'), 0x80), give(i32Const(-1))),
          when(
            isBlank,
            put('pending', isSet(v('length'))),
            code(when(v('pending'), code(append(i32Const(0x20)), put('pending', zero))), append(lower(v('byte')))),
          ),
        ),
      ),
      v('length'),
    ),
  };
})();

const foldWords: wasm.WasmFunction = (() => {
  /** `last` is the length up to the last letter or digit. */
  const { v, put } = named(['start', 'end', 'byte', 'length', 'pending', 'last', 'isSign']);
  const append = (byte: Code): Code => code(code(v('length'), byte, store8(messageAt)), put('length', sum(v('length'), one)));
  const letter = isBelow(difference(code(v('byte'), i32Const(0x20), op.i32Or), i32Const(0x61)), i32Const(26));
  const digit = isBelow(difference(v('byte'), i32Const(0x30)), i32Const(10));
  return {
    name: 'foldWords',
    parameters: 2,
    gives: true,
    locals: locals(5),
    code: code(
      asLongAs(
        isBelow(v('start'), v('end')),
        code(
          put('byte', byteAt(v('start'))),
          put('start', sum(v('start'), one)),
          when(atLeast(v('byte'), 0x80), give(i32Const(-1))),
          when(
            isZero(byteAt(v('byte'), inWordAt)),
            code(put('length', v('last')), put('pending', isSet(v('last')))),
            code(
              put('isSign', isZero(or(letter, digit))),
              when(
                isZero(and(v('isSign'), or(v('pending'), isZero(v('length'))))),
                code(
                  when(v('pending'), code(append(i32Const(0x20)), put('pending', zero))),
                  append(lower(v('byte'))),
                  when(isZero(v('isSign')), put('last', v('length'))),
                ),
              ),
            ),
          ),
        ),
      ),
      v('last'),
    ),
  };
})();

/** takeWord(start, end) */
const takeWord: wasm.WasmFunction = (() => {
  /** `last` is the length up to the last letter or digit. */
  const { v, put } = named(['start', 'end', 'byte', 'part', 'length', 'last', 'hash']);
  const cell = (at: number, value: Code): Code => code(zero, value, store32(at));
  return {
    name: 'takeWord',
    parameters: 2,
    gives: true,
    locals: locals(5),
    code: code(
      put('hash', i32Const(hashStart)),
      asLongAs(
        and(isBelow(v('start'), v('end')), isSet(byteAt(code(put('byte', byteAt(v('start'))), v('byte')), inWordAt))),
        code(
          when(atLeast(v('byte'), 0x80), give(i32Const(-1))),
          put('part', byteAt(v('byte'), partsAt)),
          // Signs before the first letter do not belong to it.
          when(
            or(isSet(v('part')), isSet(v('length'))),
            code(
              code(v('length'), code(v('part'), v('byte'), v('part'), op.select), store8(messageAt)),
              put('length', sum(v('length'), one)),
              when(
                v('part'),
                code(put('hash', code(v('hash'), v('part'), op.i32Xor, i32Const(hashFactor), op.i32Multiply)), put('last', v('length'))),
              ),
            ),
          ),
          put('start', sum(v('start'), one)),
        ),
      ),
      cell(takenAt, v('last')),
      cell(takenAt + 4, v('hash')),
      v('start'),
    ),
  };
})();

const lastWordHash: wasm.WasmFunction = (() => {
  const { v, put } = named(['length', 'at', 'hash', 'part']);
  const tableOf = (at: Code, tableAt: number): Code => byteAt(byteAt(at, messageAt), tableAt);
  return {
    name: 'lastWordHash',
    parameters: 1,
    gives: true,
    locals: locals(3),
    code: code(
      put('at', v('length')),
      put('hash', i32Const(hashStart)),
      // A byte before the message is none of a word.
      asLongAs(and(isSet(v('at')), isSet(byteAt(byteAt(v('at'), messageAt - 1), inWordAt))), put('at', difference(v('at'), one))),
      asLongAs(
        isBelow(v('at'), v('length')),
        code(
          put('part', tableOf(v('at'), partsAt)),
          when(v('part'), put('hash', code(v('hash'), v('part'), op.i32Xor, i32Const(hashFactor), op.i32Multiply))),
          put('at', sum(v('at'), one)),
        ),
      ),
      v('hash'),
    ),
  };
})();

export function createFoldingModule(): FoldingModule {
  const module = wasm.createWasmModule({
    pages: Math.ceil((takenAt + takenBytes) / pageBytes),
    globals: hashGlobals,
    functions: [...hashFunctions, fold, foldWords, takeWord, lastWordHash],
  }) as FoldingModule;
  const memory = new Uint8Array(module.memory.buffer);
  memory.set(hashParts, partsAt);
  memory.set(
    classes.map((kinds) => kinds & wordByte),
    inWordAt,
  );
  return module;
}
