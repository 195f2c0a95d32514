import * as wasm from '../../core/wasm-code.ts';
import { asLongAs, atLeast, byteAt, type Code, difference, give, isBelow, isZero, named, one, sum, when, zero } from './wasm-terms.ts';

const { code, i32, i32Const, i64, i64Const, load32, load64, op, store8, store32, store64 } = wasm;

/**
 * Puts real values into a batch, each once for as long as it is remembered, eight bytes at a time. What it remembers are whole values, never
 * hashes: it can forget, but not mistake one for another. The places where they are remembered are far apart in memory: a value first waits in
 * a queue, while the memory of its place comes into the processor's cache.
 */
export type IntakeModule = {
  readonly memory: { readonly buffer: ArrayBuffer };
  /**
   * Takes the value of `length` bytes at `start`, which has a margin of 8 bytes on both sides; it has then been copied. Gives 0 where there is no
   * room: in the queue until `settle` is called, or in the batch.
   * @param kind its number, less than 255
   */
  offer(kind: number, start: number, length: number): number;
  /** Moves what waits into the batch. Gives 0 where that has no room for all: `settle` goes on once it is empty. */
  settle(): number;
};

const kibibyte = 1024;
const marginBytes = 8;
/** Bytes of the batch that are filled: a number of 32 bits. */
export const filledAt = 0;
/** Values that wait, those of them that are settled, and a number that means nothing. */
const queuedAt = 4;
const settledAt = 8;
const touchedAt = 16;
/** Of a value that waits: the place where it is remembered. */
const slotsAt = 24;
const mostQueued = 256;
/** And the value with its head, ended with zeros. */
const recordsAt = slotsAt + 4 * mostQueued;
const recordBytesLog2 = 6;
const longestRecord = 2 ** recordBytesLog2;
export const batchBytes = 256 * kibibyte;
/** Where a value is put that stands in no page; it is no longer than a batch. */
export const singleAt = recordsAt + longestRecord * mostQueued + marginBytes;
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
/** At a multiple of the largest record: none lies in two lines of the processor's cache. */
const firstTableAt = Math.ceil((batchAt + batchBytes + marginBytes) / longestRecord) * longestRecord;
const tableSize = ({ bytesLog2, slotsLog2 }: (typeof tables)[number]): number => 2 ** (bytesLog2 + slotsLog2);
const tableAt = (index: number): number => tables.slice(0, index).reduce((at, table) => at + tableSize(table), firstTableAt);
const memoryBytes = tableAt(tables.length);
const pageOfMemory = 64 * kibibyte;

/** Of a record, before the value: its kind plus one, so that no record is empty, and its length. */
const recordHeadBytes = 2;
const hashFactor = 0x9e37_79b9_7f4a_7c15n;

const cell = (at: number): Code => code(zero, load32(at));
const putCell = (at: number, value: Code): Code => code(zero, value, store32(at));
/** Of the value with this number in the queue. */
const recordOf = (number: Code): Code => sum(code(number, i32Const(recordBytesLog2), op.i32ShiftLeft), i32Const(recordsAt));
const slotCellOf = (number: Code): Code => code(number, i32Const(2), op.i32ShiftLeft);
const slotOf = (number: Code): Code => code(slotCellOf(number), load32(slotsAt));
const place = sum(cell(filledAt), i32Const(batchAt));

