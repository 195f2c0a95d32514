import { wasm } from '../../core/index.ts';
import { base64Byte, digitByte, hexByte, triggerByte, upperByte, wordByte } from './bytes.ts';
import { shortRun } from './decode.ts';
import { mostGroups } from './numbers.ts';

const { branch, branchIf, call, code, createWasmModule, get, i32, i32Const, load32, load8, op, set, store32 } = wasm;

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

/** A word whose end may be a watched value's, or that the filter cannot tell. */
export const wordNote = 0;
/** A word that may be a secret, an encoded text, an account number or an address. */
export const longNote = 1;
/** A sign that an address, an escape or a hash is known by. */
export const signNote = 2;
/** A run of digits and separators, from the beginning of its first word. */
export const numberNote = 3;

/** Bits of what the sweep must know of a byte. */
export const sweepTraits = {
  word: wordByte,
  digit: digitByte,
  hex: hexByte,
  upper: upperByte,
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
  /** First letters of secrets of a known form. */
  secret: 1 << 22,
  /** 6 bits from here: what a letter or digit of base64 stands for. */
  base64Shift: 23,
} as const;

const kibibyte = 1024;
const traitsAt = 0;
/** 256 words of 32 bits. */
const traitsBytes = kibibyte;
export const filterBytes = kibibyte * kibibyte;
const wordFilterAt = traitsBytes;
const phoneFilterAt = wordFilterAt + filterBytes;
const cellsAt = phoneFilterAt + filterBytes;
const cellsBytes = 64;
/** Zeros stand before the text and behind it: they belong to nothing. */
const margin = 64;
export const textAt = cellsAt + cellsBytes + margin;
export const mostTextBytes = 5 * kibibyte * kibibyte;
export const notesAt = textAt + mostTextBytes + margin;
const noteBytes = 12;
const mostNotes = 400_000;
const memoryBytes = notesAt + mostNotes * noteBytes;
const pageBytes = 64 * kibibyte;

/** Shorter runs of letters are not decoded; shorter ones of hexadecimal digits are taken for base64. */
export const shortestRun = 12;
export const shortestHex = 16;

export const sweepPlaces = { traitsAt, wordFilterAt, phoneFilterAt } as const;

type Code = wasm.Code;

/** A place of a filter, the same as the watch list's. @param value on the stack; @param scratch a local that may be used */
function isInFilter(value: Code, filterAt: number, scratch: number): number[] {
  return code(
    code(value, value, i32Const(15), op.i32ShiftRight, op.i32Xor, i32Const(0x2c1b3c6d), op.i32Multiply, i32Const(9), op.i32ShiftRight),
    code(i32Const(filterBytes * 8 - 1), op.i32And, set(scratch)),
    code(get(scratch), i32Const(3), op.i32ShiftRight, load8(filterAt)),
    code(i32Const(1), get(scratch), i32Const(7), op.i32And, op.i32ShiftLeft, op.i32And),
  );
}

/** Of the number run that the sweep is in, and of the notes; 32 bits each, in memory. */
const cells = [
  'notes',
  'isFull',
  'runStart',
  'digits',
  'groups',
  'afterDot',
  'afterLetter',
  'isLong',
  'isKnown',
  'dots',
  'separators',
] as const;
type Cell = (typeof cells)[number];
const cellOf = (name: Cell): Code => code(i32Const(0), load32(cellsAt + 4 * cells.indexOf(name)));
const putCell = (name: Cell, value: Code): Code => code(i32Const(0), value, store32(cellsAt + 4 * cells.indexOf(name)));

const when = (condition: Code, then: Code, otherwise?: Code): Code =>
  otherwise === undefined ? code(condition, op.if, then, op.end) : code(condition, op.if, then, op.else, otherwise, op.end);
