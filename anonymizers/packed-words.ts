import { writeBytes } from './pseudonym-bytes.ts';

/**
 * A list of words in one piece of memory: word `n` is `bytes[starts[n], starts[n + 1])`. Each as an array of its own would take ten times as
 * much, and values choose words at random, so that most would have to come from beyond the processor's cache.
 */
export type PackedWords = {
  readonly count: number;
  /** Bytes of the longest. */
  readonly longest: number;
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
};

export function packWords(words: readonly string[]): PackedWords {
  const encoded = words.map((word) => Buffer.from(word));
  const starts = new Uint32Array(words.length + 1);
  for (const [at, { length }] of encoded.entries()) starts[at + 1] = (starts[at] as number) + length;
  return {
    count: words.length,
    longest: encoded.reduce((longest, { length }) => Math.max(longest, length), 0),
    bytes: new Uint8Array(Buffer.concat(encoded)),
    starts,
  };
}

/** Lower case, without accents: fit for an address or a login. */
export function packAsciiWords(words: readonly string[]): PackedWords {
  return packWords(
    words.map((word) =>
      word
        .normalize('NFD')
        .toLowerCase()
        .replaceAll(/[^a-z]/g, ''),
    ),
  );
}

export function wordLength({ starts }: PackedWords, word: number): number {
  return (starts[word + 1] as number) - (starts[word] as number);
}

/** Writes a word and returns where it ends. */
export function writeWord({ bytes, starts }: PackedWords, word: number, into: Uint8Array, at: number): number {
  return writeBytes(bytes, into, at, starts[word], starts[word + 1]);
}
