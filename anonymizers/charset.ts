import { type Facts, refuse, type Target } from './anonymizer.ts';

/** @throws DynDataError POLICY_INVALID for a rule whose results the column's character set cannot hold. */
export function checkCharset(name: string, written: Facts['charset'], parameters: unknown, { charset, sqlType }: Target): void {
  if (charset === undefined) return;
  // What a rule writes out itself can be looked at here.
  const isGiven = name === 'constant' || name === 'sample' || written === 'input';
  if ((written === 'utf8' && !isGiven) || (written === 'latin1' && charset === 'ascii')) {
    refuse(`"${name}" writes letters that the character set of this column (${sqlType}, ${charset}) does not hold; take token`);
  }
  if (isGiven && !isOf(charset, JSON.stringify(parameters))) {
    refuse(`"${name}" has letters that the character set of this column (${sqlType}, ${charset}) does not hold`);
  }
}

/** What character sets hold, the smaller first. */
const sets = ['ascii', 'latin1', 'utf8'] as const;
export type Letters = (typeof sets)[number];

/** The letters that a rule's results have. */
export function lettersOf(name: string, written: Facts['charset'], parameters: unknown, { charset, type }: Target): Letters {
  if (!['text', 'json', 'enum', 'set'].includes(type)) return 'ascii';
  if (written === 'input') return charset ?? 'utf8';
  if (name !== 'constant' && name !== 'sample') return written;
  const given = JSON.stringify(parameters);
  return sets.find((set) => isOf(set, given)) ?? 'utf8';
}

/** @throws DynDataError POLICY_INVALID for a text made of another column whose letters the column does not hold. */
export function checkLetters(read: string, letters: Letters, { charset, sqlType }: Pick<Target, 'charset' | 'sqlType'>): void {
  if (charset === undefined || sets.indexOf(letters) <= sets.indexOf(charset)) return;
  refuse(`reads "${read}", whose letters the character set of this column (${sqlType}, ${charset}) does not hold`);
}

function isOf(set: Letters, text: string): boolean {
  return set === 'utf8' || (set === 'ascii' ? /^[\x20-\x7e]*$/ : /^[\x20-\x7e\xa0-\xff]*$/).test(text);
}