const sum = (x: Code, y: Code): Code => code(x, y, op.i32Add);
const difference = (x: Code, y: Code): Code => code(x, y, op.i32Sub);
const bits = (value: Code, wanted: number): Code => code(value, i32Const(wanted), op.i32And);
const equals = (x: Code, y: number): Code => code(x, i32Const(y), op.i32Equals);
const atLeast = (x: Code, y: number): Code => code(x, i32Const(y), op.i32GreaterEqualUnsigned);
const isZero = (x: Code): Code => code(x, op.i32EqualsZero);
const isSet = (x: Code): Code => code(x, i32Const(0), op.i32GreaterUnsigned);
/** Of conditions that are 0 or 1. */
const and = (...conditions: readonly Code[]): Code => conditions.reduce((all, one) => code(all, one, op.i32And));
const or = (...conditions: readonly Code[]): Code => conditions.reduce((all, one) => code(all, one, op.i32Or));
const byteAt = (address: Code, offset = 0): Code => code(address, load8(offset));
const traitOf = (byte: Code): Code => code(byte, i32Const(2), op.i32ShiftLeft, load32(traitsAt));
const one = i32Const(1);
const zero = i32Const(0);

/** Names for the parameters and locals of a function. */
function named<N extends string>(names: readonly N[]): { v(name: N): Code; put(name: N, value: Code): Code; local(name: N): number } {
  const local = (name: N): number => names.indexOf(name);
  return { v: (name) => get(local(name)), put: (name, value) => code(value, set(local(name))), local };
}

const locals = (count: number): number[] => Array.from({ length: count }, () => i32);

/** note(kind, start, end) */
const note: wasm.WasmFunction = (() => {
  const { v, put } = named(['kind', 'start', 'end', 'address']);
  return {
    name: 'note',
    parameters: 3,
    locals: locals(1),
    code: when(
      atLeast(cellOf('notes'), mostNotes),
      putCell('isFull', one),
      code(
        put('address', code(cellOf('notes'), i32Const(noteBytes), op.i32Multiply)),
        code(v('address'), v('kind'), store32(notesAt)),
        code(v('address'), difference(v('start'), i32Const(textAt)), store32(notesAt + 4)),
        code(v('address'), difference(v('end'), i32Const(textAt)), store32(notesAt + 8)),
        putCell('notes', sum(cellOf('notes'), one)),
      ),
    ),
  };
})();

/** startGroup(at, start, inRun): digits begin, in the run so far or a new one that begins at `start`. */
const startGroup: wasm.WasmFunction = (() => {
  const { v } = named(['at', 'start', 'inRun']);
  return {
    name: 'startGroup',
    parameters: 3,
    locals: [],
    code: code(
      when(
        isZero(v('inRun')),
        code(
          putCell('runStart', v('start')),
          ...(['digits', 'groups', 'isLong', 'isKnown', 'dots'] as const).map((cell) => putCell(cell, zero)),
        ),
      ),
      putCell('groups', sum(cellOf('groups'), one)),
      putCell('separators', zero),
      when(
        isZero(v('inRun')),
        putCell(
          'afterLetter',
          or(isSet(bits(traitOf(byteAt(difference(v('at'), one))), sweepTraits.lettered)), atLeast(byteAt(difference(v('at'), one)), 0x80)),
        ),
      ),
      // A fraction: a digit, the dot, this group. What follows a letter is no number's, so there the number begins behind the dot.
      putCell(
        'afterDot',
        and(
          v('inRun'),
          equals(byteAt(difference(v('at'), one)), 0x2e),
          isSet(bits(traitOf(byteAt(difference(v('at'), i32Const(2)))), sweepTraits.digit)),
          isZero(and(equals(cellOf('groups'), 2), cellOf('afterLetter'))),
          code(cellOf('groups'), i32Const(mostGroups), op.i32LessUnsigned),
        ),
      ),
    ),
  };
})();

/** endGroup(last, length): `last` are the run's last eight digits as a number. */
const endGroup: wasm.WasmFunction = (() => {
  const { v, local } = named(['last', 'length', 'scratch']);
  return {
    name: 'endGroup',
    parameters: 2,
    locals: locals(1),
    code: code(
      putCell('digits', sum(cellOf('digits'), v('length'))),
      when(atLeast(cellOf('digits'), 8), when(isInFilter(v('last'), phoneFilterAt, local('scratch')), putCell('isKnown', one))),
      when(and(atLeast(v('length'), 14), isZero(cellOf('afterDot'))), putCell('isLong', one)),
    ),
  };
})();

/** takeSeparator(byte): whether the run goes on. */
const takeSeparator: wasm.WasmFunction = (() => {
  const { v } = named(['byte']);
  return {
    name: 'takeSeparator',
    parameters: 1,
    gives: true,
    locals: [],
    code: code(
      putCell('separators', sum(cellOf('separators'), one)),
      when(equals(v('byte'), 0x2e), putCell('dots', sum(cellOf('dots'), one))),
      code(cellOf('separators'), i32Const(5), op.i32LessUnsigned),
    ),
  };
})();

