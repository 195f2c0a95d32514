/** Where the hash of a key begins; `hashPart` and `hashBytes` go on from a state, `hashEnd` gives the hash. */
export const hashStart = 0x811c9dc5;

/** FNV-1a over 32 bits of `bytes[from, to)`: only spreads cuts, protects nothing. */
export function hashBytes(state: number, bytes: Uint8Array, from: number, to: number): number {
  let hash = state;
  for (let index = from; index < to; index += 1) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  return hash;
}

/** One more column of a key, which is told from the one before it. */
export function hashPart(state: number, bytes: Uint8Array, from: number, to: number): number {
  return hashBytes(Math.imul(state ^ 0xff, 0x01000193), bytes, from, to);
}

/** Murmur3's finalizer: FNV's high bits move too little for short keys that count upwards. @returns 32 bits, unsigned */
export function hashEnd(state: number): number {
  let hash = state;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const nothing = new Uint8Array(0);

/** The hash of a key of one column or several; NULL and no bytes are alike. */
export function hashKey(key: readonly (Uint8Array | null | undefined)[]): number {
  let state = hashStart;
  for (const part of key) state = hashPart(state, part ?? nothing, 0, part?.length ?? 0);
  return hashEnd(state);
}
