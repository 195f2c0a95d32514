/**
 * A set of 64-bit tags in bounded memory, each with up to eight marks, which are bits of a byte. Up to `limit` tags it is exact: a table
 * that grows with them to at most 96 MB. What comes beyond goes into a Bloom filter of a fixed size, whose rate of false positives
 * `falsePositiveRate` tells. What the set says of itself does not depend on the order in which things were added.
 */
export type TagSet = {
  /** Adds one mark to a tag. */
  add(low: number, high: number, mark: number): void;
  /** The marks of a tag; 0 where it is not there. */
  marksOf(low: number, high: number): number;
  /** How many tags have a mark. */
  count(mark: number): number;
  /** How many there are in the exact table. */
  readonly size: number;
  /** Marks beyond the exact table. */
  readonly overflow: number;
  /** Of one question to the Bloom filter; 0 while it is not used. */
  readonly falsePositiveRate: number;
};

/** Tags of the exact table when it has its full size. */
export const exactLimit = 0x80_0000;
/** Tags of the first table; a full one is replaced by one of twice the size. The size follows the values, as memory that is touched for the first time is dear. */
const firstTags = 0x4_0000;
/** Tags that share a cache line, so that a question costs one access to memory. */
const tagsPerBucket = 7;
const bucketBytes = 64;
const bucketWords = bucketBytes / 4;
/** In a bucket stand the low words of its tags, then their high words, then their marks. */
const marksAt = tagsPerBucket * 8;
const mostFilled = 0.8;
/** 2³⁰ bits, 134 MB; made only when the exact table is full. */
const bloomBits = 0x4000_0000;
const bloomHashes = 16;
/** Tags that wait to be added together. */
const mostQueued = 256;
const empty = 0;
const marks = Array.from({ length: 8 }, (_, bit) => 1 << bit);

type Table = { readonly words: Uint32Array; readonly bytes: Uint8Array; readonly buckets: number; readonly mostTags: number };

function createTable(mostTags: number): Table {
  const buckets = Math.ceil(mostTags / mostFilled / tagsPerBucket);
  const memory = new ArrayBuffer(buckets * bucketBytes);
  return { words: new Uint32Array(memory), bytes: new Uint8Array(memory), buckets, mostTags };
}

/** The low word says in which bucket a tag is looked for first. */
function firstBucket({ buckets }: Table, low: number): number {
  return Math.floor((low / 0x1_0000_0000) * buckets);
}

/** Where the tag's marks stand, or where they would. */
function placeOf(table: Table, low: number, high: number): number {
  const { words, bytes, buckets } = table;
  for (let bucket = firstBucket(table, low); ; bucket = bucket + 1 === buckets ? 0 : bucket + 1) {
    const place = bucket * bucketBytes + marksAt;
    const word = bucket * bucketWords;
    for (let tag = 0; tag < tagsPerBucket; tag += 1) {
      if (bytes[place + tag] === empty) return place + tag;
      if (words[word + tag] === low && words[word + tagsPerBucket + tag] === high) return place + tag;
    }
  }
}

/** Writes a tag at the free place that was found for it. */
function write({ words, bytes }: Table, place: number, low: number, high: number, mark: number): void {
  const bucket = Math.floor(place / bucketBytes);
  const word = bucket * bucketWords + place - bucket * bucketBytes - marksAt;
  words[word] = low;
  words[word + tagsPerBucket] = high;
  bytes[place] = mark;
}

function copyOf({ words, bytes, buckets }: Table, mostTags: number): Table {
  const copy = createTable(mostTags);
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    for (let tag = 0; tag < tagsPerBucket; tag += 1) {
      const marked = bytes[bucket * bucketBytes + marksAt + tag] as number;
      if (marked === empty) break;
      const low = words[bucket * bucketWords + tag] as number;
      const high = words[bucket * bucketWords + tagsPerBucket + tag] as number;
      write(copy, placeOf(copy, low, high), low, high, marked);
    }
  }
  return copy;
}

