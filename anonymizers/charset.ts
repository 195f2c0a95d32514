import { type Facts, refuse, type Target } from './anonymizer.ts';

/** @throws DynDataError POLICY_INVALID for a rule whose results the column's character set cannot hold. */
export function checkCharset(name: string, written: Facts['charset'], parameters: unknown, { charset, sqlType }: Target): void {
  if (charset === undefined) return;
  // What a rule writes out itself can be looked at here.
  const isGiven = name === 'constant' || written === 'input';
  if ((written === 'utf8' && !isGiven) || (written === 'latin1' && charset === 'ascii')) {
    refuse(`"${name}" writes letters that the character set of this column (${sqlType}, ${charset}) does not hold; take token`);
  }
  const holds = charset === 'ascii' ? /^[\x20-\x7e]*$/ : /^[\x20-\x7e\xa0-\xff]*$/;
  if (isGiven && !holds.test(JSON.stringify(parameters))) {
    refuse(`"${name}" has letters that the character set of this column (${sqlType}, ${charset}) does not hold`);
  }
}