/** offer(kind, start, length) */
const offer: wasm.WasmFunction = (() => {
  const names = ['kind', 'start', 'length', 'at', 'end', 'slot', 'record', 'rest', 'word', 'hash'] as const;
  const { v, put } = named(names);
  const recordLength = sum(v('length'), i32Const(recordHeadBytes));
  const slotIn = (index: number): Code => {
    const { bytesLog2, slotsLog2 } = tables[index] as (typeof tables)[number];
    const number = code(v('hash'), i64Const(BigInt(64 - slotsLog2)), op.i64ShiftRight, op.i32FromI64);
    return sum(code(number, i32Const(bytesLog2), op.i32ShiftLeft), i32Const(tableAt(index)));
  };
  /** Word by word: the first gets the head, the last is cut where the value ends. */
  const writeRecord = code(
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
        code(sum(v('record'), v('at')), v('word'), store64(0)),
        put('hash', code(v('hash'), v('word'), op.i64Xor, i64Const(hashFactor), op.i64Multiply, i64Const(29n), op.i64RotateLeft)),
        put('at', sum(v('at'), i32Const(8))),
      ),
    ),
    put('hash', code(v('hash'), i64Const(hashFactor), op.i64Multiply)),
  );
  const queue = code(
    when(atLeast(cell(queuedAt), mostQueued), give(zero)),
    put('record', recordOf(cell(queuedAt))),
    writeRecord,
    put('slot', slotIn(2)),
    when(isBelow(recordLength, i32Const(33)), put('slot', slotIn(1))),
    when(isBelow(recordLength, i32Const(17)), put('slot', slotIn(0))),
    code(slotCellOf(cell(queuedAt)), v('slot'), store32(slotsAt)),
    putCell(queuedAt, sum(cell(queuedAt), one)),
    give(one),
  );
  return {
    name: 'offer',
    parameters: 3,
    gives: true,
    locals: [...names.slice(3, -2).map(() => i32), i64, i64],
    code: code(
      when(isBelow(v('length'), i32Const(longestRecord - recordHeadBytes + 1)), queue),
      when(isBelow(i32Const(batchBytes), sum(cell(filledAt), sum(v('length'), i32Const(headBytes)))), give(zero)),
      code(place, v('kind'), store8(0)),
      code(place, v('length'), store32(1)),
      put('slot', sum(place, i32Const(headBytes))),
      asLongAs(
        isBelow(v('at'), v('length')),
        code(code(sum(v('slot'), v('at')), code(sum(v('start'), v('at')), load64(0)), store64(0)), put('at', sum(v('at'), i32Const(8)))),
      ),
      putCell(filledAt, sum(cell(filledAt), sum(v('length'), i32Const(headBytes)))),
      one,
    ),
  };
})();

/** settle() */
const settle: wasm.WasmFunction = (() => {
  const names = ['number', 'record', 'slot', 'length', 'at', 'same', 'touched'] as const;
  const { v, put } = named(names);
  const recordLength = sum(v('length'), i32Const(recordHeadBytes));
  const recordWord = code(sum(v('record'), v('at')), load64(0));
  const slotWord = code(sum(v('slot'), v('at')), load64(0));
  const eachWord = (length: Code, body: Code): Code =>
    code(put('at', zero), asLongAs(isBelow(v('at'), length), code(body, put('at', sum(v('at'), i32Const(8))))));
  const isRemembered = code(
    put('same', one),
    eachWord(
      recordLength,
      when(isZero(code(recordWord, slotWord, op.i64Xor, op.i64EqualsZero)), code(put('same', zero), put('at', recordLength))),
    ),
  );
  const needed = sum(v('length'), i32Const(headBytes));
  const add = code(
    when(isBelow(i32Const(batchBytes), sum(cell(filledAt), needed)), code(putCell(settledAt, v('number')), give(zero))),
    eachWord(recordLength, code(sum(v('slot'), v('at')), recordWord, store64(0))),
    code(place, difference(byteAt(v('record')), one), store8(0)),
    code(place, v('length'), store32(1)),
    put('slot', sum(place, i32Const(headBytes))),
    put('record', sum(v('record'), i32Const(recordHeadBytes))),
    eachWord(v('length'), code(sum(v('slot'), v('at')), recordWord, store64(0))),
    putCell(filledAt, sum(cell(filledAt), needed)),
  );
  return {
    name: 'settle',
    parameters: 0,
    gives: true,
    locals: [...names.slice(1).map(() => i32), i64],
    code: code(
      // Reads all the places, one right after the other, so that the processor fetches many at once. Nobody asks for what comes of it.
      asLongAs(
        isBelow(v('number'), cell(queuedAt)),
        code(put('touched', code(v('touched'), code(slotOf(v('number')), load64(0)), op.i64Xor)), put('number', sum(v('number'), one))),
      ),
      code(zero, v('touched'), store64(touchedAt)),
      put('number', cell(settledAt)),
      asLongAs(
        isBelow(v('number'), cell(queuedAt)),
        code(
          put('record', recordOf(v('number'))),
          put('slot', slotOf(v('number'))),
          put('length', byteAt(v('record'), 1)),
          isRemembered,
          when(isZero(v('same')), add),
          put('number', sum(v('number'), one)),
        ),
      ),
      putCell(queuedAt, zero),
      putCell(settledAt, zero),
      one,
    ),
  };
})();

export function createIntakeModule(): IntakeModule {
  return wasm.createWasmModule({ pages: Math.ceil(memoryBytes / pageOfMemory), globals: 0, functions: [offer, settle] }) as IntakeModule;
}