/** endRun(at) */
const endRun: wasm.WasmFunction = (() => {
  const { v } = named(['at']);
  return {
    name: 'endRun',
    parameters: 1,
    locals: [],
    code: when(
      or(cellOf('isKnown'), cellOf('isLong'), atLeast(cellOf('dots'), 3), and(atLeast(cellOf('digits'), 14), atLeast(cellOf('groups'), 3))),
      code(i32Const(numberNote), cellOf('runStart'), v('at'), call(0)),
    ),
  };
})();

/** readsAsText(from, to): whether a run reads as text, as hexadecimal digits or as base64; not asked for what the scanner takes apart itself. */
const readsAsText: wasm.WasmFunction = (() => {
  const { v, put } = named(['from', 'to', 'at', 'byte', 'all', 'isHex', 'held', 'count']);
  const hexDigit = (byte: Code): Code =>
    // 0 … 9 end in 0 to 9, both a … f and A … F in 1 to 6.
    code(byte, i32Const(15), op.i32And, byte, i32Const(6), op.i32ShiftRight, i32Const(9), op.i32Multiply, op.i32Add);
  /** A byte that never is in text: a control character other than white space. */
  const isOdd = (byte: Code): Code =>
    and(
      code(byte, i32Const(0x20), op.i32LessUnsigned),
      code(byte, i32Const(9), op.i32Sub, i32Const(2), op.i32GreaterEqualUnsigned),
      isZero(equals(byte, 13)),
    );
  const giveNo = code(zero, op.return);
  return {
    name: 'readsAsText',
    parameters: 2,
    gives: true,
    locals: locals(6),
    code: code(
      put('at', v('from')),
      put('all', i32Const(-1)),
      op.loop,
      put('byte', traitOf(byteAt(v('at')))),
      when(bits(v('byte'), sweepTraits.base64Sign), code(one, op.return)),
      put('all', code(v('all'), v('byte'), op.i32And)),
      put('at', sum(v('at'), one)),
      code(v('at'), v('to'), op.i32LessUnsigned, branchIf(0)),
      op.end,
      put('isHex', and(atLeast(difference(v('to'), v('from')), shortestHex), isSet(bits(v('all'), sweepTraits.hex)))),
      put('at', v('from')),
      op.loop,
      put('byte', byteAt(v('at'))),
      when(
        v('isHex'),
        code(
          put('held', code(v('held'), i32Const(4), op.i32ShiftLeft, hexDigit(v('byte')), op.i32Or)),
          put('count', sum(v('count'), i32Const(4))),
        ),
        code(
          put(
            'held',
            code(
              v('held'),
              i32Const(6),
              op.i32ShiftLeft,
              traitOf(v('byte')),
              i32Const(sweepTraits.base64Shift),
              op.i32ShiftRight,
              op.i32Or,
            ),
          ),
          put('count', sum(v('count'), i32Const(6))),
        ),
      ),
      when(
        atLeast(v('count'), 8),
        code(
          put('count', difference(v('count'), i32Const(8))),
          put('byte', bits(code(v('held'), v('count'), op.i32ShiftRight), 0xff)),
          put('held', bits(v('held'), 0xff)),
          when(isOdd(v('byte')), giveNo),
        ),
      ),
      put('at', sum(v('at'), one)),
      code(v('at'), v('to'), op.i32LessUnsigned, branchIf(0)),
      op.end,
      one,
    ),
  };
})();

