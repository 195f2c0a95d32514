import type { AccountFinder } from './accounts.ts';
import { digitByte, is, isLetterOrDigit, latin1 } from './bytes.ts';
import { followsCardWord, isCard, isCardGrouping, longestCard, mayBeginCard, shortestBareCard, shortestCard } from './cards.ts';
import { isIpv4, isPublicIpv4 } from './detectors.ts';
import { blankBytes, dashBytes, isBehindBlank, signsBeyondAscii } from './group-signs.ts';
import { isInternationalNumber } from './international-numbers.ts';
import { createPassedTexts } from './passed-texts.ts';
import type { Found } from './scanner.ts';
import type { WatchList } from './watch-list.ts';

const tab = 0x09;
const lineFeed = 0x0a;
const space = 0x20;
const plus = 0x2b;
const hyphen = 0x2d;
const dot = 0x2e;
const slash = 0x2f;
const backslash = 0x5c;
const shortestPhone = 8;
const longestPhone = 19;
/** With more digits in one piece it is no phone number's part. */
const longestGroup = 15;
/** Groups of digits that are read at once. */
export const mostGroups = 12;
/** Characters after the + within which a group belongs to the international number; later ones are too short to be one of their own. */
const longestInternational = 12;
const noDigits = /[^0-9]/g;
/** Bytes between two groups. */
export const longestSeparators = 4;
/** What can stand between groups of digits: space ( ) - . / and the bytes of other blanks and dashes. */
export const separatorBytes: readonly number[] = [space, 0x28, 0x29, hyphen, dot, slash, ...signsBeyondAscii];

export type NumberScan = {
  /**
   * Reads a run of digits and separators once and looks in it for phone numbers, card numbers and IPv4 addresses. Gives the end of
   * the run.
   */
  scan(bytes: Uint8Array, start: number, to: number, place: number): number;
  /** In these columns of this text of rows, international numbers are an anonymizer's. Watched ones are found all the same. */
  expectPhones(bytes: Uint8Array, columns: readonly number[]): void;
  isExpected(bytes: Uint8Array, place: number): boolean;
};

