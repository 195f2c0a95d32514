/**
 * Reads that are shared, but never stale: an answer is given only to those who asked before its reading began. Whoever asks while one is
 * under way waits for the next one, together with all who ask meanwhile. So however many ask at once, one reading of a key is under way
 * at a time, and what was written before somebody asked is always seen.
 */
export function createFreshReads<T>(read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  type Turn = { readonly running: Promise<T>; next?: Promise<T> };
  /** Only keys that are being read. */
  const turns = new Map<string, Turn>();

  const begin = (key: string): Promise<T> => {
    const turn: Turn = { running: read(key) };
    turns.set(key, turn);
    const end = (): void => {
      if (turn.next === undefined && turns.get(key) === turn) turns.delete(key);
    };
    turn.running.then(end, end);
    return turn.running;
  };

  return (key) => {
    const turn = turns.get(key);
    if (!turn) return begin(key);
    const again = (): Promise<T> => begin(key);
    turn.next ??= turn.running.then(again, again);
    return turn.next;
  };
}
