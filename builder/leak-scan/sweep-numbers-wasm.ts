import * as wasm from '../../core/wasm-code.ts';
import { cardInHalves, halves, shortestBareCard, shortestCard } from './cards.ts';
import { longestSeparators, mostGroups } from './numbers.ts';
import { blockBytes, clearLowest, isNone, lowestBit } from './sweep-map-wasm.ts';
import {
  digitMapAt,
  hasFirstBit,
  hasSecondBit,
  numberNote,
  phoneFilterAt,
  phoneNote,
  runMapAt,
  sweepTraits,
  traitOf,
  wordMapAt,
} from './sweep-memory.ts';
import {
  and,
  asLongAs,
  atLeast,
  bits,
  byteAt,
  callOf,
  difference,
  equals,
  isBelow,
  isSet,
  isZero,
  named,
  one,
  or,
  sum,
  when,
  zero,
} from './wasm-terms.ts';

const { branchIf, code, i32, i32Const, i64, i64Const, load64, op } = wasm;

/** A watched phone number is known by as many of its last digits, and has no fewer. */
const knownDigits = 8;

/** startIn(map, at, start): where the row of ones in a map begins that the byte at `at` is the last of; the map's range begins at `start`. */
export const startIn: wasm.WasmFunction = (() => {
  const { v, put } = named(['map', 'at', 'start', 'bit', 'ones', 'place']);
  const block = code(sum(v('map'), code(v('place'), i32Const(6), op.i32ShiftRight, i32Const(3), op.i32ShiftLeft)), load64(0));
  const upToHere = code(block, difference(i32Const(blockBytes - 1), v('bit')), op.i64Extend, op.i64ShiftLeft);
  return {
    name: 'startIn',
    parameters: 3,
    gives: true,
    locals: [i32, i32, i32],
    code: code(
      put('place', difference(v('at'), v('start'))),
      op.loop,
      put('bit', bits(v('place'), blockBytes - 1)),
      put('ones', code(upToHere, i64Const(-1n), op.i64Xor, op.i64LeadingZeros, op.i32FromI64)),
      put('place', difference(v('place'), v('ones'))),
      // Up to the beginning of the block, and on in the one before.
      code(and(isBelow(v('bit'), v('ones')), isZero(equals(v('place'), -1))), branchIf(0)),
      op.end,
      sum(sum(v('start'), v('place')), one),
    ),
  };
})();

