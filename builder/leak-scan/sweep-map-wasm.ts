import * as wasm from '../../core/wasm-code.ts';
import { classes, digitByte, triggerByte, wordByte } from './bytes.ts';
import { separatorBytes } from './numbers.ts';
import { digitMapAt, runMapAt, wordMapAt } from './sweep-memory.ts';
import { asLongAs, byteAt, type Code, callOf, difference, equals, isBelow, named, sum, when } from './wasm-terms.ts';

const { bytesConst, code, i32, i32Const, i64, i64Const, loadBytes, op, store64, v128 } = wasm;

/** Bytes of which the map has a word of 64 bits. */
export const blockBytes = 64;

/**
 * Tells kinds of bytes apart, 16 at once, by two small tables: a byte is of a kind where both the entry of its lower half and that of its
 * upper half have one of the kind's bits. Beyond ASCII all are of words.
 */
const kindTables = (() => {
  const [lows, highs] = [new Array<number>(16).fill(0), new Array<number>(16).fill(0)];
  let bits = 0;
  // The first bit is the highest, which can be asked for by itself.
  const of = (isOne: (kinds: number) => boolean): number => {
    let kind = 0;
    // Upper halves with the same lower ones share a bit.
    const bitOf = new Map<string, number>();
    for (let high = 0; high < 8; high += 1) {
      const here = Array.from({ length: 16 }, (_, low) => low).filter((low) => isOne(classes[high * 16 + low] as number));
      if (here.length === 0) continue;
      const bit = bitOf.get(here.join()) ?? 0x80 >> bits++;
      bitOf.set(here.join(), bit);
      for (const low of here) lows[low] = (lows[low] as number) | bit;
      highs[high] = (highs[high] as number) | bit;
      kind |= bit;
    }
    return kind;
  };
  const digit = of((kinds) => (kinds & digitByte) !== 0);
  const word = digit | of((kinds) => (kinds & (wordByte | digitByte)) === wordByte);
  const sign = of((kinds) => (kinds & triggerByte) !== 0);
  if (digit !== 0x80 || bits > 8) throw new Error('The kinds of bytes do not fit into the tables.');
  return { lows, highs, word, sign };
})();

/** Separators of numbers in ASCII all have this upper half; the lower halves they have. Beyond ASCII all bytes count as separators here. */
const separatorHigh = 2;
const separatorLows = Array.from({ length: 16 }, (_, low) => (separatorBytes.includes(separatorHigh * 16 + low) ? 0xff : 0));

export const clearLowest = (value: Code): Code => code(value, value, i64Const(1n), op.i64Sub, op.i64And);
export const lowestBit = (value: Code): Code => code(value, op.i64TrailingZeros, op.i32FromI64);
export const isNone = (value: Code): Code => code(value, op.i64EqualsZero);

