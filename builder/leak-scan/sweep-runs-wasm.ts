import * as wasm from '../../core/wasm-code.ts';
import { shortRun } from './decode.ts';
import { cellOf, copyNote, decodedAt, decodedBytes, noteWord, putCell, runNote, sweepTraits, textAt, traitOf } from './sweep-memory.ts';
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
import { shortestWide } from './wide-text.ts';

const { branchIf, code, i32Const, op, store8, store32 } = wasm;

/**
 * What the sweep does with runs of hexadecimal digits and base64 letters: it decodes them and goes over what they hold as it goes over the
 * text. Most hold nothing that is worth a note, such as the bytes of a random token, and the scanner never sees them.
 */

/** Shorter runs of letters are not decoded; shorter ones of hexadecimal digits are taken for base64. */
export const shortestRun = 12;
export const shortestHex = 16;
/** Of binary data, text in as many bytes or more is looked at. No watched value is shorter. */
export const shortestText = 5;
/** Likewise with letters of Latin-1 in it. */
export const shortestLatin1 = 8;
/** By as many of their first bytes, decoded ones are text or binary data. */
export const lookedAt = 64;
/** How a range is framed, for `sweepRange`. */
export const framings = { text: 0, table: 1, binary: 2 } as const;

/** Zeros before and behind what is decoded. */
const margin = 8;
/** Runs in runs are looked into so often; deeper ones are noted. */
const deepest = 3;

/** characterSize(at, to): how many bytes the UTF-8 character here has; 0 where there is none, or a control character. */
export const characterSize: wasm.WasmFunction = (() => {
  const { v, put } = named(['at', 'to', 'byte', 'size', 'next']);
  return {
    name: 'characterSize',
    parameters: 2,
    gives: true,
    locals: locals(3),
    code: code(
      put('byte', byteAt(v('at'))),
      when(isBelow(v('byte'), i32Const(0x80)), give(isSet(bits(traitOf(v('byte')), sweepTraits.plain)))),
      when(or(isBelow(v('byte'), i32Const(0xc2)), atLeast(v('byte'), 0xf5)), give(zero)),
      put('size', sum(i32Const(2), sum(atLeast(v('byte'), 0xe0), atLeast(v('byte'), 0xf0)))),
      put('next', sum(v('at'), v('size'))),
      when(isBelow(v('to'), v('next')), give(zero)),
      op.loop,
      put('next', difference(v('next'), one)),
      when(code(v('next'), v('at'), op.i32Equals), give(v('size'))),
      code(equals(bits(byteAt(v('next')), 0xc0), 0x80), branchIf(0)),
      op.end,
      zero,
    ),
  };
})();

/** decodeRun(from, to, into): the length of what a run holds; 0 where a short run is no text. The same as `decodeHex` and `decodeBase64`. */
export const decodeRun: wasm.WasmFunction = (() => {
  const { v, put } = named(['from', 'to', 'into', 'at', 'all', 'isHex', 'isShort', 'held', 'count', 'byte', 'start']);
  const hexDigit = (byte: Code): Code =>
    // 0 … 9 end in 0 to 9, both a … f and A … F in 1 to 6.
    code(byte, i32Const(15), op.i32And, byte, i32Const(6), op.i32ShiftRight, i32Const(9), op.i32Multiply, op.i32Add);
  const sixBits = (byte: Code): Code => bits(code(traitOf(byte), i32Const(sweepTraits.base64Shift), op.i32ShiftRight), 63);
  /** A byte that never is in text: a control character other than white space and, for UTF-16, zero. */
  const isOdd = (byte: Code): Code =>
    and(isBelow(difference(byte, one), i32Const(0x1f)), atLeast(difference(byte, i32Const(9)), 2), isZero(equals(byte, 13)));
  const shifted = (count: number, value: Code): Code =>
    code(put('held', code(v('held'), i32Const(count), op.i32ShiftLeft, value, op.i32Or)), put('count', sum(v('count'), i32Const(count))));
  return {
    name: 'decodeRun',
    parameters: 3,
    gives: true,
    locals: locals(8),
    code: code(
      put('isShort', isBelow(difference(v('to'), v('from')), i32Const(shortRun))),
      put('at', v('from')),
      when(
        equals(byteAt(v('from')), 0x78),
        put('at', sum(v('from'), one)),
        when(and(equals(byteAt(v('from')), 0x30), equals(byteAt(v('from'), 1), 0x78)), put('at', sum(v('from'), i32Const(2)))),
      ),
      put('start', v('at')),
      put('count', difference(v('to'), v('start'))),
      when(
        and(atLeast(v('count'), shortestHex), isZero(bits(v('count'), 1))),
        code(
          put('all', i32Const(sweepTraits.hex)),
          asLongAs(
            and(isBelow(v('at'), v('to')), isSet(v('all'))),
            code(put('all', code(v('all'), traitOf(byteAt(v('at'))), op.i32And)), put('at', sum(v('at'), one))),
          ),
          put('isHex', isSet(v('all'))),
        ),
      ),
      put('at', v('from')),
      when(v('isHex'), put('at', v('start'))),
      put('start', v('into')),
      put('count', zero),
      // Of long runs four letters at once.
      when(
        isZero(or(v('isHex'), v('isShort'))),
        asLongAs(
          isBelow(sum(v('at'), i32Const(3)), v('to')),
          code(
            put('held', zero),
            ...[0, 1, 2, 3].map((letter) =>
              put('held', code(v('held'), i32Const(6), op.i32ShiftLeft, sixBits(byteAt(v('at'), letter)), op.i32Or)),
            ),
            ...[0, 1, 2].map((byte) => code(v('into'), v('held'), i32Const(16 - 8 * byte), op.i32ShiftRight, store8(byte))),
            put('at', sum(v('at'), i32Const(4))),
            put('into', sum(v('into'), i32Const(3))),
          ),
        ),
      ),
      put('held', zero),
      asLongAs(
        isBelow(v('at'), v('to')),
        code(
          put('byte', byteAt(v('at'))),
          when(v('isHex'), shifted(4, hexDigit(v('byte'))), shifted(6, sixBits(v('byte')))),
          when(
            atLeast(v('count'), 8),
            code(
              put('count', difference(v('count'), i32Const(8))),
              put('byte', bits(code(v('held'), v('count'), op.i32ShiftRight), 0xff)),
              put('held', bits(v('held'), 0xff)),
              when(and(v('isShort'), isOdd(v('byte'))), give(zero)),
              code(v('into'), v('byte'), store8(0)),
              put('into', sum(v('into'), one)),
            ),
          ),
          put('at', sum(v('at'), one)),
        ),
      ),
      difference(v('into'), v('start')),
    ),
  };
})();

