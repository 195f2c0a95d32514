import type { Apply } from './anonymizer.ts';
import { copyOf, writeBytes } from './pseudonym-bytes.ts';

const slots = 4096;
/** Of a value and of its result, which stand one after the other in a slot. */
const mostBytes = 63;
const slotBytes = 2 * (1 + mostBytes);
/** After so many values it is asked whether a quarter of them was found. */
const trial = 2 * slots;

/**
 * The same function of the value alone, which remembers what it gave for short values that came lately, in half a megabyte. Where they hardly ever
 * come again it stops, for good, and forgets them. Until then they are in memory for as long as the function is.
 */
export function rememberRecent(apply: Apply): Apply {
  let memory: Uint8Array | undefined;
  let isWorthIt = true;
  let asked = 0;
  let found = 0;
  return (value, row) => {
    const { length } = value;
    if (!isWorthIt || length > mostBytes || length === 0) return apply(value, row);
    memory ??= new Uint8Array(slots * slotBytes);
    if (asked === trial) {
      isWorthIt = found * 4 >= asked;
      if (!isWorthIt) memory = undefined;
      asked = 0;
      found = 0;
      return apply(value, row);
    }
    asked += 1;
    const slot = slotOf(value) * slotBytes;
    const resultAt = slot + 1 + mostBytes;
    if (memory[slot] === length && isAt(memory, slot + 1, value)) {
      found += 1;
      return copyOf(memory, resultAt + 1, resultAt + 1 + (memory[resultAt] as number));
    }
    const result = apply(value, row);
    if (result !== null && result.length <= mostBytes) {
      memory[slot] = length;
      writeBytes(value, memory, slot + 1);
      memory[resultAt] = result.length;
      writeBytes(result, memory, resultAt + 1);
    }
    return result;
  };
}

function isAt(memory: Uint8Array, start: number, value: Uint8Array): boolean {
  for (let at = 0; at < value.length; at++) if (memory[start + at] !== value[at]) return false;
  return true;
}

function slotOf(value: Uint8Array): number {
  let hash = value.length;
  for (let at = 0; at < value.length; at++) hash = Math.imul(hash ^ (value[at] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) & (slots - 1);
}
