/** Half a megabyte: what fits into a processor's cache. */
const slots = 0x1000;
const slotBytes = 128;
const longestField = slotBytes - 1;
const hashFactor = 0x01000193;
const tab = 0x09;
const lineFeed = 0x0a;

/**
 * Remembers fields of rows in which nothing was found, as they are: in many columns the same few values come again and again, and each would be
 * undone and looked at each time. Nothing in a field depends on those around it. It compares whole fields: it can forget, never mistake one
 * for another.
 */
export type PassedFields = {
  /** A text of rows, whose places are asked for until `end`. */
  begin(text: Uint8Array): void;
  /** Whether the field around a place has passed before. If not, everything in it that is asked for has to be looked at. */
  isPassed(place: number): boolean;
  /** The field that was asked for last must be looked at each time: something was found or counted in it, or it was not looked at as all are. */
  spoil(): void;
  /** Remembers the fields that passed and had come before: one that comes once is not worth the copying. */
  end(): void;
  /** To be called when more values are watched. */
  forget(): void;
};

export function createPassedFields(): PassedFields {
  /** Of each slot the field's length, 0 where there is none, and the field. */
  const memory = new Uint8Array(slots * slotBytes);
  /** Of each slot the hash that came last, and in which text. */
  const seen = new Int32Array(slots);
  const seenIn = new Int32Array(slots);
  let texts = 0;
  let text: Uint8Array = new Uint8Array(0);
  /** The field that was asked for last. */
  let from = 0;
  let to = 0;
  let isKnown = false;
  /** Of each field that did not pass: where it begins and ends, and its hash. */
  const looked: number[] = [];
  const spoiled = new Set<number>();

  const isEnd = (at: number): boolean => text[at] === tab || text[at] === lineFeed;
  const slotOf = (hash: number): number => (hash ^ (hash >>> 15)) & (slots - 1);
  const holds = (slot: number): boolean => {
    const start = slot * slotBytes;
    if (memory[start] !== to - from) return false;
    for (let at = from; at < to; at += 1) if (memory[start + 1 + at - from] !== text[at]) return false;
    return true;
  };

  return {
    begin(bytes) {
      text = bytes;
      texts += 1;
      from = 0;
      to = 0;
      looked.length = 0;
      spoiled.clear();
    },
    isPassed(place) {
      if (place >= from && place < to) return isKnown;
      from = place;
      while (from > 0 && place - from <= longestField && !isEnd(from - 1)) from -= 1;
      to = place;
      while (to < text.length && to - place <= longestField && !isEnd(to)) to += 1;
      isKnown = false;
      if (to - from > longestField) return false;
      let hash = to - from;
      for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (text[at] as number), hashFactor);
      isKnown = holds(slotOf(hash));
      if (!isKnown) looked.push(from, to, hash);
      return isKnown;
    },
    spoil: () => void spoiled.add(from),
    end() {
      for (let index = 0; index < looked.length; index += 3) {
        from = looked[index] as number;
        to = looked[index + 1] as number;
        const hash = looked[index + 2] as number;
        const slot = slotOf(hash);
        if (spoiled.has(from)) continue;
        if (seen[slot] === hash && seenIn[slot] !== texts) {
          memory[slot * slotBytes] = to - from;
          memory.set(text.subarray(from, to), slot * slotBytes + 1);
        }
        seen[slot] = hash;
        seenIn[slot] = texts;
      }
    },
    forget: () => void memory.fill(0),
  };
}
