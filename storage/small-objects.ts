/** The bytes of small objects, each as it was in one state of it. */
export type SmallObjects = {
  /** Whether there is anything of this key. */
  has(key: string): boolean;
  /** The bytes that the object had in this state. */
  get(key: string, state: string): Uint8Array | undefined;
  keep(key: string, state: string, bytes: Uint8Array): void;
};

/** Keeps the latest, `maxBytes` of them. Nobody may change the bytes that he gives or gets. */
export function createSmallObjects(maxBytes: number): SmallObjects {
  const kept = new Map<string, { readonly state: string; readonly bytes: Uint8Array }>();
  let keptBytes = 0;
  /** What an entry takes besides its bytes, about. */
  const sizeOf = (key: string, { bytes }: { bytes: Uint8Array }): number => bytes.byteLength + 2 * key.length + 200;
  const forget = (key: string): void => {
    const entry = kept.get(key);
    if (!entry) return;
    kept.delete(key);
    keptBytes -= sizeOf(key, entry);
  };
  return {
    has: (key) => kept.has(key),
    get(key, state) {
      const entry = kept.get(key);
      if (entry?.state !== state) return undefined;
      kept.delete(key);
      kept.set(key, entry);
      return entry.bytes;
    },
    keep(key, state, bytes) {
      forget(key);
      const entry = { state, bytes };
      kept.set(key, entry);
      keptBytes += sizeOf(key, entry);
      for (const oldest of kept.keys()) {
        if (keptBytes <= maxBytes) break;
        forget(oldest);
      }
    },
  };
}
