import { wasm } from '../../core/index.ts';
import { secretBeginnings } from './detectors.ts';
import {
  cellOf,
  decodedAt,
  formNote,
  harmlessAt,
  isInFilter,
  memoryBytes,
  note,
  putCell,
  runNote,
  signNote,
  sweepTraits,
  textAt,
  traitOf,
  wordFilterAt,
  wordNote,
} from './sweep-memory.ts';
import { endGroup, endRun, startGroup, takeSeparator } from './sweep-numbers-wasm.ts';
import { characterSize, decodeRun, dropIdle, framings, holdsCoded, holdsText, shortestHex, shortestRun } from './sweep-runs-wasm.ts';
import {
  and,
  asLongAs,
  atLeast,
  bits,
  byteAt,
  type Code,
  callOf,
  difference,
  equals,
  give,
  inOrder,
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

export { filterBytes } from './sweep-memory.ts';

const { branch, branchIf, code, createWasmModule, i32Const, load16, op } = wasm;
const pageBytes = 64 * 1024;

/**
 * The loop over every byte that is written, as WebAssembly: it goes over a text once and notes the places that are worth a closer look,
 * always too many and never too few. It decides nothing: what a place holds, the scanner finds out.
 */
export type Sweep = {
  readonly memory: { readonly buffer: ArrayBuffer };
  /**
   * Goes over `length` bytes at `textAt`. Notes stand at `notesAt`, three words of 32 bits each: kind, start, end.
   * @param isTable 1 for text of rows, where a backslash and the byte behind it are one sign
   * @returns how many notes there are; -1 where there was no room for all
   */
  sweep(length: number, isTable: number): number;
};

/** endWord(start, at, hash, remark): the word ends before `at`; `remark` is what its bytes' traits say together. */
const endWord: wasm.WasmFunction = (() => {
  const { v, put, local } = named(['start', 'at', 'hash', 'remark', 'length', 'next', 'first', 'coded', 'scratch']);
  const noted = (kind: number): Code => callOf('note', i32Const(kind), v('start'), v('at'));
  const has = (offset: number, trait: number): Code => isSet(bits(traitOf(byteAt(v('start'), offset)), trait));
  const beginsSecret = or(
    ...secretBeginnings.map((two) => equals(code(v('start'), load16(0)), two.charCodeAt(0) | (two.charCodeAt(1) << 8))),
  );
  return {
    name: 'endWord',
    parameters: 4,
    locals: locals(5),
    code: code(
      when(or(bits(v('remark'), sweepTraits.foldedOddly), isInFilter(v('hash'), wordFilterAt, local('scratch'))), noted(wordNote)),
      put('length', difference(v('at'), v('start'))),
      put('next', byteAt(v('at'))),
      put('first', byteAt(v('start'))),
      when(
        isZero(
          or(
            bits(v('remark'), sweepTraits.lettered),
            atLeast(v('length'), shortestHex),
            equals(v('first'), 0x2d),
            equals(v('next'), 0x2f),
            equals(v('next'), 0x3a),
          ),
        ),
        op.return,
      ),
      when(
        atLeast(v('length'), 4),
        when(
          or(
            and(equals(v('first'), 0x2d), atLeast(v('length'), 10), equals(byteAt(v('start'), 1), 0x2d)),
            and(
              isSet(bits(traitOf(v('first')), sweepTraits.upper)),
              has(1, sweepTraits.upper),
              has(2, sweepTraits.digit),
              has(3, sweepTraits.digit),
            ),
            and(equals(v('length'), 4), equals(v('next'), 0x3a), equals(bits(v('first'), 0xfe), 0x32)),
          ),
          noted(formNote),
          when(and(atLeast(v('length'), 11), isSet(bits(traitOf(v('first')), sweepTraits.secret))), when(beginsSecret, noted(formNote))),
        ),
      ),
      when(
        isZero(equals(v('next'), 0x2f)),
        code(
          when(isBelow(v('length'), i32Const(shortestRun)), op.return),
          // The first letters that can be of base64.
          put('coded', v('start')),
          asLongAs(bits(traitOf(byteAt(v('coded'))), sweepTraits.base64), put('coded', sum(v('coded'), one))),
          when(isBelow(difference(v('coded'), v('start')), i32Const(shortestRun)), op.return),
        ),
      ),
      noted(runNote),
    ),
  };
})();

/** isAddress(at): whether an e-mail address can stand around this @, other than one of the domain that was last found harmless. */
const isAddress: wasm.WasmFunction = (() => {
  const { v, put } = named(['at', 'end', 'hasDot', 'length', 'index']);
  const isDomain = (byte: Code): Code => bits(traitOf(byte), sweepTraits.domain);
  return {
    name: 'isAddress',
    parameters: 1,
    gives: true,
    locals: locals(4),
    code: code(
      when(isZero(bits(traitOf(byteAt(difference(v('at'), one))), sweepTraits.local)), give(zero)),
      put('length', byteAt(i32Const(harmlessAt))),
      asLongAs(
        and(isBelow(v('index'), v('length')), code(byteAt(sum(v('at'), v('index')), 1), byteAt(v('index'), harmlessAt + 1), op.i32Equals)),
        put('index', sum(v('index'), one)),
      ),
      when(
        and(isSet(v('length')), code(v('index'), v('length'), op.i32Equals)),
        when(isZero(isDomain(byteAt(sum(v('at'), v('index')), 1))), give(zero)),
      ),
      put('end', sum(v('at'), one)),
      asLongAs(isDomain(byteAt(v('end'))), code(when(equals(byteAt(v('end')), 0x2e), put('hasDot', one)), put('end', sum(v('end'), one)))),
      v('hasDot'),
    ),
  };
})();

/** takeSign(at, byte, framing): how many bytes behind it belong to it. */
const takeSign: wasm.WasmFunction = (() => {
  const { v, put } = named(['at', 'byte', 'framing', 'next', 'isTable']);
  const noted = callOf('note', i32Const(signNote), v('at'), v('at'));
  return {
    name: 'takeSign',
    parameters: 3,
    gives: true,
    locals: locals(2),
    code: code(
      put('next', byteAt(v('at'), 1)),
      when(equals(v('byte'), 0x40), code(when(callOf('isAddress', v('at')), noted), give(zero))),
      when(
        or(
          and(equals(v('byte'), 0x24), equals(v('next'), 0x32)),
          and(equals(v('byte'), 0x25), isSet(bits(traitOf(v('next')), sweepTraits.hex))),
        ),
        noted,
      ),
      when(or(isZero(equals(v('byte'), 0x5c)), equals(v('framing'), framings.binary)), give(zero)),
      put('isTable', equals(v('framing'), framings.table)),
      when(or(isZero(v('isTable')), equals(v('next'), 0x5c)), noted),
      v('isTable'),
    ),
  };
})();

/**
 * sweepRange(at, stop, framing): a zero stands at `stop`.
 * Few values are alive in the loops, so that they stay in registers: what is rare is a function of its own.
 */
const sweepRange: wasm.WasmFunction = (() => {
  const names = ['at', 'stop', 'framing', 'byte', 'trait', 'hash', 'remark', 'part', 'wordStart', 'inRun', 'group', 'last'] as const;
  const { v, put } = named(names);
  const look = code(put('byte', byteAt(v('at'))), put('trait', traitOf(v('byte'))));
  const noDigit = when(
    v('inRun'),
    code(
      when(v('group'), code(v('last'), v('group'), callOf('endGroup'), put('group', zero))),
      when(bits(v('trait'), sweepTraits.separator), put('inRun', code(v('byte'), callOf('takeSeparator'))), put('inRun', zero)),
      when(isZero(v('inRun')), code(v('at'), callOf('endRun'))),
    ),
  );
  const digit = code(
    when(
      isZero(v('group')),
      code(code(v('at'), v('wordStart'), v('inRun'), callOf('startGroup')), when(isZero(v('inRun')), put('last', zero)), put('inRun', one)),
    ),
    put('group', sum(v('group'), one)),
    put(
      'last',
      sum(
        code(v('last'), i32Const(10_000_000), op.i32RemainderUnsigned, i32Const(10), op.i32Multiply),
        difference(v('byte'), i32Const(0x30)),
      ),
    ),
  );
  return {
    name: 'sweepRange',
    parameters: 3,
    locals: locals(names.length - 3),
    code: code(
      op.block,
      op.loop,
      code(v('at'), v('stop'), op.i32GreaterEqualUnsigned, branchIf(1)),
      look,
      when(
        bits(v('trait'), sweepTraits.word),
        code(
          put('wordStart', v('at')),
          put('hash', i32Const(0x811c9dc5)),
          put('remark', zero),
          op.loop,
          put('part', bits(code(v('trait'), i32Const(sweepTraits.hashShift), op.i32ShiftRight), 0xff)),
          when(v('part'), put('hash', code(v('hash'), v('part'), op.i32Xor, i32Const(0x01000193), op.i32Multiply))),
          put('remark', code(v('remark'), v('trait'), op.i32Or)),
          when(bits(v('trait'), sweepTraits.digit), digit, noDigit),
          put('at', sum(v('at'), one)),
          look,
          code(bits(v('trait'), sweepTraits.word), branchIf(0)),
          op.end,
          code(v('wordStart'), v('at'), v('hash'), v('remark'), callOf('endWord')),
        ),
        code(
          noDigit,
          when(bits(v('trait'), sweepTraits.sign), put('at', sum(v('at'), code(v('at'), v('byte'), v('framing'), callOf('takeSign'))))),
          put('at', sum(v('at'), one)),
        ),
      ),
      branch(0),
      op.end,
      op.end,
      // What ends the text ends a run, too.
      put('trait', zero),
      put('at', v('stop')),
      noDigit,
    ),
  };
})();

/** sweep(length, isTable) */
const sweep: wasm.WasmFunction = (() => {
  const { v } = named(['length', 'isTable']);
  return {
    name: 'sweep',
    parameters: 2,
    gives: true,
    locals: [],
    code: code(
      putCell('notes', zero),
      putCell('isFull', zero),
      callOf('sweepRange', i32Const(textAt), sum(i32Const(textAt), v('length')), v('isTable')),
      when(cellOf('isFull'), give(i32Const(-1))),
      callOf('dropIdle', zero, i32Const(decodedAt), zero),
      cellOf('notes'),
    ),
  };
})();

const numbers = [startGroup, endGroup, takeSeparator, endRun];
const runs = [characterSize, decodeRun, holdsText, holdsCoded, dropIdle];

export function createSweep(): Sweep {
  const functions = inOrder([note, ...numbers, ...runs, endWord, isAddress, takeSign, sweepRange, sweep]);
  return createWasmModule({ pages: Math.ceil(memoryBytes / pageBytes), globals: 0, functions }) as Sweep;
}