/** @param expected how many tags there will be, as far as that is known: a table that is large enough need not be copied while it grows */
export function createTagSet(limit: number = exactLimit, expected = 0): TagSet {
  let firstSize = firstTags;
  while (firstSize < expected) firstSize *= 2;
  let table = createTable(Math.min(firstSize, limit));
  let used = 0;
  const counts = new Float64Array(8);
  let bloom: Uint8Array | undefined;
  const bloomBit = (low: number, high: number, mark: number, turn: number): number =>
    ((low ^ Math.imul(mark, 0x9e3779b1)) + Math.imul(turn, high | 1)) & (bloomBits - 1);
  const addToBloom = (bits: Uint8Array, low: number, high: number, mark: number): boolean => {
    let fresh = false;
    for (let turn = 0; turn < bloomHashes; turn += 1) {
      const bit = bloomBit(low, high, mark, turn);
      const mask = 1 << (bit & 7);
      if (((bits[bit >>> 3] as number) & mask) === 0) {
        fresh = true;
        bits[bit >>> 3] = (bits[bit >>> 3] as number) | mask;
      }
    }
    return fresh;
  };
  const inBloom = (bits: Uint8Array, low: number, high: number, mark: number): boolean => {
    for (let turn = 0; turn < bloomHashes; turn += 1) {
      const bit = bloomBit(low, high, mark, turn);
      if (((bits[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  };
  const overflow = (): number => Math.max(0, counts.reduce((sum, count) => sum + count, 0) - limit);

  const addNow = (low: number, high: number, mark: number): void => {
    const place = placeOf(table, low, high);
    const marked = table.bytes[place] as number;
    if (marked !== empty) {
      if ((marked & mark) !== 0) return;
      table.bytes[place] = marked | mark;
    } else if (used < limit) {
      write(table, place, low, high, mark);
      used += 1;
      if (used === table.mostTags && used < limit) table = copyOf(table, Math.min(used * 2, limit));
    } else {
      bloom ??= new Uint8Array(bloomBits / 8);
      if (!addToBloom(bloom, low, high, mark)) return;
    }
    const bit = 31 - Math.clz32(mark);
    counts[bit] = (counts[bit] as number) + 1;
  };

  const lows = new Uint32Array(mostQueued);
  const highs = new Uint32Array(mostQueued);
  const queuedMarks = new Uint8Array(mostQueued);
  /** The first words of their buckets: nobody asks for them, but they bring the buckets into the processor's cache. */
  const fetched = new Uint32Array(mostQueued);
  let queued = 0;
  const settle = (): void => {
    // One bucket right after the other, so that the processor fetches many from memory at once.
    for (let tag = 0; tag < queued; tag += 1) {
      fetched[tag] = table.words[firstBucket(table, lows[tag] as number) * bucketWords] as number;
    }
    for (let tag = 0; tag < queued; tag += 1) addNow(lows[tag] as number, highs[tag] as number, queuedMarks[tag] as number);
    queued = 0;
  };

  return {
    add(low, high, mark) {
      lows[queued] = low;
      highs[queued] = high;
      queuedMarks[queued] = mark;
      queued += 1;
      if (queued === mostQueued) settle();
    },
    marksOf(lowWord, highWord) {
      if (queued > 0) settle();
      const low = lowWord >>> 0;
      const high = highWord >>> 0;
      const marked = table.bytes[placeOf(table, low, high)] as number;
      if (marked !== empty) return marked;
      if (!bloom) return 0;
      let found = 0;
      for (const mark of marks) if (inBloom(bloom, low, high, mark)) found |= mark;
      return found;
    },
    count(mark) {
      settle();
      return counts[31 - Math.clz32(mark)] as number;
    },
    get size() {
      settle();
      return used;
    },
    get overflow() {
      settle();
      return overflow();
    },
    get falsePositiveRate() {
      settle();
      return overflow() === 0 ? 0 : (1 - Math.exp((-bloomHashes * overflow()) / bloomBits)) ** bloomHashes;
    },
  };
}