/** mapRange(at, stop, framing): maps the words and numbers of a range, and hands on its signs. */
export const mapRange: wasm.WasmFunction = (() => {
  const names = [
    ...(['at', 'stop', 'framing', 'map', 'bit'] as const),
    ...(['words', 'digits', 'signs', 'gaps', 'kept', 'skipped'] as const),
    /** Where two, four and eight digits in a row end, and what the block before had of them. */
    ...(['twos', 'fours', 'eights', 'digitsBefore', 'gapsBefore', 'twosBefore', 'foursBefore'] as const),
    ...(['lows', 'highs', 'gapLows', 'bytes', 'kinds', 'upper'] as const),
  ];
  const { v, put } = named(names);
  const all = (byte: number): Code => bytesConst(new Array<number>(16).fill(byte));
  const kindBits = (bits: number): Code => code(v('kinds'), all(bits), op.bytesAnd, all(0), op.bytesUnequal, op.bytesHighBits);
  const add = (name: 'words' | 'digits' | 'signs' | 'gaps', bits: Code, quarter: number): Code => {
    const own = code(bits, op.i64Extend, i64Const(BigInt(16 * quarter)), op.i64ShiftLeft);
    return put(name, quarter === 0 ? own : code(v(name), own, op.i64Or));
  };
  const keep = (kept: Code): Code =>
    code(put('kept', kept), ...(['words', 'digits', 'signs'] as const).map((name) => put(name, code(v(name), v('kept'), op.i64And))));
  const shifted = (name: 'digits' | 'gaps' | 'twos' | 'fours', count: number): Code =>
    code(
      code(v(name), i64Const(BigInt(count)), op.i64ShiftLeft),
      code(v(`${name}Before`), i64Const(BigInt(64 - count)), op.i64ShiftRight, op.i64Or),
    );
  const not = (value: Code): Code => code(value, i64Const(-1n), op.i64Xor);
  return {
    name: 'mapRange',
    parameters: 3,
    locals: [i32, i32, ...names.slice(5, -6).map(() => i64), ...names.slice(-6).map(() => v128)],
    code: code(
      put('lows', bytesConst(kindTables.lows)),
      put('highs', bytesConst(kindTables.highs)),
      put('gapLows', bytesConst(separatorLows)),
      asLongAs(
        isBelow(v('at'), v('stop')),
        code(
          ...[0, 1, 2, 3].map((quarter) =>
            code(
              put('bytes', code(v('at'), loadBytes(16 * quarter))),
              put('kinds', code(v('bytes'), all(15), op.bytesAnd)),
              put('upper', code(v('bytes'), i32Const(4), op.bytesShiftRight)),
              add(
                'gaps',
                code(
                  code(v('gapLows'), v('kinds'), op.bytesAt, v('upper'), all(separatorHigh), op.bytesEqual, op.bytesAnd),
                  code(op.bytesHighBits, v('bytes'), op.bytesHighBits, op.i32Or),
                ),
                quarter,
              ),
              put('kinds', code(v('lows'), v('kinds'), op.bytesAt, v('highs'), v('upper'), op.bytesAt, op.bytesAnd)),
              add('words', code(kindBits(kindTables.word), v('bytes'), op.bytesHighBits, op.i32Or), quarter),
              add('digits', code(v('kinds'), op.bytesHighBits), quarter),
              add('signs', kindBits(kindTables.sign), quarter),
            ),
          ),
          when(
            isBelow(difference(v('stop'), v('at')), i32Const(blockBytes)),
            keep(code(code(i64Const(1n), difference(v('stop'), v('at')), op.i64Extend, op.i64ShiftLeft), i64Const(1n), op.i64Sub)),
          ),
          // What belongs to the sign at the end of the block before.
          keep(not(v('skipped'))),
          put('skipped', i64Const(0n)),
          asLongAs(
            code(isNone(v('signs')), op.i32EqualsZero),
            code(
              put('bit', lowestBit(v('signs'))),
              put('signs', clearLowest(v('signs'))),
              when(
                callOf('takeSign', sum(v('at'), v('bit')), byteAt(sum(v('at'), v('bit'))), v('framing')),
                when(
                  equals(v('bit'), blockBytes - 1),
                  put('skipped', i64Const(1n)),
                  keep(not(code(i64Const(2n), v('bit'), op.i64Extend, op.i64ShiftLeft))),
                ),
              ),
            ),
          ),
          code(v('map'), v('words'), store64(wordMapAt), v('map'), v('digits'), store64(digitMapAt)),
          put('twos', code(v('digits'), shifted('digits', 1), op.i64And)),
          put('fours', code(v('twos'), shifted('twos', 2), op.i64And)),
          put('eights', code(v('fours'), shifted('fours', 4), op.i64And)),
          code(
            v('map'),
            code(v('digits'), v('gaps'), op.i64Or, shifted('gaps', 1), op.i64And, shifted('digits', 2), op.i64And),
            code(v('eights'), not(code(v('eights'), i64Const(1n), op.i64ShiftLeft)), op.i64And, op.i64Or),
            store64(runMapAt),
          ),
          ...(['digits', 'gaps', 'twos', 'fours'] as const).map((name) => put(`${name}Before`, v(name))),
          put('map', sum(v('map'), i32Const(8))),
          put('at', sum(v('at'), i32Const(blockBytes))),
        ),
      ),
      // What ends the range ends a word, too.
      code(v('map'), i64Const(0n), store64(wordMapAt)),
    ),
  };
})();

/**
 * Goes through the beginnings and ends in a map, which take turns.
 * @param v a function's names, of them `map` `block` `stop` `bit` of 32 bits, `own` `turns` `carried` of 64 bits
 * @param each what is done at the byte `bit`
 */
export function eachTurn(
  mapAt: number,
  {
    v,
    put,
  }: {
    v(name: 'start' | 'stop' | 'map' | 'block' | 'bit' | 'own' | 'turns' | 'carried'): Code;
    put(name: 'map' | 'block' | 'bit' | 'own' | 'turns' | 'carried', value: Code): Code;
  },
  each: Code,
): Code {
  return code(
    put('block', v('start')),
    asLongAs(
      // One more: its end is in the block behind the last.
      isBelow(v('block'), sum(v('stop'), i32Const(blockBytes))),
      code(
        put('own', code(v('map'), wasm.load64(mapAt))),
        put('turns', code(v('own'), v('own'), i64Const(1n), op.i64ShiftLeft, v('carried'), op.i64Or, op.i64Xor)),
        put('carried', code(v('own'), i64Const(63n), op.i64ShiftRight)),
        asLongAs(
          code(isNone(v('turns')), op.i32EqualsZero),
          code(put('bit', sum(v('block'), lowestBit(v('turns')))), put('turns', clearLowest(v('turns'))), each),
        ),
        put('map', sum(v('map'), i32Const(8))),
        put('block', sum(v('block'), i32Const(blockBytes))),
      ),
    ),
  );
}
