import * as wasm from '../../core/wasm-code.ts';

const { branch, branchIf, call, code, get, i32, i32Const, load8, op, set } = wasm;

/** Terms of 32 bits and what is done with them, so that the sweep's WebAssembly reads like other code. */
export type Code = wasm.Code;

export const zero = i32Const(0);
export const one = i32Const(1);
export const sum = (x: Code, y: Code): Code => code(x, y, op.i32Add);
export const difference = (x: Code, y: Code): Code => code(x, y, op.i32Sub);
export const bits = (value: Code, wanted: number): Code => code(value, i32Const(wanted), op.i32And);
export const equals = (x: Code, y: number): Code => code(x, i32Const(y), op.i32Equals);
export const atLeast = (x: Code, y: number): Code => code(x, i32Const(y), op.i32GreaterEqualUnsigned);
export const isBelow = (x: Code, y: Code): Code => code(x, y, op.i32LessUnsigned);
export const isZero = (x: Code): Code => code(x, op.i32EqualsZero);
export const isSet = (x: Code): Code => code(x, zero, op.i32GreaterUnsigned);
/** Of conditions that are 0 or 1. */
export const and = (...conditions: readonly Code[]): Code => conditions.reduce((all, one) => code(all, one, op.i32And));
export const or = (...conditions: readonly Code[]): Code => conditions.reduce((all, one) => code(all, one, op.i32Or));
export const byteAt = (address: Code, offset = 0): Code => code(address, load8(offset));

export const when = (condition: Code, then: Code, otherwise?: Code): Code =>
  otherwise === undefined ? code(condition, op.if, then, op.end) : code(condition, op.if, then, op.else, otherwise, op.end);
export const asLongAs = (condition: Code, body: Code): Code =>
  code(op.block, op.loop, isZero(condition), branchIf(1), body, branch(0), op.end, op.end);
export const give = (value: Code): Code => code(value, op.return);

/** Names for the parameters and locals of a function. */
export function named<N extends string>(
  names: readonly N[],
): { v(name: N): Code; put(name: N, value: Code): Code; local(name: N): number } {
  const local = (name: N): number => names.indexOf(name);
  return { v: (name) => get(local(name)), put: (name, value) => code(value, set(local(name))), local };
}

export const locals = (count: number): number[] => Array.from({ length: count }, () => i32);

/** The sweep's functions, in the order in which they stand in its module: each may call each. */
const functionNames = [
  'note',
  'mapRange',
  'sweepWords',
  'startIn',
  'sweepNumbers',
  'characterSize',
  'decodeRun',
  'holdsText',
  'holdsCoded',
  'dropIdle',
  'endWord',
  'endsJoined',
  'isAddress',
  'isEntity',
  'takeSign',
  'sweepRange',
  'sweep',
] as const;
export type FunctionName = (typeof functionNames)[number];
export const callOf = (name: FunctionName, ...parameters: readonly Code[]): Code => code(...parameters, call(functionNames.indexOf(name)));
export function inOrder<F extends { readonly name: string }>(functions: readonly F[]): F[] {
  return functionNames.map((wanted) => functions.find(({ name }) => name === wanted) as F);
}
