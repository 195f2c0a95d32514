import { longestIban, readCard, readIban } from '../../anonymizers/primitives.ts';
import { isLetterOrDigit } from './bytes.ts';
import { isInIban } from './ibans.ts';
import type { Found } from './scanner.ts';
import type { WatchList } from './watch-list.ts';

/** IBANs and card numbers as they are remembered and asked for: letters and digits only, in whatever style they are written. */
export type AccountReader = {
  readonly bytes: Uint8Array;
  /** Writes the number `value[start, end)` to `bytes` and gives its length; 0 for what is no valid one. */
  read(value: Uint8Array, start: number, end: number): number;
};

const longestWritten = 2 * longestIban;
const shortestWritten = 12;

export function createAccountReader(): AccountReader {
  const bytes = new Uint8Array(longestIban);
  return {
    bytes,
    read(value, start, end) {
      if (end - start < shortestWritten || end - start > longestWritten) return 0;
      const written = value.subarray(start, end);
      const isCard = (written[0] as number) < 0x3a;
      if (!isCard) return readIban(written, bytes);
      const length = readCard(written, bytes);
      for (let at = 0; at < length; at += 1) bytes[at] = (bytes[at] as number) + 0x30;
      return length;
    },
  };
}

/** Names a valid IBAN or card number that stands at `bytes[from, to)`, unless it is a pseudonym. */
export type AccountFinder = (form: 'iban' | 'card', bytes: Uint8Array, from: number, to: number, place: number) => void;

export function createAccountFinder(watch: WatchList, found: Found): AccountFinder {
  const compact = new Uint8Array(longestIban);
  return (form, bytes, from, to, place) => {
    let length = 0;
    for (let at = from; at < to && length < longestIban; at += 1) {
      const byte = bytes[at] as number;
      if (byte < 0x80 && isLetterOrDigit(byte)) compact[length++] = byte;
    }
    const known = watch.account(compact.subarray(0, length));
    if (known === 'pseudonym') return;
    // A phone number can have the form of a card's, and so can groups of an IBAN.
    if (form === 'card' && (watch.isPhonePseudonym(bytes.subarray(from, to)) || isInIban(bytes, from))) return;
    found(known ? `known-${known}` : form, place, bytes, from, to);
  };
}