/** holdsText(from, to, free, depth): whether what a run holds is worth a closer look; it is decoded to `free`. */
export const holdsText: wasm.WasmFunction = (() => {
  const names = ['from', 'to', 'free', 'depth', 'start', 'end', 'at', 'size', 'mark', 'held', 'wide'] as const;
  const { v, put } = named([...names, 'latin1From', 'isLatin1', 'isLetter']);
  const giveNoted = code(putCell('isFull', zero), putCell('notes', v('mark')), give(one));
  const putBlank = (address: Code): Code => code(address, zero, store32(0), address, zero, store32(4));
  /** What is decoded stands between zeros. */
  const isNearLetter = (byte: Code): Code =>
    or(isZero(byte), equals(byte, 0x20), equals(byte, 0x27), isSet(bits(traitOf(byte), sweepTraits.lettered)));
  /** As `isLatin1Letter` of `encodings.ts`. */
  const findLatin1Letter = code(
    put('isLetter', zero),
    when(
      atLeast(byteAt(v('at')), 0xc0),
      put('isLetter', and(isNearLetter(byteAt(difference(v('at'), one))), isNearLetter(byteAt(v('at'), 1)))),
    ),
  );
  /** The text ends here, whatever follows it. */
  const sweepTextFrom = (from: Code): Code =>
    code(
      put('held', byteAt(v('at'))),
      code(v('at'), zero, store8(0)),
      callOf('sweepRange', from, v('at'), i32Const(framings.binary)),
      code(v('at'), v('held'), store8(0)),
    );
  return {
    name: 'holdsText',
    parameters: 4,
    gives: true,
    locals: locals(10),
    code: code(
      put('size', difference(v('to'), v('from'))),
      when(isBelow(v('size'), i32Const(shortestRun)), give(zero)),
      // What has no room is looked at by the scanner.
      when(atLeast(sum(sum(v('free'), v('size')), i32Const(2 * margin)), decodedAt + decodedBytes), give(one)),
      put('start', sum(v('free'), i32Const(margin))),
      put('size', callOf('decodeRun', v('from'), v('to'), v('start'))),
      when(isZero(v('size')), give(zero)),
      put('end', sum(v('start'), v('size'))),
      putBlank(v('free')),
      putBlank(v('end')),
      put('mark', cellOf('notes')),
      // Up to the first byte that is none of a text's.
      put('at', v('start')),
      put('size', one),
      asLongAs(
        and(isSet(v('size')), isBelow(v('at'), v('end')), isBelow(difference(v('at'), v('start')), i32Const(lookedAt))),
        put('at', sum(v('at'), code(put('size', callOf('characterSize', v('at'), v('end'))), v('size')))),
      ),
      when(
        isSet(v('size')),
        callOf('sweepRange', v('start'), v('end'), i32Const(framings.text)),
        code(
          // `start` goes on as the beginning of what reads as text, `latin1From` as that of what reads as Latin-1.
          put('at', v('start')),
          put('latin1From', v('start')),
          op.loop,
          when(
            isBelow(v('at'), v('end')),
            when(
              bits(traitOf(byteAt(v('at'))), sweepTraits.plain),
              put('size', one),
              put('size', callOf('characterSize', v('at'), v('end'))),
            ),
            put('size', zero),
          ),
          when(
            isSet(v('size')),
            put('at', sum(v('at'), v('size'))),
            code(
              when(atLeast(difference(v('at'), v('start')), shortestText), sweepTextFrom(v('start'))),
              findLatin1Letter,
              when(
                v('isLetter'),
                put('isLatin1', one),
                code(
                  when(v('isLatin1'), when(atLeast(difference(v('at'), v('latin1From')), shortestLatin1), sweepTextFrom(v('latin1From')))),
                  put('isLatin1', zero),
                  put('latin1From', sum(v('at'), one)),
                ),
              ),
              // Single letters with zero bytes between them: text in UTF-16, which the scanner reads.
              when(
                and(equals(difference(v('at'), v('start')), 1), isZero(byteAt(v('at')))),
                code(put('wide', sum(v('wide'), one)), when(equals(v('wide'), shortestWide - 1), giveNoted)),
                put('wide', zero),
              ),
              put('at', sum(v('at'), one)),
              put('start', v('at')),
            ),
          ),
          code(v('end'), v('at'), op.i32GreaterEqualUnsigned, branchIf(0)),
          op.end,
        ),
      ),
      callOf('dropIdle', v('mark'), sum(v('end'), i32Const(margin)), sum(v('depth'), one)),
      put('size', or(cellOf('isFull'), code(cellOf('notes'), v('mark'), op.i32GreaterUnsigned))),
      putCell('isFull', zero),
      putCell('notes', v('mark')),
      v('size'),
    ),
  };
})();

