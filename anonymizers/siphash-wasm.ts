import * as wasm from '../core/wasm-code.ts';

const {
  branch,
  branchIf,
  call,
  code,
  createWasmModule,
  f64Const,
  get,
  getGlobal,
  i32,
  i32Const,
  i64,
  i64Const,
  load64,
  op,
  set,
  setGlobal,
  store32,
  store64,
} = wasm;
type Code = wasm.Code;

/**
 * SipHash-2-4 (128-bit form) and the Feistel network over it as a WebAssembly module, whose 64-bit arithmetic is several times faster than
 * pairs of 32-bit numbers are here.
 */
export type SipHashModule = {
  /** The one memory of the module. */
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Hashes the message of `length` bytes at `messageAt`. The tag then stands at `resultAt`. */
  hash(k0Low: number, k0High: number, k1Low: number, k1High: number, length: number): void;
  /** The same in pieces: `begin`, then `more` for pieces of whole blocks at `messageAt`, then `end` with the rest there. */
  begin(k0Low: number, k0High: number, k1Low: number, k1High: number): void;
  more(lengthBytes: number): void;
  /** @param length of the whole message */
  end(restAt: number, length: number): void;
  /**
   * Ten rounds that add to one half a tag of the other, scaled to its size; backwards where `back` is 1. The halves then stand at `resultAt`.
   */
  feistel(
    k0Low: number,
    k0High: number,
    k1Low: number,
    k1High: number,
    tweakLow: number,
    tweakHigh: number,
    left: number,
    right: number,
    leftSize: number,
    rightSize: number,
    back: number,
  ): void;
};

export const messageAt = 64;
export const resultAt = 0;
/** Of one message, or one piece of it: a multiple of 8. */
export const mostBytes = 65_536 - messageAt - 8;

/** A round on four locals of 64 bits. */
function round(v0: number, v1: number, v2: number, v3: number): number[] {
  const addTo = (to: number, from: number): Code => code(get(to), get(from), op.i64Add, set(to));
  const turn = (which: number, by: bigint, and: number): Code =>
    code(get(which), i64Const(by), op.i64RotateLeft, get(and), op.i64Xor, set(which));
  const half = (which: number): Code => code(get(which), i64Const(32n), op.i64RotateLeft, set(which));
  return code(
    addTo(v0, v1),
    turn(v1, 13n, v0),
    half(v0),
    addTo(v2, v3),
    turn(v3, 16n, v2),
    addTo(v0, v3),
    turn(v3, 21n, v0),
    addTo(v2, v1),
    turn(v1, 17n, v2),
    half(v2),
  );
}

/** Takes in one block, the local `m`. */
function compress(v: readonly [number, number, number, number], m: number): number[] {
  const [v0, v1, v2, v3] = v;
  const mix = (into: number): Code => code(get(into), get(m), op.i64Xor, set(into));
  return code(mix(v3), round(v0, v1, v2, v3), round(v0, v1, v2, v3), mix(v0));
}

function times(count: number, part: readonly number[]): number[] {
  return Array.from({ length: count }, () => part).flat();
}

function joined(v: readonly [number, number, number, number]): number[] {
  const [v0, v1, v2, v3] = v;
  return code(get(v0), get(v1), op.i64Xor, get(v2), op.i64Xor, get(v3), op.i64Xor);
}

function xorWith(local: number, value: bigint): number[] {
  return code(get(local), i64Const(value), op.i64Xor, set(local));
}

const wide = (low: number, high: number): number[] =>
  code(get(low), op.i64Extend, get(high), op.i64Extend, i64Const(32n), op.i64ShiftLeft, op.i64Or);

/** The four words of the state under the key in the parameters 0 to 3; the last step of each puts it where it belongs. */
function initial(put: readonly [Code, Code, Code, Code]): number[] {
  const start = (key: Code, value: bigint, to: Code): Code => code(key, i64Const(value), op.i64Xor, to);
  const [k0, k1] = [wide(0, 1), wide(2, 3)];
  return code(
    start(k0, 0x736f6d6570736575n, put[0]),
    start(k1, 0x646f72616e646f6dn ^ 0xeen, put[1]),
    start(k0, 0x6c7967656e657261n, put[2]),
    start(k1, 0x7465646279746573n, put[3]),
  );
}

const states = [0, 1, 2, 3] as const;

const begin: wasm.WasmFunction = {
  name: 'begin',
  parameters: 4,
  locals: [],
  code: initial([setGlobal(0), setGlobal(1), setGlobal(2), setGlobal(3)]),
};

const more: wasm.WasmFunction = (() => {
  const [length, at] = [0, 0];
  const v = [1, 2, 3, 4] as const;
  const [m, stop] = [5, 6];
  return {
    name: 'more',
    parameters: 1,
    locals: [...Array.from({ length: 5 }, () => i64), i32],
    code: code(
      ...states.map((word) => code(getGlobal(word), set(v[word]))),
      get(length),
      i32Const(messageAt),
      op.i32Add,
      set(stop),
      i32Const(messageAt),
      set(at),
      op.block,
      op.loop,
      code(get(at), get(stop), op.i32GreaterEqualUnsigned, branchIf(1)),
      code(get(at), load64(0), set(m)),
      compress(v, m),
      code(get(at), i32Const(8), op.i32Add, set(at), branch(0)),
      op.end,
      op.end,
      ...states.map((word) => code(get(v[word]), setGlobal(word))),
    ),
  };
})();

