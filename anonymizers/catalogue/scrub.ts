import { isUtf8 } from 'node:buffer';
import * as z from 'zod/mini';
import { type Apply, defineAnonymizer, described, type Made, type Target } from '../anonymizer.ts';
import type { Value } from '../api.ts';
import { endOfIban } from '../iban-numbers.ts';
import { ruleSchema } from '../policy.ts';

const emailPattern = /[\p{L}\p{N}._%+'&/=~-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*/gu;
const ibanStart = /(?<![\p{L}\p{N}])[a-z]{2}\d{2}/giu;
const phonePattern = /(?<![\p{L}\p{N}+])(?:\+ ?|\()?\d[\d\u00a0\u202f ()./-]{3,}\d(?![\p{L}\p{N}])/gu;
const shortestPhone = 7;
/** What `phone` gives for what is no number. */
const noPhone = '+999';
const shortestName = 2;

/** A piece of the text, and what replaces it. */
type Find = { readonly from: number; readonly to: number; readonly by: string };

export const scrub = defineAnonymizer({
  name: 'scrub',
  summary:
    'Prose in which e-mail addresses, phone numbers and IBANs are replaced by the same pseudonyms that their own columns have, and names where they are listed; everything else stays. What is not UTF-8, or has no room, is replaced as `text` does.',
  types: ['text'],
  facts: {
    charset: 'input',
    length: 'replaced',
    nulls: 'kept',
    decidedBy: 'row',
    unique: 'no',
    enumerable: 'partly',
    protects: 'Addresses, numbers and accounts in their usual forms, and the names that `columns` and `names` give.',
    leaves:
      'Everything else that is written: other names, nicknames, places, illnesses, spelled-out or misspelled addresses and numbers, numbers without country or too short, IBANs with a wrong digit, and whatever tells who somebody is without naming them. Where prose must say nothing, take `text`.',
    example: {
      parameters: { columns: { first_name: 'first-name' } },
      value: 'Marie called, write to marie.dupont@acme.fr or 06 12 34 56 78.',
      row: { first_name: 'Marie' },
    },
  },
  parameters: z.strictObject({
    email: described(z._default(ruleSchema, 'email'), 'The rule that the e-mail columns have.'),
    phone: described(z._default(ruleSchema, 'phone'), 'The rule that the phone columns have.'),
    iban: described(z._default(ruleSchema, 'iban'), 'The rule that the IBAN columns have.'),
    columns: described(
      z._default(z.record(z.string(), ruleSchema), {}),
      'Columns of the row whose real value is looked for in the text, whole and in any case, and the rule that replaces it.',
    ),
    names: described(z._default(z.array(z.string().check(z.minLength(shortestName))), []), 'Names that are looked for in every text.'),
    name: described(z._default(ruleSchema, 'last-name'), 'The rule that replaces them.'),
  }),
  create: (parameters, { target, inner, sibling }) => {
    const part: Target = { ...target, unique: false };
    const { maxLength: _, ...unlimited } = part;
    const innerOf = (rule: typeof parameters.email): Apply => inner(rule, unlimited).apply;
    const [email, phone, iban] = [innerOf(parameters.email), innerOf(parameters.phone), innerOf(parameters.iban)];
    const listedName = parameters.names.length === 0 ? undefined : innerOf(parameters.name);
    const columns = Object.entries(parameters.columns).map(([column, rule]) => ({ index: sibling(column).index, apply: innerOf(rule) }));
    const whole = inner('text', part).apply;
    const reads = Object.keys(parameters.columns);

    const replaced = (apply: Apply, text: string): string => textOf(apply(Buffer.from(text), []));
    const findPhone = (text: string, from: number): Find | undefined => {
      // Two numbers that stand beside each other look like one: shorter and shorter beginnings are tried.
      for (let to = text.length; to >= shortestPhone; to = lastGap(text, to)) {
        const by = replaced(phone, text.slice(0, to));
        if (!by.startsWith(noPhone)) return { from, to: from + to, by };
      }
      return undefined;
    };
    const find = (text: string, row: readonly Value[]): Find[] => {
      const finds: Find[] = [];
      const add = (found: Find | undefined): void => {
        if (found && finds.every(({ from, to }) => found.to <= from || found.from >= to)) finds.push(found);
      };
      for (const { 0: found, index } of text.matchAll(emailPattern))
        add({ from: index, to: index + found.length, by: replaced(email, found) });
      for (const { index } of text.matchAll(ibanStart)) {
        const to = endOfIban(text, index);
        if (to !== undefined) add({ from: index, to, by: replaced(iban, text.slice(index, to)) });
      }
      for (const { 0: found, index } of text.matchAll(phonePattern)) {
        for (let from = 0; from < found.length; ) {
          const number = findPhone(found.slice(from), index + from);
          add(number);
          from = number ? number.to - index : nextGap(found, from);
        }
      }
      for (const { index, apply } of columns) {
        const name = textOf(row[index] ?? null).trim();
        for (const from of placesOf(text, name)) add({ from, to: from + name.length, by: replaced(apply, name) });
      }
      for (const name of listedName ? parameters.names : []) {
        for (const from of placesOf(text, name)) add({ from, to: from + name.length, by: listedName ? replaced(listedName, name) : '' });
      }
      return finds.sort((a, b) => a.from - b.from);
    };

    const made: Made = {
      unique: false,
      longest: 'input',
      apply: (value, row) => {
        if (!isUtf8(value)) return whole(value, row);
        const text = textOf(value);
        let result = '';
        let end = 0;
        for (const { from, to, by } of find(text, row)) {
          result += text.slice(end, from) + by;
          end = to;
        }
        result += text.slice(end);
        const limit = target.maxLength;
        if (limit !== undefined && result.length > limit && [...result].length > limit) return whole(value, row);
        return Buffer.from(result);
      },
    };
    return reads.length === 0 ? made : { ...made, stage: 'before', reads };
  },
});

function textOf(bytes: Value): string {
  return bytes === null ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function lastGap(text: string, before: number): number {
  for (let at = before - 1; at > 0; at--) if (!isDigit(text, at) && isDigit(text, at - 1)) return at;
  return 0;
}

function nextGap(text: string, after: number): number {
  for (let at = after + 1; at < text.length; at++) if (!isDigit(text, at - 1) && (isDigit(text, at) || text[at] === '+')) return at;
  return text.length;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

const wordCharacter = /[\p{L}\p{N}]/u;

/** Where a name stands as a whole word, in any case. */
function placesOf(text: string, name: string): number[] {
  const places: number[] = [];
  if (name.length < shortestName) return places;
  // Folding that changes the length would shift the places; such text is compared as it is.
  const folded = text.toLowerCase();
  const isAligned = folded.length === text.length && name.toLowerCase().length === name.length;
  const [where, what] = isAligned ? [folded, name.toLowerCase()] : [text, name];
  for (let at = where.indexOf(what); at >= 0; at = where.indexOf(what, at + what.length)) {
    const before = where.charAt(at - 1);
    const after = where.charAt(at + what.length);
    if (!wordCharacter.test(before) && !wordCharacter.test(after)) places.push(at);
  }
  return places;
}
