import type { Apply, Made, Tools } from './anonymizer.ts';
import { createNormalizer } from './normalize.ts';
import { packAsciiWords } from './packed-words.ts';
import type { Identify, NamePart } from './prose/known-identities.ts';
import { longestOf, newBytes, writeBytes } from './pseudonym-bytes.ts';
import type { Prf } from './siphash.ts';
import { firstNames } from './words/first-names.ts';
import { lastNames } from './words/last-names.ts';

/** How an e-mail address chooses the fake person that it stands for. */
export const emailAlgorithm = 'email/1';

/** The tag of an address, valid until the next one is asked for. */
export type AddressTag = (address: Uint8Array) => Uint32Array;

const addressTags = new WeakMap<Prf, AddressTag>();

/** One for each keyed function: names that follow an address, and the address itself, ask for the same one in a row. */
export function addressTagOf(prf: Prf): AddressTag {
  const known = addressTags.get(prf);
  if (known) return known;
  const normalizer = createNormalizer();
  const tag = new Uint32Array(4);
  let last: Uint8Array | undefined;
  const tagOf: AddressTag = (address) => {
    if (address === last) return tag;
    last = address;
    const length = normalizer.folded(address);
    prf(normalizer.bytes, length, tag);
    return tag;
  };
  addressTags.set(prf, tagOf);
  return tagOf;
}

/** As they stand in addresses and logins. */
export const asciiFirstNames = packAsciiWords(firstNames);
export const asciiLastNames = packAsciiWords(lastNames);

/** The places of the fake person's names in the lists, from the tag of the address. */
export function firstNameAt(tag: Uint32Array): number {
  return ((tag[3] as number) & 0xffff) % firstNames.length;
}

export function lastNameAt(tag: Uint32Array): number {
  return ((tag[3] as number) >>> 16) % lastNames.length;
}

/**
 * A name that follows an e-mail address in another column: the one that the fake address begins with, so that both are of one person,
 * in every source. Where there is no address, `otherwise` decides.
 * @param identity of the e-mail address
 */
export function createPersonPart(
  part: NamePart,
  of: string,
  identity: string,
  tools: Tools,
  otherwise: { readonly apply: Apply; readonly identify: Identify },
): Made {
  const { index } = tools.sibling(of);
  const tagOf = addressTagOf(tools.prf(emailAlgorithm, identity, 'email'));
  const encoder = new TextEncoder();
  const firsts = firstNames.map((name) => encoder.encode(name));
  const lasts = lastNames.map((name) => encoder.encode(name));
  return {
    unique: false,
    longest:
      part === 'first' ? longestOf(firstNames) : part === 'last' ? longestOf(lastNames) : longestOf(firstNames) + 1 + longestOf(lastNames),
    stage: 'before',
    reads: [of],
    identify: (value, row, sink) => {
      const address = row[index];
      if (!address) {
        otherwise.identify(value, row, sink);
        return;
      }
      const tag = tagOf(address);
      sink.name(part, value, firstNameAt(tag), lastNameAt(tag), of, true);
    },
    apply: (value, row) => {
      const address = row[index];
      if (!address) return otherwise.apply(value, row);
      const tag = tagOf(address);
      const first = firsts[firstNameAt(tag)] as Uint8Array;
      if (part === 'first') return first;
      const last = lasts[lastNameAt(tag)] as Uint8Array;
      if (part === 'last') return last;
      const result = newBytes(first.length + 1 + last.length);
      const end = writeBytes(first, result, 0);
      result[end] = 0x20;
      writeBytes(last, result, end + 1);
      return result;
    },
  };
}
