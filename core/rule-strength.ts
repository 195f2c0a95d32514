/**
 * How much a rule hides, from nothing to everything: `keep`; what leaves a part of the value; what only the key undoes; what does not depend on
 * the value. The catalogue of anonymizers says it of each (`enumerable`), and a test holds this list to it: the client has no catalogue.
 */
const names: readonly (readonly [strength: number, anonymizers: string])[] = [
  [0, 'keep shuffle'],
  [1, 'phone postal-code geo-point date-shift date-truncate number-noise number-bucket mask truncate scrub'],
  [
    2,
    'email login first-name last-name full-name company-name domain url street city iban card-number token uuid hash ip sample text ' +
      'device-token fcm-key apple-id p8-key vapid-key push-secret',
  ],
  [3, 'null constant template image password pkcs12 pkcs12-passphrase drop'],
];

const strengths = new Map(names.flatMap(([strength, anonymizers]) => anonymizers.split(' ').map((name) => [name, strength] as const)));

/** 0 to 3; undefined for what is no anonymizer, or says nothing of itself (`json`, `same_as`). */
export function strengthOfAnonymizer(name: string): number | undefined {
  return strengths.get(name);
}

export const strongest = 3;