const end: wasm.WasmFunction = (() => {
  const [restAt, length] = [0, 1];
  const v = [2, 3, 4, 5] as const;
  const m = 6;
  const restBits = code(get(length), i32Const(7), op.i32And, op.i64Extend, i64Const(3n), op.i64ShiftLeft);
  return {
    name: 'end',
    parameters: 2,
    locals: Array.from({ length: 5 }, () => i64),
    code: code(
      ...states.map((word) => code(getGlobal(word), set(v[word]))),
      // The last block: the rest of the message, and its length in the highest byte.
      code(get(restAt), load64(0), i64Const(1n), restBits, op.i64ShiftLeft, i64Const(1n), op.i64Sub, op.i64And),
      code(get(length), op.i64Extend, i64Const(56n), op.i64ShiftLeft, op.i64Or, set(m)),
      compress(v, m),
      xorWith(v[2], 0xeen),
      times(4, round(...v)),
      code(i32Const(resultAt), joined(v), store64(0)),
      xorWith(v[1], 0xddn),
      times(4, round(...v)),
      code(i32Const(resultAt), joined(v), store64(8)),
    ),
  };
})();

const hash: wasm.WasmFunction = {
  name: 'hash',
  parameters: 5,
  locals: [],
  code: code(
    ...states.map(get),
    call(0),
    code(get(4), i32Const(-8), op.i32And, call(1)),
    code(get(4), i32Const(-8), op.i32And, i32Const(messageAt), op.i32Add, get(4), call(2)),
  ),
};

const feistel: wasm.WasmFunction = (() => {
  const [tweakLow, tweakHigh, left, right, leftSize, rightSize, back] = [4, 5, 6, 7, 8, 9, 10];
  const s = [11, 12, 13, 14] as const;
  const v = [15, 16, 17, 18] as const;
  const [m, turn, number, drawn] = [19, 20, 21, 22];
  /** The tag of one half and the number of the round, in `v`, scaled to the other half's size. */
  const draw = (from: number, size: number): number[] =>
    code(
      code(get(from), op.i64Extend, get(number), i32Const(15 << 24), op.i32Or, op.i64Extend, i64Const(32n), op.i64ShiftLeft),
      code(op.i64Or, set(m)),
      ...states.map((word) => code(get(s[word]), set(v[word]))),
      compress(v, m),
      xorWith(v[2], 0xeen),
      times(4, round(...v)),
      code(joined(v), set(m)),
      // 52 bits of it, as a share of 1: the low word before the high one.
      code(get(m), i64Const(0xffff_ffffn), op.i64And, i64Const(20n), op.i64ShiftLeft, get(m), i64Const(44n), op.i64ShiftRight),
      code(op.i64Or, op.f64FromI64, f64Const(2 ** -52), op.f64Multiply, get(size), op.f64FromI32, op.f64Multiply),
      code(op.f64Truncate, set(drawn)),
    );
  const add = (half: number, size: number): number[] =>
    code(
      code(get(half), get(drawn), op.i32Add, set(half)),
      code(get(half), get(size), op.i32GreaterEqualUnsigned, op.if, get(half), get(size), op.i32Sub, set(half), op.end),
    );
  const subtract = (half: number, size: number): number[] =>
    code(
      code(get(half), get(drawn), op.i32LessUnsigned, op.if, get(half), get(size), op.i32Add, set(half), op.end),
      code(get(half), get(drawn), op.i32Sub, set(half)),
    );
  const change = (half: number, size: number): number[] => code(get(back), op.if, subtract(half, size), op.else, add(half, size), op.end);
  return {
    name: 'feistel',
    parameters: 11,
    locals: [...Array.from({ length: 9 }, () => i64), i32, i32, i32],
    code: code(
      initial([set(s[0]), set(s[1]), set(s[2]), set(s[3])]),
      code(wide(tweakLow, tweakHigh), set(m)),
      compress(s, m),
      code(i32Const(0), set(turn)),
      op.loop,
      code(get(back), op.if, i32Const(9), get(turn), op.i32Sub, set(number), op.else, get(turn), set(number), op.end),
      code(get(number), i32Const(1), op.i32And, op.if),
      draw(left, rightSize),
      change(right, rightSize),
      op.else,
      draw(right, leftSize),
      change(left, leftSize),
      op.end,
      code(get(turn), i32Const(1), op.i32Add, set(turn)),
      code(get(turn), i32Const(10), op.i32LessUnsigned, branchIf(0)),
      op.end,
      code(i32Const(resultAt), get(left), store32(0)),
      code(i32Const(resultAt), get(right), store32(4)),
    ),
  };
})();

/** What any module can hash with: its first functions, with its first `hashGlobals` globals. */
export const hashFunctions = [begin, more, end, hash] as const;
export const hashGlobals = states.length;

/** The module, once for a thread. */
export const siphash = createWasmModule({
  pages: 1,
  globals: hashGlobals,
  functions: [...hashFunctions, feistel],
}) as SipHashModule;
