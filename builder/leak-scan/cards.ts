import { isLetterOrDigit, latin1 } from './bytes.ts';

/** Of a number in one piece without a word before it. */
export const shortestBareCard = 14;
/** Of one in groups. */
export const shortestCard = 12;
export const longestCard = 19;
/** Of one in two groups. */
export const cardInHalves = 16;
/** And how many digits the first of them can have. */
export const halves: readonly number[] = [8, 6];

// Visa, Mastercard, American Express, Discover, JCB, Diners Club, UnionPay, and the common beginnings of Maestro.
const common =
  /^(?:4\d{15}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|6\d|[89]\d)\d{11}|62\d{14}|(?:50(?:18|20|38)|5893|6304|6390|67(?:59|6[1-3]))\d{12})$/;
/** The lengths that few cards have, and the whole range of Maestro: ordinary numbers have them as well. */
const rare =
  /^(?:4(?:\d{12}|\d{18})|6(?:011|4[4-9]\d|5\d\d)\d{13,15}|35(?:2[89]|[3-8]\d)\d{13,15}|3(?:0[0-5]|[689]\d)\d{13,16}|62\d{15,17}|(?:50(?:18|20|38)|5893|6304|6390|67(?:59|6[1-3]))\d{8,15})$/;
const maestro = /^(?:50|5[6-9]|6\d)\d{10,17}$/;

/** What is said of a number beside its digits. */
export type CardSetting = 'bare' | 'grouped' | 'named';

/** A number of a card brand's length and beginning with a valid check digit (Luhn). */
export function isCard(digits: string, setting: CardSetting): boolean {
  const isOfBrand = common.test(digits) || (setting !== 'bare' && rare.test(digits)) || (setting === 'named' && maestro.test(digits));
  if (!isOfBrand) return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 0x30;
    sum += at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

/** How the digits of cards are written: 4 4 4 4 and less or more of the last, American Express 4 6 5, Diners Club 4 6 4, and halves. */
const groupings = /^(?:(?:4,){2,3}4(?:,[1-3])?|4,6,[45]|8,8|6,13)$/;

/** Whether the first two groups of a card can have so many digits: quick, since most numbers in groups are dates and times. */
export function mayBeginCard(first: number, second: number): boolean {
  return (first === 4 && (second === 4 || second === 6)) || (first === 8 && second === 8) || (first === 6 && second === 13);
}

export function isCardGrouping(lengths: readonly number[]): boolean {
  return groupings.test(lengths.join());
}

const cardWord =
  /(?:^|[^a-z])(?:card|carte|cb|pan|cc|cardnumber|creditcard|karte|tarjeta|carta|visa|maestro|mastercard|unionpay|diners|amex|jcb|discover)(?:[ _-]?(?:no|nr|num|number|n))?[^a-z0-9]*$/i;
const longestWordBefore = 40;

/** Whether a word right before the number says that it is a card's. */
export function followsCardWord(bytes: Uint8Array, start: number): boolean {
  return !isLetterOrDigit(bytes[start - 1]) && cardWord.test(latin1(bytes, Math.max(0, start - longestWordBefore), start));
}
