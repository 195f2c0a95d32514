import { companyNouns } from './words/company-nouns.ts';
import { companyTrades } from './words/company-trades.ts';
import { firstNames } from './words/first-names.ts';
import { lastNames } from './words/last-names.ts';
import { neutralWords } from './words/neutral-words.ts';

/** Every word that anonymizers write of themselves, in lower case: where one occurs in the output, it tells of nobody. */
export function pseudonymWords(): ReadonlySet<string> {
  const lists = [companyNouns, companyTrades, firstNames, lastNames, neutralWords];
  return new Set(
    lists.flatMap((list) =>
      list.flatMap((entry) =>
        entry
          .normalize('NFC')
          .toLowerCase()
          .split(/[\s'’]+/),
      ),
    ),
  );
}

/** The most frequent ones that no pseudonym is made of. */
const frequent = ['Marie', 'Jean', 'Michel', 'Anne', 'Julie', 'Camille', 'John', 'Mary', 'James', 'William', 'Elizabeth', 'Sarah'];
const known: ReadonlySet<string> = new Set([...firstNames, ...frequent]);

/** A frequent first name, French or English, written as a name is. */
export function isFirstName(text: string): boolean {
  return known.has(text);
}
