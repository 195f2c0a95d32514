/** How many of everything the sample holds. */
export interface SampleCounts {
  readonly users: number;
  readonly companies: number;
  readonly employees: number;
  readonly contacts: number;
  readonly numbers: number;
  readonly devices: number;
  readonly calendars: number;
  readonly availabilityRules: number;
  readonly calls: number;
  readonly auditLines: number;
  readonly quirks: number;
  /** People in LDAP: the first employees. */
  readonly ldapPeople: number;
  /** At most `devices`: the first devices have an installation each. */
  readonly installations: number;
  readonly categories: number;
  readonly categorisedInstallations: number;
  readonly messages: number;
  readonly messageErrors: number;
}

const countsFor = (users: number, ldapPeople: number, quirks: number): SampleCounts => ({
  users,
  companies: users / 50 + 4,
  employees: (users * 3) / 5,
  contacts: users * 2,
  numbers: (users * 6) / 5,
  devices: (users * 13) / 10,
  calendars: users,
  availabilityRules: (users * 3) / 2,
  calls: users * 4,
  auditLines: users,
  quirks,
  ldapPeople,
  installations: (users * 6) / 5,
  categories: 12,
  categorisedInstallations: (users * 3) / 5,
  messages: users / 5,
  messageErrors: users / 50,
});

/** The sizes there are. `demo-x4` is four times `demo` in every table that grows, and so on. */
export const sampleSizes = {
  tiny: countsFor(200, 60, 40),
  small: countsFor(2_000, 600, 120),
  'small-x2': countsFor(4_000, 1_200, 240),
  'small-x4': countsFor(8_000, 2_400, 480),
  demo: countsFor(100_000, 12_000, 500),
  'demo-x2': countsFor(200_000, 24_000, 1_000),
  'demo-x4': countsFor(400_000, 48_000, 2_000),
} as const satisfies Record<string, SampleCounts>;

export type SampleSize = keyof typeof sampleSizes;

export const isSampleSize = (text: string): text is SampleSize => Object.hasOwn(sampleSizes, text);

/** Raised whenever the generator's output changes for an equal size and seed, so that servers filled by an older one are filled again. */
export const generatorVersion = 1;

/** The seed used where none is given. */
export const defaultSeed = 20_240_501;
