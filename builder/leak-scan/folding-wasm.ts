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

const { code, i32Const, op, store8 } = wasm;

/** Brings values of ASCII to the form they are hashed in, and hashes them, without leaving its memory. */
export type FoldingModule = {
  readonly memory: { readonly buffer: ArrayBuffer };
  /**
   * Writes `[start, end)` folded (see anonymizers/normalize.ts) at `messageAt`: white space trimmed and collapsed, letters in lower case;
   * where `trims` is 1, signs at both ends are left out too. Gives the length, -1 where something is not ASCII.
   */
  fold(start: number, end: number, trims: number): number;
  /** Where the bytes of words end that begin at `start`. */
  wordEnd(start: number, end: number): number;
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

const fold: wasm.WasmFunction = (() => {
  const { v, put } = named(['start', 'end', 'trims', 'byte', 'length', 'pending', 'last', 'isSign']);
  const append = (byte: Code): Code => code(code(v('length'), byte, store8(messageAt)), put('length', sum(v('length'), one)));
  const letter = isBelow(difference(code(v('byte'), i32Const(0x20), op.i32Or), i32Const(0x61)), i32Const(26));
  const digit = isBelow(difference(v('byte'), i32Const(0x30)), i32Const(10));
  const upper = isBelow(difference(v('byte'), i32Const(0x41)), i32Const(26));
  const isBlank = or(isBelow(v('byte'), i32Const(0x21)), equals(v('byte'), 0x7f));
  return {
    name: 'fold',
    parameters: 3,
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
            isBlank,
            put('pending', isSet(v('length'))),
            code(
              put('isSign', isZero(or(letter, digit))),
              when(
                isZero(and(v('trims'), v('isSign'), isZero(v('length')))),
                code(
                  when(v('pending'), code(append(i32Const(0x20)), put('pending', zero))),
                  append(sum(v('byte'), code(upper, i32Const(5), op.i32ShiftLeft))),
                  when(isZero(v('isSign')), put('last', v('length'))),
                ),
              ),
            ),
          ),
        ),
      ),
      code(v('last'), v('length'), v('trims'), op.select),
    ),
  };
})();

const wordEnd: wasm.WasmFunction = (() => {
  const { v, put } = named(['start', 'end']);
  return {
    name: 'wordEnd',
    parameters: 2,
    gives: true,
    locals: [],
    code: code(
      asLongAs(and(isBelow(v('start'), v('end')), isSet(byteAt(byteAt(v('start')), inWordAt))), put('start', sum(v('start'), one))),
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
    pages: Math.ceil((singleAt + singleBytes) / pageBytes),
    globals: hashGlobals,
    functions: [...hashFunctions, fold, wordEnd, lastWordHash],
  }) as FoldingModule;
  const memory = new Uint8Array(module.memory.buffer);
  memory.set(hashParts, partsAt);
  memory.set(
    classes.map((kinds) => kinds & wordByte),
    inWordAt,
  );
  return module;
}
