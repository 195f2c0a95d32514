/**
 * Writes WebAssembly out instruction by instruction, for the few loops that run over every byte: there is no build step, and nothing is
 * carried that a reader cannot check. Code is a list of bytes; locals, functions and globals go by their numbers.
 */
export type Code = readonly number[];

export const [i32, i64, v128] = [0x7f, 0x7e, 0x7b];
const empty = 0x40;

export const op = {
  block: [0x02, empty],
  loop: [0x03, empty],
  if: [0x04, empty],
  else: [0x05],
  end: [0x0b],
  return: [0x0f],
  /** The first of two where the condition behind them is not 0, else the second. */
  select: [0x1b],
  i32EqualsZero: [0x45],
  i32Equals: [0x46],
  i32LessUnsigned: [0x49],
  i32GreaterUnsigned: [0x4b],
  i32GreaterEqualUnsigned: [0x4f],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  i32Multiply: [0x6c],
  i32RemainderUnsigned: [0x70],
  i32And: [0x71],
  i32Or: [0x72],
  i32Xor: [0x73],
  i32ShiftLeft: [0x74],
  i32ShiftRight: [0x76],
  i64EqualsZero: [0x50],
  i64LeadingZeros: [0x79],
  i64TrailingZeros: [0x7a],
  i64Add: [0x7c],
  i64Sub: [0x7d],
  i64Multiply: [0x7e],
  i64And: [0x83],
  i64Or: [0x84],
  i64Xor: [0x85],
  i64ShiftLeft: [0x86],
  i64ShiftRight: [0x88],
  i64RotateLeft: [0x89],
  i64Extend: [0xad],
  i32FromI64: [0xa7],
  f64Multiply: [0xa2],
  f64FromI32: [0xb8],
  f64FromI64: [0xba],
  f64Truncate: [0xab],
  /** 16 bytes at once: of each, the byte of the first at the place that the second says. */
  bytesAt: [0xfd, 0x0e],
  bytesEqual: [0xfd, 0x23],
  bytesUnequal: [0xfd, 0x24],
  bytesAnd: [0xfd, 0x4e],
  bytesShiftRight: [0xfd, 0x6d],
  /** The highest bit of each. */
  bytesHighBits: [0xfd, 0x64],
} as const satisfies Record<string, Code>;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    if ((rest >> 7n === 0n && (low & 0x40) === 0) || (rest >> 7n === -1n && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

export const code = (...parts: readonly Code[]): number[] => parts.flat();
export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const getGlobal = (index: number): Code => [0x23, ...unsigned(index)];
export const setGlobal = (index: number): Code => [0x24, ...unsigned(index)];
export const call = (index: number): Code => [0x10, ...unsigned(index)];
export const branch = (depth: number): Code => [0x0c, depth];
export const branchIf = (depth: number): Code => [0x0d, depth];
export const i32Const = (value: number): Code => [0x41, ...signed(BigInt(value | 0))];
export const i64Const = (value: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, value))];
export const f64Const = (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)];
/** 16 bytes. */
export const bytesConst = (bytes: readonly number[]): Code => [0xfd, 0x0c, ...bytes];
/** Of the address on the stack, plus `offset`. */
export const load8 = (offset: number): Code => [0x2d, 0, ...unsigned(offset)];
export const load16 = (offset: number): Code => [0x2f, 0, ...unsigned(offset)];
export const load32 = (offset: number): Code => [0x28, 0, ...unsigned(offset)];
export const load64 = (offset: number): Code => [0x29, 0, ...unsigned(offset)];
export const loadBytes = (offset: number): Code => [0xfd, 0x00, 0, ...unsigned(offset)];
export const store8 = (offset: number): Code => [0x3a, 0, ...unsigned(offset)];
export const store32 = (offset: number): Code => [0x36, 0, ...unsigned(offset)];
export const store64 = (offset: number): Code => [0x37, 0, ...unsigned(offset)];

export type WasmFunction = {
  readonly name: string;
  /** All of 32 bits. */
  readonly parameters: number;
  /** True where it leaves a number of 32 bits. */
  readonly gives?: boolean;
  /** Types of the locals, which are numbered behind the parameters. */
  readonly locals: readonly number[];
  readonly code: Code;
};

function vector(items: readonly Code[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function section(id: number, content: Code): number[] {
  return [id, ...unsigned(content.length), ...content];
}

/** As far as it is used here: the types of Node leave it out. */
type Engine = {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/**
 * Makes a module with one memory, and gives its functions and `memory`.
 * @param pages of memory, 64 KiB each
 * @param globals how many there are, all of 64 bits, 0 at first
 */
export function createWasmModule(module: {
  readonly pages: number;
  readonly globals: number;
  readonly functions: readonly WasmFunction[];
}): unknown {
  const { pages, globals, functions } = module;
  const name = (text: string): number[] => [...unsigned(text.length), ...new TextEncoder().encode(text)];
  const types = functions.map(({ parameters, gives }) => [
    0x60,
    ...vector(Array.from({ length: parameters }, () => [i32])),
    ...vector(gives ? [[i32]] : []),
  ]);
  const exported = [...functions.map((one, index) => [...name(one.name), 0, index]), [...name('memory'), 2, 0]];
  const bodies = functions.map(({ locals, code: body }) => {
    const whole = [...vector(locals.map((type) => [1, type])), ...body, ...op.end];
    return [...unsigned(whole.length), ...whole];
  });
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(3, vector(functions.map((_, index) => [index]))),
    ...section(5, vector([[1, ...unsigned(pages), ...unsigned(pages)]])),
    ...section(6, vector(Array.from({ length: globals }, () => [i64, 1, ...i64Const(0n), ...op.end]))),
    ...section(7, vector(exported)),
    ...section(10, vector(bodies)),
  ]);
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;
  return new Instance(new Module(bytes)).exports;
}
