import { wasm } from '../../core/index.ts';
import { mostGroups } from './numbers.ts';
import { eachTurn } from './sweep-map-wasm.ts';
import { digitMapAt, isInFilter, numberNote, phoneFilterAt, sweepTraits, traitOf, wordMapAt } from './sweep-memory.ts';
import {
  and,
  asLongAs,
  atLeast,
  bits,
  byteAt,
  callOf,
  difference,
  equals,
  give,
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

const { code, i32, i32Const, i64, op } = wasm;

/** Digits of a phone number by which the filter knows it; so many are the least that one has. */
const knownDigits = 8;
/** Between two groups of digits there are at most as many separators. */
const mostSeparators = 4;
const shortestCard = 14;

/** wordStart(at, start): where the word begins that the byte before `at` is of; `at` where that is of none. The map begins at `start`. */
export const wordStart: wasm.WasmFunction = (() => {
  const { v, put } = named(['at', 'start', 'before']);
  const last = difference(v('before'), one);
  const isOfWord = bits(code(byteAt(code(last, i32Const(3), op.i32ShiftRight), wordMapAt), bits(last, 7), op.i32ShiftRight), 1);
  return {
    name: 'wordStart',
    parameters: 2,
    gives: true,
    locals: [i32],
    code: code(
      put('before', difference(v('at'), v('start'))),
      asLongAs(isSet(v('before')), code(when(isZero(isOfWord), give(sum(v('start'), v('before')))), put('before', last))),
      v('start'),
    ),
  };
})();

/** sweepNumbers(start, stop): notes each run of digits and separators that may hold a watched number, a card's or an address. */
export const sweepNumbers: wasm.WasmFunction = (() => {
  const names = [
    ...(['start', 'stop', 'map', 'block', 'bit', 'isInGroup', 'group', 'length', 'at', 'scratch'] as const),
    /** Of the run: whether there is one, its first digit and the end of its last group, and what is in it. */
    ...(['isInRun', 'first', 'end', 'digits', 'groups', 'dots', 'last', 'isWanted', 'isAfterLetter', 'isFraction'] as const),
    ...(['own', 'turns', 'carried'] as const),
  ];
  const { v, put, local } = named(names);
  const before = (count: number) => byteAt(difference(v('group'), i32Const(count)));

  const endRun = code(
    when(
      and(v('isInRun'), or(v('isWanted'), atLeast(v('dots'), 3), and(atLeast(v('digits'), shortestCard), atLeast(v('groups'), 3)))),
      callOf('note', i32Const(numberNote), callOf('wordStart', v('first'), v('start')), v('end')),
    ),
    put('isInRun', zero),
  );
  /** Whether separators alone stand between the run and this group; counts the dots. */
  const goOn = code(
    put('at', v('end')),
    when(
      isBelow(i32Const(mostSeparators), difference(v('group'), v('end'))),
      endRun,
      code(
        asLongAs(
          isBelow(v('at'), v('group')),
          when(
            bits(traitOf(byteAt(v('at'))), sweepTraits.separator),
            code(put('dots', sum(v('dots'), equals(byteAt(v('at')), 0x2e))), put('at', sum(v('at'), one))),
            code(endRun, put('at', v('group'))),
          ),
        ),
      ),
    ),
  );
  const takeDigits = code(
    // More of them than the last eight do not count.
    put('at', v('group')),
    when(isBelow(i32Const(knownDigits), v('length')), put('at', difference(v('bit'), i32Const(knownDigits)))),
    op.loop,
    put(
      'last',
      sum(
        code(v('last'), i32Const(10_000_000), op.i32RemainderUnsigned, i32Const(10), op.i32Multiply),
        difference(byteAt(v('at')), i32Const(0x30)),
      ),
    ),
    put('at', sum(v('at'), one)),
    code(isBelow(v('at'), v('bit')), wasm.branchIf(0)),
    op.end,
    put('digits', sum(v('digits'), v('length'))),
    when(atLeast(v('digits'), knownDigits), when(isInFilter(v('last'), phoneFilterAt, local('scratch')), put('isWanted', one))),
  );
  const endGroup = code(
    put('isInGroup', zero),
    put('length', difference(v('bit'), v('group'))),
    when(v('isInRun'), goOn),
    // Alone, so few digits are nothing.
    when(
      or(v('isInRun'), atLeast(v('length'), knownDigits), isSet(bits(traitOf(byteAt(v('bit'))), sweepTraits.separator))),
      code(
        when(
          isZero(v('isInRun')),
          code(
            put('isInRun', one),
            put('first', v('group')),
            ...(['digits', 'groups', 'dots', 'last', 'isWanted', 'isFraction'] as const).map((name) => put(name, zero)),
            put('isAfterLetter', or(isSet(bits(traitOf(before(1)), sweepTraits.lettered)), atLeast(before(1), 0x80))),
          ),
          // A fraction: a digit, the dot, this group. What follows a letter is no number's, so there the number begins behind the dot.
          put(
            'isFraction',
            and(
              equals(before(1), 0x2e),
              isSet(bits(traitOf(before(2)), sweepTraits.digit)),
              isZero(and(equals(v('groups'), 1), v('isAfterLetter'))),
              isBelow(v('groups'), i32Const(mostGroups - 1)),
            ),
          ),
        ),
        put('groups', sum(v('groups'), one)),
        put('end', v('bit')),
        takeDigits,
        when(and(atLeast(v('length'), shortestCard), isZero(v('isFraction'))), put('isWanted', one)),
      ),
    ),
  );
  return {
    name: 'sweepNumbers',
    parameters: 2,
    locals: [...names.slice(2, -3).map(() => i32), i64, i64, i64],
    code: code(
      eachTurn(digitMapAt, { v, put }, when(v('isInGroup'), endGroup, code(put('isInGroup', one), put('group', v('bit'))))),
      endRun,
    ),
  };
})();
