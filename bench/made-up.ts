// People of the generated sources, and values that are a function of a row's number. Everybody is made up.

export const firstNames = ['Marie', 'Jean', 'Chloé', 'Luc', 'Anaïs', 'Paul', 'Zoé', 'Hugo', 'Inès', 'Léo', 'Emma', 'Noah', 'Alice', 'Théo'];
export const lastNames = [
  'Martin',
  'Bernard',
  'Dubois',
  'Thomas',
  'Robert',
  'Petit',
  'Durand',
  'Leroy',
  'Moreau',
  'Simon',
  'Laurent',
  'Lefèvre',
];
const domains = ['acme.fr', 'globex.com', 'initech.net', 'umbrella.org', 'hooli.io', 'stark.eu', 'wayne.de'];

/** A number below `bound` that is a function of its arguments. */
export function below(bound: number, row: number, salt: number): number {
  let state = Math.imul(row ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 15), 0xc2b2ae35);
  return ((state ^ (state >>> 13)) >>> 0) % bound;
}

export const two = (value: number): string => String(value).padStart(2, '0');
export const first = (row: number, salt: number): string => firstNames[below(firstNames.length, row, salt)] as string;
export const last = (row: number, salt: number): string => lastNames[below(lastNames.length, row, salt)] as string;

/** Letters of ASCII alone, in lower case. */
export const ascii = (name: string): string =>
  name
    .normalize('NFD')
    .replaceAll(/[^A-Za-z]/g, '')
    .toLowerCase();

export const phone = (row: number, salt: number): string =>
  `+33${6 + below(2, row, salt)}${String(below(100_000_000, row, salt + 1)).padStart(8, '0')}`;
export const address = (row: number, salt: number, number: number): string =>
  `${ascii(first(row, salt))}.${ascii(last(row, salt + 1))}${number}@${domains[below(domains.length, row, salt + 2)]}`;