/** endWord(start, at, hash, remark): the word ends before `at`; `remark` is what its bytes' traits say together. */
const endWord: wasm.WasmFunction = (() => {
  const { v, put, local } = named(['start', 'at', 'hash', 'remark', 'length', 'next', 'first', 'coded', 'scratch']);
  const noted = (kind: number): Code => code(i32Const(kind), v('start'), v('at'), call(0));
  const isDigit = (offset: number): Code => isSet(bits(traitOf(byteAt(v('start'), offset)), sweepTraits.digit));
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
        or(
          equals(v('next'), 0x2f),
          and(atLeast(v('length'), 10), equals(v('first'), 0x2d)),
          and(atLeast(v('length'), 11), isSet(bits(traitOf(v('first')), sweepTraits.secret))),
          and(isSet(bits(traitOf(v('first')), sweepTraits.upper)), atLeast(v('length'), 4), isDigit(2), isDigit(3)),
          and(equals(v('length'), 4), equals(v('next'), 0x3a)),
        ),
        code(noted(longNote), op.return),
      ),
      code(v('length'), i32Const(shortestRun), op.i32LessUnsigned, op.if, op.return, op.end),
      // The first letters that can be of base64.
      put('coded', v('start')),
      op.block,
      op.loop,
      code(isZero(bits(traitOf(byteAt(v('coded'))), sweepTraits.base64)), branchIf(1)),
      put('coded', sum(v('coded'), one)),
      branch(0),
      op.end,
      op.end,
      code(difference(v('coded'), v('start')), i32Const(shortestRun), op.i32LessUnsigned, op.if, op.return, op.end),
      // Long runs are looked at whatever they hold.
      when(atLeast(difference(v('coded'), v('start')), shortRun), code(noted(longNote), op.return)),
      when(code(v('start'), v('coded'), call(5)), noted(longNote)),
    ),
  };
})();

/** takeSign(at, byte, isTable): how many bytes behind it belong to it. */
const takeSign: wasm.WasmFunction = (() => {
  const { v, put } = named(['at', 'byte', 'isTable', 'next']);
  const noted = code(i32Const(signNote), v('at'), v('at'), call(0));
  return {
    name: 'takeSign',
    parameters: 3,
    gives: true,
    locals: locals(1),
    code: code(
      put('next', byteAt(v('at'), 1)),
      when(
        or(
          equals(v('byte'), 0x40),
          and(equals(v('byte'), 0x24), equals(v('next'), 0x32)),
          and(equals(v('byte'), 0x25), isSet(bits(traitOf(v('next')), sweepTraits.hex))),
        ),
        noted,
      ),
      when(isZero(equals(v('byte'), 0x5c)), code(zero, op.return)),
      when(or(isZero(v('isTable')), equals(v('next'), 0x5c)), noted),
      v('isTable'),
    ),
  };
})();

const functionsBefore = [note, startGroup, endGroup, takeSeparator, endRun, readsAsText, endWord, takeSign];
const callOf = (one: wasm.WasmFunction): Code => call(functionsBefore.indexOf(one));

/** Few values are alive in the loops, so that they stay in registers: what is rare is a function of its own. */
const sweep: wasm.WasmFunction = (() => {
  const names = [
    'length',
    'isTable',
    'at',
    'stop',
    'byte',
    'trait',
    'hash',
    'remark',
    'part',
    'wordStart',
    'inRun',
    'group',
    'last',
  ] as const;
  const { v, put } = named(names);
  const look = code(put('byte', byteAt(v('at'))), put('trait', traitOf(v('byte'))));
  const noDigit = when(
    v('inRun'),
    code(
      when(v('group'), code(v('last'), v('group'), callOf(endGroup), put('group', zero))),
      when(bits(v('trait'), sweepTraits.separator), put('inRun', code(v('byte'), callOf(takeSeparator))), put('inRun', zero)),
      when(isZero(v('inRun')), code(v('at'), callOf(endRun))),
    ),
  );
  const digit = code(
    when(
      isZero(v('group')),
      code(code(v('at'), v('wordStart'), v('inRun'), callOf(startGroup)), when(isZero(v('inRun')), put('last', zero)), put('inRun', one)),
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
    name: 'sweep',
    parameters: 2,
    gives: true,
    locals: locals(names.length - 2),
    code: code(
      putCell('notes', zero),
      putCell('isFull', zero),
      put('at', i32Const(textAt)),
      put('stop', sum(i32Const(textAt), v('length'))),
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
          code(v('wordStart'), v('at'), v('hash'), v('remark'), callOf(endWord)),
        ),
        code(
          noDigit,
          when(bits(v('trait'), sweepTraits.sign), put('at', sum(v('at'), code(v('at'), v('byte'), v('isTable'), callOf(takeSign))))),
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
      when(cellOf('isFull'), code(i32Const(-1), op.return)),
      cellOf('notes'),
    ),
  };
})();

export function createSweep(): Sweep {
  return createWasmModule({ pages: Math.ceil(memoryBytes / pageBytes), globals: 0, functions: [...functionsBefore, sweep] }) as Sweep;
}