/** sweepNumbers(start, stop): notes each run of digits and separators that may hold a watched number, a card's or an address. */
export const sweepNumbers: wasm.WasmFunction = (() => {
  const names = [
    ...(['start', 'stop', 'map', 'block', 'bit', 'first', 'at', 'group', 'length', 'end', 'next', 'last', 'scratch', 'bitPlace'] as const),
    ...(['digits', 'groups', 'dots', 'isWanted', 'isInternational', 'isAfterLetter', 'isOfNumber', 'isFraction', 'firstLength'] as const),
    'places' as const,
  ];
  const { v, put, local } = named(names);
  const before = (count: number) => byteAt(difference(v('group'), i32Const(count)));
  const digitHere = difference(byteAt(v('at')), i32Const(0x30));
  const isDigitHere = isBelow(digitHere, i32Const(10));

  const takeGroup = code(
    put('group', v('at')),
    op.loop,
    // As many digits as a known number has at the most.
    when(
      atLeast(v('last'), 10 ** (knownDigits - 1)),
      put('last', code(v('last'), i32Const(10 ** (knownDigits - 1)), op.i32RemainderUnsigned)),
    ),
    put('last', sum(code(v('last'), i32Const(10), op.i32Multiply), digitHere)),
    put('at', sum(v('at'), one)),
    code(isDigitHere, branchIf(0)),
    op.end,
    put('end', v('at')),
    put('length', difference(v('end'), v('group'))),
    // Digits right before or behind a letter are none of a number's; an escape's letter is none.
    put(
      'isOfNumber',
      and(
        isZero(bits(traitOf(byteAt(v('end'))), sweepTraits.lettered)),
        or(isSet(v('groups')), isZero(v('isAfterLetter')), equals(before(2), 0x5c)),
      ),
    ),
    put('digits', sum(v('digits'), code(v('length'), zero, v('isOfNumber'), op.select))),
    when(
      and(v('isOfNumber'), atLeast(v('digits'), knownDigits)),
      code(
        when(
          hasFirstBit(v('last'), phoneFilterAt, local('bitPlace')),
          when(hasSecondBit(v('last'), phoneFilterAt, local('bitPlace'), local('scratch')), put('isWanted', one)),
        ),
        when(equals(byteAt(difference(v('first'), one)), 0x2b), put('isInternational', one)),
        // A fraction: a digit, the dot, this group. What follows a letter is no number's, so there the number begins behind the dot.
        put(
          'isFraction',
          and(
            isSet(v('groups')),
            equals(before(1), 0x2e),
            isSet(bits(traitOf(before(2)), sweepTraits.digit)),
            isZero(and(equals(v('groups'), 1), or(v('isAfterLetter'), atLeast(byteAt(difference(v('first'), one)), 0x80)))),
            isBelow(v('groups'), i32Const(mostGroups - 1)),
          ),
        ),
        when(and(atLeast(v('length'), shortestBareCard), isZero(v('isFraction'))), put('isWanted', one)),
      ),
    ),
    when(isZero(v('groups')), put('firstLength', v('length'))),
    put('groups', sum(v('groups'), one)),
  );
  const takeSeparators = code(
    asLongAs(
      and(
        isBelow(difference(v('at'), v('end')), i32Const(longestSeparators)),
        isSet(bits(traitOf(byteAt(v('at'))), sweepTraits.separator)),
      ),
      code(put('dots', sum(v('dots'), equals(byteAt(v('at')), 0x2e))), put('at', sum(v('at'), one))),
    ),
  );
  const takeRun = code(
    put('first', callOf('startIn', i32Const(digitMapAt), difference(v('bit'), i32Const(2)), v('start'))),
    put('at', v('first')),
    put('group', v('first')),
    put('isAfterLetter', isSet(bits(traitOf(before(1)), sweepTraits.lettered))),
    ...(['digits', 'groups', 'dots', 'isWanted', 'isInternational'] as const).map((name) => put(name, zero)),
    put('last', zero),
    op.loop,
    takeGroup,
    takeSeparators,
    code(and(isBelow(v('end'), v('at')), isDigitHere), branchIf(0)),
    op.end,
    put(
      'isWanted',
      or(
        v('isWanted'),
        atLeast(v('dots'), 3),
        and(atLeast(v('digits'), shortestCard), atLeast(v('groups'), 3)),
        // Of two groups, a card's first one has as many digits; a decimal's seldom does.
        and(atLeast(v('digits'), cardInHalves), atLeast(v('groups'), 2), or(...halves.map((size) => equals(v('firstLength'), size)))),
      ),
    ),
    when(
      or(v('isWanted'), v('isInternational')),
      callOf(
        'note',
        code(i32Const(numberNote), i32Const(phoneNote), v('isWanted'), op.select),
        callOf('startIn', i32Const(wordMapAt), v('first'), v('start')),
        v('end'),
      ),
    ),
    put('next', v('end')),
  );
  return {
    name: 'sweepNumbers',
    parameters: 2,
    locals: [...names.slice(2, -1).map(() => i32), i64],
    code: code(
      put('block', v('start')),
      asLongAs(
        isBelow(v('block'), v('stop')),
        code(
          put('places', code(v('map'), load64(runMapAt))),
          asLongAs(
            code(isNone(v('places')), op.i32EqualsZero),
            code(
              put('bit', sum(v('block'), lowestBit(v('places')))),
              put('places', clearLowest(v('places'))),
              // What an earlier place's run has reached belongs to that.
              when(code(difference(v('bit'), i32Const(2)), v('next'), op.i32GreaterEqualUnsigned), takeRun),
            ),
          ),
          put('map', sum(v('map'), i32Const(8))),
          put('block', sum(v('block'), i32Const(blockBytes))),
        ),
      ),
    ),
  };
})();
