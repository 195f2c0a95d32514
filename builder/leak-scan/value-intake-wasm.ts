import { wasm } from '../../core/index.ts';
import { asLongAs, type Code, difference, give, isBelow, isZero, named, one, sum, when, zero } from './wasm-terms.ts';

const { code, i32, i32Const, i64, i64Const, load32, load64, op, store8, store32, store64 } = wasm;

/**
 * Puts real values into a batch, each once for as long as it is remembered, eight bytes at a time. What it remembers are whole values, never
 * hashes: it can forget, but not mistake one for another.
 */
export type IntakeModule = {
  readonly memory: { readonly buffer: ArrayBuffer };
  /**
   * Takes the value of `length` bytes at `start`, which has a margin of 8 bytes on both sides. Gives 0 where the batch has no room.
   * @param kind its number, less than 255
   */
  offer(kind: number, start: number, length: number): number;
};

const kibibyte = 1024;
const marginBytes = 8;
/** Bytes of the batch that are filled: a number of 32 bits. */
export const filledAt = 0;
/** The value with its head, ended with zeros. */
const recordAt = 8;
const longestRecord = 64;
export const batchBytes = 256 * kibibyte;
/** Where a value is put that stands in no page; it is no longer than a batch. */
export const singleAt = recordAt + longestRecord + marginBytes;
/** Bytes in which many values stand. */
export const pageAt = singleAt + batchBytes + marginBytes;
export const pageBytes = 256 * kibibyte;
export const batchAt = pageAt + pageBytes + marginBytes;
/** In a batch, before each value: its kind in a byte and its length in four. */
export const headBytes = 5;

/** Places for values that came last, by the size of their records: most that come again are phone numbers, which are short, then addresses. */
const tables = [
  { bytesLog2: 4, slotsLog2: 19 },
  { bytesLog2: 5, slotsLog2: 17 },
  { bytesLog2: 6, slotsLog2: 14 },
] as const;
const firstTableAt = batchAt + batchBytes + marginBytes;
const tableSize = ({ bytesLog2, slotsLog2 }: (typeof tables)[number]): number => 2 ** (bytesLog2 + slotsLog2);
const tableAt = (index: number): number => tables.slice(0, index).reduce((at, table) => at + tableSize(table), firstTableAt);
const memoryBytes = tableAt(tables.length);
const pageOfMemory = 64 * kibibyte;

/** Of a record, before the value: its kind plus one, so that no record is empty, and its length. */
const recordHeadBytes = 2;
const hashFactor = 0x9e37_79b9_7f4a_7c15n;

/** offer(kind, start, length) */
const offer: wasm.WasmFunction = (() => {
  const names = ['kind', 'start', 'length', 'at', 'end', 'slot', 'same', 'rest', 'word', 'hash'] as const;
  const { v, put } = named(names);
  const recordLength = sum(v('length'), i32Const(recordHeadBytes));
  const slotOf = (index: number): Code => {
    const { bytesLog2, slotsLog2 } = tables[index] as (typeof tables)[number];
    const number = code(v('hash'), i64Const(BigInt(64 - slotsLog2)), op.i64ShiftRight, op.i32FromI64);
    return sum(code(number, i32Const(bytesLog2), op.i32ShiftLeft), i32Const(tableAt(index)));
  };
  /** Word by word: the first gets the head, the last is cut where the value ends. */
  const record = code(
    put('at', zero),
    put('end', recordLength),
    asLongAs(
      isBelow(v('at'), v('end')),
      code(
        put('word', code(difference(sum(v('start'), v('at')), i32Const(recordHeadBytes)), load64(0))),
        when(
          isZero(v('at')),
          put(
            'word',
            code(
              code(v('word'), i64Const(~0xffffn), op.i64And),
              code(sum(v('kind'), one), code(v('length'), i32Const(8), op.i32ShiftLeft), op.i32Or, op.i64Extend, op.i64Or),
            ),
          ),
        ),
        put('rest', difference(v('end'), v('at'))),
        when(
          isBelow(v('rest'), i32Const(8)),
          put(
            'word',
            code(
              v('word'),
              code(i64Const(1n), v('rest'), i32Const(3), op.i32ShiftLeft, op.i64Extend, op.i64ShiftLeft, i64Const(1n), op.i64Sub),
              op.i64And,
            ),
          ),
        ),
        code(v('at'), v('word'), store64(recordAt)),
        put('hash', code(v('hash'), v('word'), op.i64Xor, i64Const(hashFactor), op.i64Multiply, i64Const(29n), op.i64RotateLeft)),
        put('at', sum(v('at'), i32Const(8))),
      ),
    ),
    put('hash', code(v('hash'), i64Const(hashFactor), op.i64Multiply)),
  );
  const recordWord = code(v('at'), load64(recordAt));
  const slotWord = code(sum(v('slot'), v('at')), load64(0));
  const eachWord = (body: Code): Code =>
    code(put('at', zero), asLongAs(isBelow(v('at'), v('end')), code(body, put('at', sum(v('at'), i32Const(8))))));
  const isRemembered = code(
    put('same', one),
    eachWord(when(isZero(code(recordWord, slotWord, op.i64Xor, op.i64EqualsZero)), code(put('same', zero), put('at', v('end'))))),
  );
  const filled = code(zero, load32(filledAt));
  const needed = sum(v('length'), i32Const(headBytes));
  const place = sum(filled, i32Const(batchAt));
  return {
    name: 'offer',
    parameters: 3,
    gives: true,
    locals: [...names.slice(3, -2).map(() => i32), i64, i64],
    code: code(
      when(
        isBelow(v('length'), i32Const(longestRecord - recordHeadBytes + 1)),
        code(
          record,
          put('slot', slotOf(2)),
          when(isBelow(recordLength, i32Const(33)), put('slot', slotOf(1))),
          when(isBelow(recordLength, i32Const(17)), put('slot', slotOf(0))),
          isRemembered,
          when(v('same'), give(one)),
        ),
      ),
      when(isBelow(i32Const(batchBytes), sum(filled, needed)), give(zero)),
      when(
        isBelow(v('length'), i32Const(longestRecord - recordHeadBytes + 1)),
        eachWord(code(sum(v('slot'), v('at')), recordWord, store64(0))),
      ),
      code(place, v('kind'), store8(0)),
      code(place, v('length'), store32(1)),
      put('slot', sum(place, i32Const(headBytes))),
      put('end', v('length')),
      eachWord(code(sum(v('slot'), v('at')), sum(v('start'), v('at')), load64(0), store64(0))),
      code(zero, sum(filled, needed), store32(filledAt)),
      one,
    ),
  };
})();

export function createIntakeModule(): IntakeModule {
  return wasm.createWasmModule({ pages: Math.ceil(memoryBytes / pageOfMemory), globals: 0, functions: [offer] }) as IntakeModule;
}