export function createNumberScan(watch: WatchList, report: Found, account: AccountFinder): NumberScan {
  const starts = new Int32Array(mostGroups);
  const lengths = new Int32Array(mostGroups);
  /** Digits up to the end of each group. */
  const totals = new Int32Array(mostGroups);
  /** The byte right before a group; 0 for the first. */
  const separators = new Int32Array(mostGroups);

  const expected = createExpectedPhones();
  /** Numbers that were found harmless: the same ones come again and again. */
  const passed = createPassedTexts();
  let passedVersion = -1;

  /**
   * The number that begins with a plus here, unless an anonymizer has made it. What follows can belong to another number, so each end is
   * tried, the farthest first.
   */
  const international = (bytes: Uint8Array, start: number, groups: number, place: number): void => {
    if (expected.isIn(bytes, start)) return;
    // An escape's letter is none.
    const isInWord = isLetterOrDigit(bytes[start - 1]) && !isBehindBlank(bytes, start) && bytes[start - 2] !== backslash;
    if (isInWord) return;
    if (watch.filters.version !== passedVersion) {
      passed.forget();
      passedVersion = watch.filters.version;
    }
    let total = 0;
    let longest = 0;
    let last = -1;
    for (let group = 0; group < groups; group += 1) {
      const length = lengths[group] as number;
      total += length;
      longest = Math.max(longest, length);
      // Large groups with dots are amounts.
      if (total > longestPhone || (separators[group + 1] === dot && longest > 4)) break;
      totals[group] = total;
      last = group;
    }
    const endOf = (group: number): number => (starts[group] as number) + (lengths[group] as number);
    for (let group = last; group >= 0 && (totals[group] as number) >= shortestPhone; group -= 1) {
      const end = endOf(group);
      if (passed.has(bytes, start, end)) return;
      if (!watch.isPhonePseudonym(plainBlanks(bytes, start, end))) continue;
      passed.add(bytes, start, end);
      return;
    }
    for (let group = last; group >= 0 && (totals[group] as number) >= shortestPhone; group -= 1) {
      const end = endOf(group);
      if (!isInternationalNumber(latin1(bytes, start, end).replaceAll(noDigits, ''))) continue;
      report('phone', place, bytes, start, end);
      return;
    }
  };

  const phoneAt = (bytes: Uint8Array, start: number, to: number, last: number, place: number): boolean => {
    const end = (starts[last] as number) + (lengths[last] as number);
    const isDecimal = bytes[end] === dot && end + 1 < to && is(bytes[end + 1], digitByte) && (lengths[last] as number) > 4;
    if (isDecimal) return false;
    let digits = 0;
    let longest = 0;
    let hasDot = false;
    for (let first = last; first >= 0; first -= 1) {
      digits += lengths[first] as number;
      longest = Math.max(longest, lengths[first] as number);
      if (digits > longestPhone || longest > longestGroup) return false;
      // A fraction is no number of its own, nor do phone numbers have long groups between dots.
      const before = separators[first] as number;
      // The later groups of an international number are none of their own.
      const isInside = first > 0 && bytes[start] === plus && (starts[first] as number) - start < longestInternational;
      if (!isInside && digits >= shortestPhone && before !== dot && before !== hyphen && !(hasDot && longest > 4)) {
        const from = first === 0 ? start : (starts[first] as number);
        const known = watch.phone(plainBlanks(bytes, from, end));
        if (known) {
          report(`known-${known}`, place, bytes, from, end);
          return true;
        }
      }
      hasDot ||= before === dot;
    }
    return false;
  };

  /** True where a group belongs to four between dots that can be an IPv4 address; a national number begins with 0, an international one with +. */
  const isInQuad = (bytes: Uint8Array, start: number, groups: number, group: number): boolean => {
    let first = group;
    while (first > 0 && separators[first] === dot) first -= 1;
    let last = group;
    while (last + 1 < groups && separators[last + 1] === dot) last += 1;
    const from = starts[first] as number;
    const end = (starts[last] as number) + (lengths[last] as number);
    if (last - first !== 3 || end - from > 15 || bytes[from] === 0x30 || (first === 0 && bytes[start] === plus)) return false;
    return isIpv4(latin1(bytes, from, end));
  };

  /** The card number in several groups that begins with this one; the last of them, or this one. */
  const groupedCardFrom = (bytes: Uint8Array, groups: number, first: number, place: number): number => {
    const sizes: number[] = [];
    let total = 0;
    for (let next = first; next < groups; next += 1) {
      // One kind of sign stands between its groups.
      const isGoingOn = next === first || (isCardSign(separators[next] as number) && separators[next] === separators[first + 1]);
      total += lengths[next] as number;
      if (!isGoingOn || total > longestCard) break;
      sizes.push(lengths[next] as number);
    }
    // The longest first: of a number, a part can be valid by chance.
    for (; sizes.length > 1; sizes.pop()) {
      const last = first + sizes.length - 1;
      if (!isCardGrouping(sizes)) continue;
      const digits = sizes
        .map((size, index) => latin1(bytes, starts[first + index] as number, (starts[first + index] as number) + size))
        .join('');
      if (!isCard(digits, 'grouped')) continue;
      account('card', bytes, starts[first] as number, (starts[last] as number) + (lengths[last] as number), place);
      return last;
    }
    return first;
  };

  /** The card number that begins with a group; the last of its groups, or this one. */
  const cardFrom = (bytes: Uint8Array, groups: number, first: number, place: number): number => {
    const start = starts[first] as number;
    const endOf = (group: number): number => (starts[group] as number) + (lengths[group] as number);
    if (first + 1 < groups && mayBeginCard(lengths[first] as number, lengths[first + 1] as number)) {
      const last = groupedCardFrom(bytes, groups, first, place);
      if (last > first) return last;
    }
    const end = endOf(first);
    const isFraction = separators[first] === dot || (bytes[end] === dot && is(bytes[end + 1], digitByte));
    if (end - start >= shortestBareCard && !isFraction) {
      const digits = latin1(bytes, start, end);
      if (isCard(digits, 'bare') || (isCard(digits, 'named') && followsCardWord(bytes, start))) account('card', bytes, start, end, place);
    }
    return first;
  };

  const cards = (bytes: Uint8Array, groups: number, place: number): void => {
    for (let group = 0; group < groups; group += 1) group = cardFrom(bytes, groups, group, place);
  };

  /** Of a group with at most three digits; what is too large for an address's part where it has more. */
  const valueAt = (bytes: Uint8Array, group: number): number => {
    const start = starts[group] as number;
    const end = start + (lengths[group] as number);
    if (end - start > 3) return Number.POSITIVE_INFINITY;
    let value = 0;
    for (let at = start; at < end; at += 1) value = value * 10 + (bytes[at] as number) - 0x30;
    return value;
  };

  const addresses = (bytes: Uint8Array, start: number, groups: number, place: number): void => {
    const before = bytes[start - 1];
    // `Chrome/120.0.0.1` is a version, `//82.64.0.1` an address.
    const isVersion = before === dot || before === hyphen || (before === slash && isLetterOrDigit(bytes[start - 2]));
    for (let group = 0; group + 3 < groups; group += 1) {
      if (separators[group] === dot || (group === 0 && isVersion)) continue;
      const isQuad = separators[group + 1] === dot && separators[group + 2] === dot && separators[group + 3] === dot;
      if (!isQuad || separators[group + 4] === dot) continue;
      const from = starts[group] as number;
      const end = (starts[group + 3] as number) + (lengths[group + 3] as number);
      if (end - from > 15 || isLetterOrDigit(bytes[end]) || (bytes[end] === dot && is(bytes[end + 1], digitByte))) continue;
      const part = (index: number): number => valueAt(bytes, group + index);
      if (isPublicIpv4([part(0), part(1), part(2), part(3)])) report('ip', place, bytes, from, end);
    }
  };

  const scan: NumberScan['scan'] = (bytes, start, to, place) => {
    let at = bytes[start] === plus ? start + 1 : start;
    let groups = 0;
    let total = 0;
    let last = 0;
    let dots = 0;
    /** Groups at whose end a watched number may end, as bits. */
    let candidates = 0;
    separators[0] = 0;
    for (;;) {
      const groupStart = at;
      for (; at < to; at += 1) {
        const digit = (bytes[at] as number) - 0x30;
        if (!(digit >= 0 && digit <= 9)) break;
        last = (last % 10_000_000) * 10 + digit;
      }
      if (at === groupStart) break;
      starts[groups] = groupStart;
      lengths[groups] = at - groupStart;
      groups += 1;
      total += at - groupStart;
      if (at < to && (isLetterOrDigit(bytes[at]) || bytes[at] === 0x5f) && separatorSize(bytes, at) === 0) {
        // Letters follow: this group is no number's.
        groups -= 1;
        total -= at - groupStart;
        break;
      }
      if (total >= shortestPhone && watch.mayBePhone(last)) candidates |= 1 << (groups - 1);
      if (groups === mostGroups) break;
      let next = at;
      while (next < to) {
        const size = separatorSize(bytes, next);
        if (size === 0 || next + size - at > longestSeparators) break;
        next += size;
      }
      if (next === at || !is(bytes[next], digitByte) || next >= to) break;
      separators[groups] = next - at === 1 ? (bytes[at] as number) : space;
      if (separators[groups] === dot) dots += 1;
      at = next;
    }
    if (groups < mostGroups) separators[groups] = 0;
    let isKnown = false;
    for (let group = 0; candidates >>> group > 0; group += 1) {
      if (((candidates >>> group) & 1) === 1 && !(dots >= 3 && isInQuad(bytes, start, groups, group)))
        isKnown = phoneAt(bytes, start, to, group, place) || isKnown;
    }
    if (total >= shortestPhone && bytes[start] === plus && !isKnown) international(bytes, start, groups, place);
    if (total >= shortestCard) cards(bytes, groups, place);
    if (dots >= 3) addresses(bytes, start, groups, place);
    return at;
  };
  return { scan, expectPhones: expected.set, isExpected: expected.isIn };
}

