/** How numbers are dialled in one country. */
export type PhoneCountry = {
  readonly iso: string;
  readonly callingCode: string;
  /** Dialled before a national number; empty where there is none. */
  readonly trunk: string;
  /** Dialled before a calling code. */
  readonly abroad: string;
  /** Digits of a national number without the trunk, where all have the same. */
  readonly nationalDigits: number | undefined;
};

// ISO code, calling code, trunk, international prefix (00 where left out), digits of a national number. "-" stands for none.
const table = `
AE 971 0; AR 54 0; AT 43 0; AU 61 0 0011 9; BE 32 0; BG 359 0; BR 55 0; CA 1 1 011 10; CH 41 0 00 9; CI 225 - 00 10; CL 56 - 00 9;
CM 237 - 00 9; CN 86 0; CO 57 - 00 10; CY 357 - 00 8; CZ 420 - 00 9; DE 49 0; DK 45 - 00 8; DZ 213 0; EE 372 -; EG 20 0; ES 34 - 00 9;
FI 358 0; FR 33 0 00 9; GB 44 0; GR 30 - 00 10; HR 385 0; HU 36 06; IE 353 0; IL 972 0; IN 91 0 00 10; IS 354 - 00 7; IT 39 -; JP 81 0 010;
KE 254 0; KR 82 0; LB 961 0; LT 370 0 00 8; LU 352 -; LV 371 - 00 8; MA 212 0 00 9; MT 356 - 00 8; MX 52 - 00 10; NG 234 0; NL 31 0 00 9;
NO 47 - 00 8; NZ 64 0; PE 51 0; PL 48 - 00 9; PT 351 - 00 9; RO 40 0 00 9; RU 7 8 810 10; SA 966 0; SE 46 0; SG 65 - 00 8; SI 386 0 00 8;
SK 421 0 00 9; SN 221 - 00 9; TN 216 - 00 8; TR 90 0 00 10; UA 380 0 00 9; US 1 1 011 10; ZA 27 0 00 9`;

export const phoneCountries: readonly PhoneCountry[] = table.split(';').map((line) => {
  const [iso = '', callingCode = '', trunk = '-', abroad = '00', digits] = line.trim().split(' ');
  return { iso, callingCode, trunk: trunk === '-' ? '' : trunk, abroad, nationalDigits: digits === undefined ? undefined : Number(digits) };
});

/** Calling codes whose national numbers are dialled with a 0 before them at home, which some people write after the code too. */
export const zeroTrunkCodes: ReadonlySet<string> = new Set(
  phoneCountries.filter(({ trunk }) => trunk === '0').map(({ callingCode }) => callingCode),
);

/** Digits of the national number that tell its type (mobile, landline, area); two where the code is not named. */
export const typeDigits: ReadonlyMap<string, number> = new Map([
  ['1', 3],
  ['7', 1],
  ['32', 1],
  ['33', 1],
  ['34', 1],
  ['39', 1],
  ['212', 1],
  ['213', 1],
  ['351', 1],
  ['971', 1],
]);

const twoDigitCodes = new Set(
  '20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98'.split(
    ' ',
  ),
);

/** The calling code that a number begins with, by its first three digits; the codes are free of prefixes, so these say it. */
export const callingCodes: readonly string[] = Array.from({ length: 1000 }, (_, number) => {
  const first = String(number).padStart(3, '0');
  if (first.startsWith('1') || first.startsWith('7')) return first.slice(0, 1);
  return twoDigitCodes.has(first.slice(0, 2)) ? first.slice(0, 2) : first;
});
