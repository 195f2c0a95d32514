import type { Tools } from './anonymizer.ts';
import { remainder } from './draw.ts';
import { packAsciiWords, writeWord } from './packed-words.ts';
import { lettersPer80Bits, write80Bits } from './pseudonym-bytes.ts';
import { companyNouns } from './words/company-nouns.ts';

/** The pseudonym of a domain: a label below a reserved domain, the same in e-mail addresses, URLs and domain columns. */
export type CompanyLabels = {
  /** Bytes of the longest label. */
  readonly longest: number;
  /** Writes the label of the normalised domain `bytes[from, to)` and returns where it ends. */
  write(bytes: Uint8Array, from: number, to: number, into: Uint8Array, at: number): number;
};

const dash = 0x2d;
const dot = 0x2e;
const longestDomain = 253;
const nouns = packAsciiWords(companyNouns);

export function createCompanyLabels(tools: Tools, identity: string): CompanyLabels {
  const prf = tools.prf('company-label/1', identity, 'company');
  const tag = new Uint32Array(4);
  let message = new Uint8Array(longestDomain);
  return {
    longest: nouns.longest + 1 + lettersPer80Bits,
    write(bytes, from, to, into, at) {
      // A domain may be written with the root's dot.
      const end = to > from && bytes[to - 1] === dot ? to - 1 : to;
      if (message.length < end - from) message = new Uint8Array(2 * (end - from));
      for (let read = from; read < end; read++) message[read - from] = bytes[read] as number;
      prf(message, end - from, tag);
      let next = writeWord(nouns, remainder(tag[3] as number, nouns.count), into, at);
      into[next++] = dash;
      next = write80Bits(tag, into, next);
      return next;
    },
  };
}
