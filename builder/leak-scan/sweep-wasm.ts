import * as wasm from '../../core/wasm-code.ts';
import { longestEntity } from './entities.ts';
import { shortestAnchor } from './phrases.ts';
import { botDigits, shortestSecret } from './secrets.ts';
import { eachTurn, mapRange } from './sweep-map-wasm.ts';
import {
  beginningsAt,
  cellOf,
  coarseFilterAt,
  coarseFilterBytes,
  decodedAt,
  formNote,
  harmlessAt,
  hasFirstBit,
  hasSecondBit,
  isBitSet,
  memoryBytes,
  note,
  putCell,
  runNote,
  signNote,
  sweepTraits,
  textAt,
  traitOf,
  wordFilterAt,
  wordMapAt,
  wordNote,
} from './sweep-memory.ts';
import { startIn, sweepNumbers } from './sweep-numbers-wasm.ts';
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
import { hashFactor, hashStart } from './word-hash.ts';

const { branchIf, code, createWasmModule, i32, i32Const, i64, load16, load32, op } = wasm;
/** The dashes and the word with which a private key begins, and the shortest name of a secret; encoded text is longer. */
const shortestForm = 10;
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

/** endWord(start, at): notes a word that may be something by its form, or the beginning of encoded text. */
const endWord: wasm.WasmFunction = (() => {
  const { v, put } = named(['start', 'at', 'length', 'next', 'first', 'coded']);
  const noted = (kind: number): Code => callOf('note', i32Const(kind), v('start'), v('at'));
  const has = (offset: number, trait: number): Code => isSet(bits(traitOf(byteAt(v('start'), offset)), trait));
  const beginsSecret = isBitSet(code(v('start'), load16(0)), beginningsAt);
  const beginsBotToken = and(
    equals(v('next'), 0x3a),
    atLeast(v('length'), botDigits.fewest),
    isBelow(v('length'), i32Const(botDigits.most + 1)),
    isSet(bits(traitOf(v('first')), sweepTraits.digit)),
  );
  return {
    name: 'endWord',
    parameters: 2,
    locals: locals(4),
    code: code(
      put('length', difference(v('at'), v('start'))),
      put('next', byteAt(v('at'))),
      put('first', byteAt(v('start'))),
      when(
        atLeast(v('length'), 4),
        when(
          or(
            and(equals(v('first'), 0x2d), atLeast(v('length'), shortestForm), equals(byteAt(v('start'), 1), 0x2d)),
            and(
              isSet(bits(traitOf(v('first')), sweepTraits.lettered)),
              has(1, sweepTraits.lettered),
              has(2, sweepTraits.digit),
              has(3, sweepTraits.digit),
            ),
            and(equals(v('length'), 4), equals(v('next'), 0x3a), equals(bits(v('first'), 0xfe), 0x32)),
            beginsBotToken,
          ),
          noted(formNote),
          when(or(atLeast(v('length'), shortestSecret), equals(v('next'), 0x2f)), when(beginsSecret, noted(formNote))),
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

/** endsJoined(start, at, remark): whether a word such as `marie.dupont` may end with one by which a value is found. */
const endsJoined: wasm.WasmFunction = (() => {
  const { v, put, local } = named(['start', 'at', 'remark', 'from', 'hash', 'part', 'first', 'second']);
  const joins = (at: Code): Code => isSet(bits(traitOf(byteAt(at)), sweepTraits.joining));
  return {
    name: 'endsJoined',
    parameters: 3,
    gives: true,
    locals: locals(5),
    code: code(
      // Numbers; and an address, with its @ as it is or percent-encoded: that is looked at as a whole.
      when(isZero(bits(v('remark'), sweepTraits.lettered | sweepTraits.beyondAscii)), give(zero)),
      when(or(equals(byteAt(v('at')), 0x40), equals(byteAt(v('at')), 0x25)), give(zero)),
      // Signs at its end, such as a sentence's, join nothing.
      asLongAs(joins(difference(v('at'), one)), put('at', difference(v('at'), one))),
      put('from', v('at')),
      asLongAs(and(isBelow(v('start'), v('from')), isZero(joins(difference(v('from'), one)))), put('from', difference(v('from'), one))),
      when(
        or(isBelow(difference(v('at'), v('from')), i32Const(shortestAnchor)), isBelow(v('from'), sum(v('start'), i32Const(2)))),
        give(zero),
      ),
      put('hash', i32Const(hashStart)),
      asLongAs(
        isBelow(v('from'), v('at')),
        code(
          put('part', bits(code(traitOf(byteAt(v('from'))), i32Const(sweepTraits.hashShift), op.i32ShiftRight), 0xff)),
          when(v('part'), put('hash', code(v('hash'), v('part'), op.i32Xor, i32Const(hashFactor), op.i32Multiply))),
          put('from', sum(v('from'), one)),
        ),
      ),
      when(isZero(hasFirstBit(v('hash'), wordFilterAt, local('first'))), give(zero)),
      isSet(hasSecondBit(v('hash'), wordFilterAt, local('first'), local('second'))),
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

/** isEntity(at): whether with this & can begin a character reference such as `&#233;`, or a parameter of a query with a + for a blank. */
const isEntity: wasm.WasmFunction = (() => {
  const { v, put } = named(['at', 'end']);
  return {
    name: 'isEntity',
    parameters: 1,
    gives: true,
    locals: locals(1),
    code: code(
      put('end', sum(v('at'), one)),
      when(equals(byteAt(v('end')), 0x23), put('end', sum(v('end'), one))),
      asLongAs(
        and(isSet(bits(traitOf(byteAt(v('end'))), sweepTraits.word)), isBelow(difference(v('end'), v('at')), i32Const(longestEntity))),
        put('end', sum(v('end'), one)),
      ),
      when(equals(byteAt(v('end')), 0x3b), give(one)),
      when(isZero(equals(byteAt(v('end')), 0x3d)), give(zero)),
      put('end', sum(v('end'), one)),
      asLongAs(
        and(isSet(bits(traitOf(byteAt(v('end'))), sweepTraits.word)), isZero(equals(byteAt(v('end')), 0x2b))),
        put('end', sum(v('end'), one)),
      ),
      equals(byteAt(v('end')), 0x2b),
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
      when(equals(v('byte'), 0x26), code(when(callOf('isEntity', v('at')), noted), give(zero))),
      when(
        or(
          and(equals(v('byte'), 0x24), equals(v('next'), 0x32)),
          and(equals(v('byte'), 0x25), isSet(bits(traitOf(v('next')), sweepTraits.hex))),
        ),
        noted,
      ),
      when(or(isZero(equals(v('byte'), 0x5c)), equals(v('framing'), framings.binary)), give(zero)),
      put('isTable', equals(v('framing'), framings.table)),
      // Zero bytes with one byte between them can be of text in UTF-16.
      when(
        or(isZero(v('isTable')), equals(v('next'), 0x5c), and(...[1, 4, 7].map((zeroAt) => equals(byteAt(v('at'), zeroAt), 0x30)))),
        noted,
      ),
      v('isTable'),
    ),
  };
})();

/** sweepWords(start, stop) */
const sweepWords: wasm.WasmFunction = (() => {
  const names = [
    ...([
      'start',
      'stop',
      'map',
      'block',
      'bit',
      'isInWord',
      'word',
      'at',
      'trait',
      'hash',
      'part',
      'remark',
      'next',
      'scratch',
      'first',
    ] as const),
    ...(['own', 'turns', 'carried'] as const),
  ];
  const { v, put, local } = named(names);
  const take = code(
    put('at', v('word')),
    put('hash', i32Const(hashStart)),
    put('remark', zero),
    op.loop,
    put('trait', traitOf(byteAt(v('at')))),
    put('part', bits(code(v('trait'), i32Const(sweepTraits.hashShift), op.i32ShiftRight), 0xff)),
    when(v('part'), put('hash', code(v('hash'), v('part'), op.i32Xor, i32Const(hashFactor), op.i32Multiply))),
    put('remark', code(v('remark'), v('trait'), op.i32Or)),
    put('at', sum(v('at'), one)),
    code(isBelow(v('at'), v('bit')), branchIf(0)),
    op.end,
  );
  const before = byteAt(difference(v('word'), one));
  /** It may be the last of several words. */
  const followsOne = or(equals(before, 0x20), equals(before, 0x27));
  const isBeforeSign = or(equals(v('next'), 0x2f), equals(v('next'), 0x3a));
  const bytesOfWord = code(
    code(v('word'), load32(0)),
    code(i32Const(32), difference(v('bit'), v('word')), i32Const(3), op.i32ShiftLeft, op.i32Sub, op.i32ShiftLeft),
  );
  /** Up to three characters of ASCII alone are nothing: most are digits of times and short numbers. */
  const isNothing = and(
    isBelow(difference(v('bit'), v('word')), i32Const(4)),
    isZero(or(followsOne, isBeforeSign)),
    isZero(bits(bytesOfWord, 0x80808080)),
  );
  const isOdd = bits(v('remark'), sweepTraits.foldedOddly);
  const mayEndWatched = or(isOdd, hasFirstBit(v('hash'), coarseFilterAt, local('scratch'), coarseFilterBytes));
  const endsWatched = or(isOdd, hasFirstBit(v('hash'), wordFilterAt, local('first')));
  const surelyEnds = or(isOdd, hasSecondBit(v('hash'), wordFilterAt, local('first'), local('scratch')));
  /** Values are found by shorter ones only where they are the last of several words. */
  const isLongEnough = or(
    atLeast(difference(v('bit'), v('word')), shortestAnchor),
    isSet(bits(v('remark'), sweepTraits.beyondAscii)),
    followsOne,
  );
  // So few digits alone are neither a secret nor encoded text.
  const hasForm = or(
    bits(v('remark'), sweepTraits.lettered),
    atLeast(difference(v('bit'), v('word')), shortestHex),
    equals(byteAt(v('word')), 0x2d),
    isBeforeSign,
  );
  // Of the shorter words only an account number's beginning and what a slash or a colon follows have a form.
  const mayHaveForm = or(
    atLeast(difference(v('bit'), v('word')), shortestForm),
    isBeforeSign,
    isSet(bits(traitOf(byteAt(v('word'), 2)), sweepTraits.digit)),
  );
  const endWord = code(
    put('isInWord', zero),
    put('next', byteAt(v('bit'))),
    when(
      isZero(isNothing),
      code(
        take,
        when(
          mayEndWatched,
          when(isLongEnough, when(endsWatched, when(surelyEnds, callOf('note', i32Const(wordNote), v('word'), v('bit'))))),
        ),
        when(
          bits(v('remark'), sweepTraits.joining),
          when(callOf('endsJoined', v('word'), v('bit'), v('remark')), callOf('note', i32Const(wordNote), v('word'), v('bit'))),
        ),
        when(bits(v('remark'), sweepTraits.blank), callOf('note', i32Const(formNote), v('word'), v('bit'))),
        when(and(mayHaveForm, isSet(hasForm)), callOf('endWord', v('word'), v('bit'))),
      ),
    ),
  );
  return {
    name: 'sweepWords',
    parameters: 2,
    locals: [...names.slice(2, -3).map(() => i32), i64, i64, i64],
    code: eachTurn(wordMapAt, { v, put }, when(v('isInWord'), endWord, code(put('isInWord', one), put('word', v('bit'))))),
  };
})();

/** sweepRange(start, stop, framing): a zero stands at `stop`. */
const sweepRange: wasm.WasmFunction = (() => {
  const { v } = named(['start', 'stop', 'framing']);
  return {
    name: 'sweepRange',
    parameters: 3,
    locals: [],
    code: code(
      callOf('mapRange', v('start'), v('stop'), v('framing')),
      callOf('sweepNumbers', v('start'), v('stop')),
      callOf('sweepWords', v('start'), v('stop')),
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

const runs = [characterSize, decodeRun, holdsText, holdsCoded, dropIdle];

export function createSweep(): Sweep {
  const functions = inOrder([
    note,
    mapRange,
    startIn,
    sweepNumbers,
    ...runs,
    endWord,
    endsJoined,
    isAddress,
    isEntity,
    takeSign,
    sweepWords,
    sweepRange,
    sweep,
  ]);
  return createWasmModule({ pages: Math.ceil(memoryBytes / pageBytes), globals: 0, functions }) as Sweep;
}
