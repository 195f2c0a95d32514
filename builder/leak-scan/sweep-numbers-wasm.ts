import { wasm } from '../../core/index.ts';
import { mostGroups } from './numbers.ts';
import { cellOf, isInFilter, numberNote, phoneFilterAt, putCell, sweepTraits, traitOf } from './sweep-memory.ts';
import {
  and,
  atLeast,
  bits,
  byteAt,
  callOf,
  difference,
  equals,
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

const { code, i32Const, op } = wasm;

/** What the sweep does where digits begin and end: a run of them and of separators is noted if it may be a watched number, a card's or an address. */

/** startGroup(at, start, inRun): digits begin, in the run so far or a new one that begins at `start`. */
export const startGroup: wasm.WasmFunction = (() => {
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
export const endGroup: wasm.WasmFunction = (() => {
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
export const takeSeparator: wasm.WasmFunction = (() => {
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
export const endRun: wasm.WasmFunction = (() => {
  const { v } = named(['at']);
  return {
    name: 'endRun',
    parameters: 1,
    locals: [],
    code: when(
      or(cellOf('isKnown'), cellOf('isLong'), atLeast(cellOf('dots'), 3), and(atLeast(cellOf('digits'), 14), atLeast(cellOf('groups'), 3))),
      callOf('note', i32Const(numberNote), cellOf('runStart'), v('at')),
    ),
  };
})();
