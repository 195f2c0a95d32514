import { type WatchKind, watchKinds } from '../../anonymizers/index.ts';

/** Each with its kind and length: 17 MB for all. */
const slots = 0x4_0000;
const slotBytes = 64;
const headBytes = 2;
const numberOf = new Map(watchKinds.map((kind, index) => [kind, index + 1]));

/**
 * Remembers the values that came last, as they are, so that one that comes again and again is handed on once. It compares whole values:
 * it can forget, never mistake one for another. Gives true where it still knows the value.
 */
export function createRecentValues(): (kind: WatchKind, bytes: Uint8Array, start: number, end: number) => boolean {
  const memory = new Uint8Array(slots * slotBytes);
  return (kind, bytes, start, end) => {
    const length = end - start;
    if (length > slotBytes - headBytes) return false;
    const number = numberOf.get(kind) as number;
    let hash = number;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    const slot = ((hash ^ (hash >>> 15)) & (slots - 1)) * slotBytes;
    const kept = slot + headBytes - start;
    let isSame = memory[slot] === number && memory[slot + 1] === length;
    for (let at = start; isSame && at < end; at += 1) isSame = memory[kept + at] === bytes[at];
    if (isSame) return true;
    memory[slot] = number;
    memory[slot + 1] = length;
    for (let at = start; at < end; at += 1) memory[kept + at] = bytes[at] as number;
    return false;
  };
}
