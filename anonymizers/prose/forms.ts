import { endOfIban } from '../iban-numbers.ts';

/** What has the form of an identity in a text, in one pass over it however long it is. */
export type TakeForm = (from: number, to: number) => void;

// Half a character of two units is part of it.
const localCharacter = /[\ud800-\udfff\p{L}\p{N}\p{M}._%+'&/=~!#$*?^`{|}-]/u;
const domainCharacter = /[\ud800-\udfff\p{L}\p{N}\p{M}.-]/u;
const domainPattern = /^[\p{L}\p{N}\p{M}-]+(?:\.[\p{L}\p{N}\p{M}-]+)*/u;
const at = '@';
/** Longer ones are no addresses (RFC 5321 allows 64 and 255); they are still found, by this many characters. */
const longestLocal = 256;
const longestDomain = 256;

/** E-mail addresses. */
export function findEmails(text: string, take: TakeForm): void {
  let end = 0;
  for (let sign = text.indexOf(at); sign >= 0; sign = text.indexOf(at, sign + 1)) {
    let from = sign;
    const least = Math.max(end, sign - longestLocal);
    while (from > least && localCharacter.test(text.charAt(from - 1))) from -= 1;
    let to = sign + 1;
    const most = Math.min(text.length, sign + 1 + longestDomain);
    while (to < most && domainCharacter.test(text.charAt(to))) to += 1;
    const domain = domainPattern.exec(text.slice(sign + 1, to))?.[0] ?? '';
    if (from === sign || domain === '') continue;
    end = sign + 1 + domain.length;
    take(from, end);
  }
}

const ibanStart = /(?<![\p{L}\p{N}])[a-z]{2}\d{2}/giu;

export function findIbans(text: string, take: TakeForm): void {
  for (const { index } of text.matchAll(ibanStart)) {
    const to = endOfIban(text, index);
    if (to !== undefined) take(index, to);
  }
}

const runPattern = /(?<![\p{L}\p{N}+])(?:\+ ?|\()?\d[\d\u00a0\u202f ()./-]*/gu;
const shortestRun = 6;
/** No number is written with more characters. */
const longestNumber = 40;
const letterOrDigit = /[\p{L}\p{N}]/u;

/**
 * Runs of digits with what stands in phone numbers between them. Two numbers beside each other look like one, so shorter and shorter beginnings
 * are offered.
 * @param isNumber whether this piece is one, which is then taken
 */
export function findPhones(text: string, isNumber: (from: number, to: number) => boolean): void {
  for (const { 0: run, index } of text.matchAll(runPattern)) {
    let length = run.length;
    while (!isDigit(run, length - 1)) length -= 1;
    // A digit that goes on in a word is no number's.
    if (letterOrDigit.test(text.charAt(index + run.length)) && length === run.length) length = lastGap(run, length);
    for (let from = 0; length - from >= shortestRun; ) {
      let to = Math.min(length, from + longestNumber);
      if (to < length) while (to > from && (isDigit(run, to) || !isDigit(run, to - 1))) to -= 1;
      while (to - from >= shortestRun && !isNumber(index + from, index + to)) to = lastGap(run, to);
      from = to - from >= shortestRun ? to : nextGap(run, from);
      while (from < length && !isDigit(run, from) && run[from] !== '+' && run[from] !== '(') from += 1;
    }
  }
}

/** Where the digits before the last separator end. */
function lastGap(text: string, before: number): number {
  for (let end = before - 1; end > 0; end--) if (!isDigit(text, end) && isDigit(text, end - 1)) return end;
  return 0;
}

function nextGap(text: string, after: number): number {
  for (let from = after + 1; from < text.length; from++)
    if (!isDigit(text, from - 1) && (isDigit(text, from) || text[from] === '+')) return from;
  return text.length;
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0x30 && code <= 0x39;
}