/** The columns of a text of rows whose phone numbers an anonymizer has written. */
function createExpectedPhones() {
  let text: Uint8Array | undefined;
  let isExpected: readonly boolean[] = [];
  /** The place that was last asked for, and its column. Places are asked for mostly from the beginning to the end. */
  let seen = 0;
  let column = 0;
  return {
    set(bytes: Uint8Array, columns: readonly number[]): void {
      text = columns.length > 0 ? bytes : undefined;
      isExpected = Array.from({ length: Math.max(-1, ...columns) + 1 }, (_, index) => columns.includes(index));
      seen = 0;
      column = 0;
    },
    isIn(bytes: Uint8Array, place: number): boolean {
      if (bytes !== text) return false;
      const from = place < seen ? 0 : seen;
      let tabs = 0;
      let at = place;
      // Back to the beginning of the row, or to what is known.
      for (; at > from && bytes[at - 1] !== lineFeed; at -= 1) if (bytes[at - 1] === tab) tabs += 1;
      column = at === from && from === seen ? column + tabs : tabs;
      seen = place;
      return isExpected[column] === true;
    },
  };
}

/** The number with spaces for the blanks and dashes beyond ASCII; itself where it has none. */
function plainBlanks(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const written = bytes.subarray(from, to);
  let isAscii = true;
  for (let at = from; at < to; at += 1) isAscii &&= (bytes[at] as number) < 0x80;
  if (isAscii) return written;
  return Buffer.from(
    Buffer.from(written)
      .toString('utf8')
      .replaceAll(/[^\0-\x7f]/g, ' '),
  );
}

function isCardSign(separator: number): boolean {
  return separator === space || separator === hyphen || separator === dot;
}

/** How many bytes the separator here has: ( ) - . / or another blank or dash; 0 where there is none. */
function separatorSize(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number;
  if (byte === 0x28 || byte === 0x29 || (byte >= hyphen && byte <= slash)) return 1;
  return byte === space || byte >= 0x80 ? blankBytes(bytes, at) || dashBytes(bytes, at) : 0;
}