/** holdsCoded(from, to, free, depth): whether a run, or a piece of it between its signs, holds what is worth a closer look. */
export const holdsCoded: wasm.WasmFunction = (() => {
  const { v, put } = named(['from', 'to', 'free', 'depth', 'at', 'piece']);
  const holds = (from: Code, to: Code): Code => when(callOf('holdsText', from, to, v('free'), v('depth')), give(one));
  return {
    name: 'holdsCoded',
    parameters: 4,
    gives: true,
    locals: locals(2),
    code: code(
      when(isBelow(difference(v('to'), v('from')), i32Const(shortestRun)), give(zero)),
      when(atLeast(v('depth'), deepest), give(one)),
      put('at', v('from')),
      put('piece', v('from')),
      asLongAs(
        isBelow(v('at'), v('to')),
        code(
          when(bits(traitOf(byteAt(v('at'))), sweepTraits.base64Sign), code(holds(v('piece'), v('at')), put('piece', sum(v('at'), one)))),
          put('at', sum(v('at'), one)),
        ),
      ),
      when(isBelow(v('from'), v('piece')), holds(v('piece'), v('to'))),
      callOf('holdsText', v('from'), v('to'), v('free'), v('depth')),
    ),
  };
})();

/** dropIdle(mark, free, depth): of the notes from `mark` on, drops those of runs that hold nothing; memory from `free` on may be used. */
export const dropIdle: wasm.WasmFunction = (() => {
  const { v, put } = named(['mark', 'free', 'depth', 'index', 'start', 'end', 'runEnd', 'isKept', 'count']);
  return {
    name: 'dropIdle',
    parameters: 3,
    locals: locals(6),
    code: code(
      put('index', v('mark')),
      put('count', cellOf('notes')),
      asLongAs(
        isBelow(v('index'), v('count')),
        code(
          put('isKept', one),
          when(
            equals(noteWord(v('index'), 0), runNote),
            code(
              put('start', sum(noteWord(v('index'), 1), i32Const(textAt))),
              // What an earlier word's run has reached belongs to that.
              put('isKept', zero),
              when(
                code(v('start'), v('runEnd'), op.i32GreaterEqualUnsigned),
                code(
                  asLongAs(equals(byteAt(difference(v('start'), one)), 0x2f), put('start', difference(v('start'), one))),
                  put('end', v('start')),
                  asLongAs(bits(traitOf(byteAt(v('end'))), sweepTraits.base64), put('end', sum(v('end'), one))),
                  put('runEnd', v('end')),
                  put('isKept', callOf('holdsCoded', v('start'), v('end'), v('free'), v('depth'))),
                ),
              ),
            ),
          ),
          when(v('isKept'), code(copyNote(v('index'), v('mark')), put('mark', sum(v('mark'), one)))),
          put('index', sum(v('index'), one)),
        ),
      ),
      putCell('notes', v('mark')),
    ),
  };
})();
