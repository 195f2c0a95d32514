import { createSpread, type Dice, evenEightDigits, permuteEightDigits, pick } from './dice.ts';
import { asciiOf } from './names.ts';

/** A customer of the telephony company. */
export interface Company {
  readonly index: number;
  /** Unique; may hold any character, also such as must be escaped in a DN. */
  readonly name: string;
  /** Latin-1 letters only. */
  readonly legalName: string;
  /** Unique, lower case. */
  readonly domain: string;
  /** E.164, unique among landlines. */
  readonly phone: string;
  readonly contactEmail: string;
  readonly registrationNumber: string;
  readonly street: string;
  readonly postalCode: string;
  readonly city: string;
}

/** How many people a company employs, by its index. */
const headcounts: readonly number[] = [5, 12, 60, 30, 8, 45, 20, 60];
const headcountOfCycle = headcounts.reduce((sum, count) => sum + count, 0);

/** Where the employee of a given ordinal works; `rank` 0 is the head of the company. */
export const placeOfEmployee = (ordinal: number): { companyIndex: number; rank: number } => {
  const cycle = Math.floor(ordinal / headcountOfCycle);
  let rank = ordinal % headcountOfCycle;
  let companyIndex = cycle * headcounts.length;
  for (const headcount of headcounts) {
    if (rank < headcount) break;
    rank -= headcount;
    companyIndex++;
  }
  return { companyIndex, rank };
};

/** The ordinal of a company's head, that is of its first employee. */
export const firstEmployeeOf = (companyIndex: number): number => {
  const within = companyIndex % headcounts.length;
  const before = headcounts.slice(0, within).reduce((sum, count) => sum + count, 0);
  return Math.floor(companyIndex / headcounts.length) * headcountOfCycle + before;
};

const trades =
  'Atelier,Banque,Cabinet,Clinique,Comptoir,Éditions,Énergies,Fonderie,Garage,Horlogerie,Imprimerie,Jardins,Laboratoire,Librairie,Maison,Menuiserie,Messagerie,Moulins,Papeterie,Pharmacie,Studio,Transports,Verrerie,Vignobles'.split(
    ',',
  );
const words =
  'Horizon,Nordique,des Lilas,Boréal,Lumière,du Fleuve,Océan,Cévenol,du Château,Étoile,Azur,Granit,Mistral,Orée,Pivoine,Quartz,Rocaille,Sélénite,Tramontane,Utopie,Verveine,Zénith,Ébène,Garance,Hêtre,Indigo,Jonquille,Kaolin,Lagune,Mélèze'.split(
    ',',
  );
const towns = 'Lyon,Brest,Nancy,Pau,Reims,Sète,Tours,Vannes,Albi,Bâle,Colmar,Dole,Épinal,Foix'.split(',');
const slugs = { trades: trades.map(asciiOf), words: words.map(asciiOf), towns: towns.map(asciiOf) };
const families = 'Dupont,Lefèvre,Moreau,Bérenger,Mercier,Guérin,Vasseur,Tanguy'.split(',');
const streets = ['rue des Forges', 'quai de l’Industrie', 'avenue de l’Europe', 'impasse du Télégraphe', 'zone d’activité Les Prés'];
const topLevels = ['fr', 'com', 'net', 'eu'];

/** The first companies are fixed, so that tests and texts can name them. */
const known: readonly (readonly [name: string, legalName: string, domain: string])[] = [
  ['Acme', 'Acme France SAS', 'acme.fr'],
  ['Dupont, Fils & Cie', 'Dupont, Fils & Cie SARL', 'dupont-fils.fr'],
  ['Télé+ "Sud"', 'Télé+ Sud SA', 'teleplus-sud.com'],
  ['#1 Café; Crèmerie', 'N°1 Café Crèmerie SARL', 'cafe-cremerie.fr'],
  ['株式会社さくら通信', 'Sakura Tsushin KK', 'sakura-tsushin.co.jp'],
  ['Ηλεκτρονική Α.Ε.', 'Ilektroniki AE', 'ilektroniki.gr'],
];

/** Companies as a pure function of the seed and an index. */
export const createCompanies = (dice: Dice): ((index: number) => Company) => {
  const combinations = trades.length * words.length * towns.length;
  const order = createSpread(combinations, dice.die('company.order')(0));
  const detail = dice.die('company.detail');
  const phone = dice.die('company.phone');

  const nameOf = (index: number): readonly [string, string, string] => {
    const fixed = known[index];
    if (fixed !== undefined) return fixed;
    const combination = order(index);
    const wordRoll = Math.floor(combination / trades.length);
    const townRoll = Math.floor(wordRoll / words.length);
    const again = index < combinations ? '' : String(Math.floor(index / combinations) + 1);
    const plain = `${pick(trades, combination)} ${pick(words, wordRoll)} ${pick(towns, townRoll)}${again && ` ${again}`}`;
    const name = index % 9 === 0 ? `${plain}, ${pick(families, detail(index))} & Cie` : plain;
    const slug = `${pick(slugs.trades, combination)}-${pick(slugs.words, wordRoll)}-${pick(slugs.towns, townRoll)}${again}`;
    return [name, `${name} SARL`, `${slug}.${pick(topLevels, detail(index) >>> 8)}`];
  };

  return (index) => {
    const [name, legalName, domain] = nameOf(index);
    const roll = detail(index);
    return {
      index,
      name,
      legalName,
      domain,
      phone: `+332${evenEightDigits(phone, index)}`,
      contactEmail: `${pick(['contact', 'info', 'accueil', 'direction'], roll)}@${domain}`,
      registrationNumber: `${String(permuteEightDigits(phone, index)).padStart(8, '0')}${String(index).padStart(6, '0')}`,
      street: `${(roll % 180) + 1} ${pick(streets, roll >>> 4)}`,
      postalCode: String(10_000 + (roll % 85_000)),
      city: pick(towns, roll >>> 12),
    };
  };
};
