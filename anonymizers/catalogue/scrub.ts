import { isUtf8 } from 'node:buffer';
import * as z from 'zod/mini';
import { type Apply, defineAnonymizer, described, type Made, type Target } from '../anonymizer.ts';
import type { Value } from '../api.ts';
import { ruleSchema } from '../policy.ts';
import { applied, createIdentityFinder } from '../prose/find-identities.ts';
import { findEmails, findIbans, findPhones } from '../prose/forms.ts';
import { digitsOf, noNumber } from '../prose/known-identities.ts';
import { createPieces, type Pieces } from '../prose/pieces.ts';

const shortestName = 2;

export const scrub = defineAnonymizer({
  name: 'scrub',
  summary:
    'Prose in which known people and companies, e-mail addresses, phone numbers and IBANs are replaced by the same pseudonyms that their own columns have, in whatever source these are; everything else stays. What is not UTF-8, or has no room, is replaced as `text` does.',
  types: ['text'],
  facts: {
    charset: 'input',
    length: 'replaced',
    nulls: 'kept',
    decidedBy: 'data',
    unique: 'no',
    enumerable: 'partly',
    protects:
      'Addresses, numbers and accounts in their usual forms, known or not; and what the columns of the rules `first-name`, `last-name`, `full-name`, `company-name`, `login`, `email` and `phone` hold, in every source, in any case and with or without accents. See "Names in prose".',
    leaves:
      'Everything else that is written: names that no such column holds, nicknames, places, illnesses, spelled-out or misspelled addresses and numbers, numbers without country or too short, IBANs with a wrong digit, ordinary words that are names too where they stand without a capital, and whatever tells who somebody is without naming them. Where prose must say nothing, take `text`.',
    example: {
      parameters: { columns: { first_name: 'first-name' } },
      value: 'Marie called, write to marie.dupont@acme.fr or 06 12 34 56 78.',
      row: { first_name: 'Marie' },
    },
  },
  parameters: z.strictObject({
    email: described(z._default(ruleSchema, 'email'), 'The rule for e-mail addresses that no column holds.'),
    phone: described(z._default(ruleSchema, 'phone'), 'The rule for phone numbers that no column holds.'),
    iban: described(z._default(ruleSchema, 'iban'), 'The rule that the IBAN columns have.'),
    columns: described(
      z._default(z.record(z.string(), ruleSchema), {}),
      'Columns of the row whose real value is looked for in the text first, whole and in any case, and the rule that replaces it: of several people of one name, the text is about the one of its row.',
    ),
    names: described(z._default(z.array(z.string().check(z.minLength(shortestName))), []), 'Names that are looked for in every text.'),
    name: described(z._default(ruleSchema, 'last-name'), 'The rule that replaces them.'),
  }),
  create: (parameters, { target, inner, sibling, known: identities }) => {
    const part: Target = { ...target, unique: false };
    const { maxLength: _, ...unlimited } = part;
    const madeOf = (rule: typeof parameters.email): Made => inner(rule, unlimited);
    const [email, phone, iban] = [madeOf(parameters.email).apply, madeOf(parameters.phone).apply, madeOf(parameters.iban).apply];
    const listedName = parameters.names.length === 0 ? undefined : madeOf(parameters.name).apply;
    const columns = Object.entries(parameters.columns).map(([column, rule]) => ({ ...sibling(column), ...madeOf(rule) }));
    const whole = inner('text', part).apply;
    const reads = [...Object.keys(parameters.columns), ...columns.flatMap(({ reads: read = [] }) => read)];
    const known = identities?.();
    known?.replacesByForm('email', email);
    known?.replacesByForm('phone', phone);
    const findIdentities =
      known &&
      createIdentityFinder(known, {
        first: madeOf('first-name').apply,
        last: madeOf('last-name').apply,
        full: madeOf('full-name').apply,
      });

    /** False where nothing of the text may stay. */
    const find = (text: string, row: readonly Value[], pieces: Pieces): boolean => {
      const { add } = pieces;
      let isTold = true;
      /** The rule of the column that a known value is in. */
      const ruleOf = (kind: 'email' | 'phone' | 'login', value: string): Apply | undefined => {
        const rule = known?.isComplete ? known.value(kind, value) : undefined;
        if (rule === 'beyond') isTold = false;
        return rule === 'beyond' ? undefined : rule;
      };
      findEmails(text, (from, to) => {
        const address = text.slice(from, to);
        add(from, to, applied(ruleOf('email', address) ?? ruleOf('login', address) ?? email, address));
      });
      findIbans(text, (from, to) => add(from, to, applied(iban, text.slice(from, to))));
      findPhones(text, (from, to) => {
        const number = text.slice(from, to);
        const rule = ruleOf('phone', digitsOf(number));
        const by = applied(rule ?? phone, number);
        if (!rule && by.startsWith(noNumber)) return false;
        add(from, to, by);
        return true;
      });
      for (const { index, apply } of columns) {
        const name = textOf(row[index] ?? null).trim();
        for (const from of placesOf(text, name)) add(from, from + name.length, textOf(apply(Buffer.from(name), row)));
      }
      for (const name of listedName ? parameters.names : []) {
        for (const from of placesOf(text, name)) add(from, from + name.length, listedName ? applied(listedName, name) : '');
      }
      // Before everybody is known, a name that is not found says nothing.
      if (known && !known.isComplete) return false;
      return isTold && findIdentities?.(text, add) !== false;
    };

    const made: Made = {
      unique: false,
      longest: 'input',
      apply: (value, row) => {
        if (!isUtf8(value)) return whole(value, row);
        const text = textOf(value);
        const pieces = createPieces();
        if (!find(text, row, pieces)) return whole(value, row);
        const result = pieces.replaceIn(text);
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
