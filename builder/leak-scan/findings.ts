import type { LeakAllowance, LeakRule } from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';

/** Values of one place that one rule found. */
export type Finding = { readonly place: string; readonly rule: LeakRule; count: number };

export type Findings = {
  /** @param place as messages name it */
  add(place: string, rule: LeakRule): void;
  /** Adds those of another count. */
  take(others: Findings): void;
  readonly all: readonly Finding[];
};

export function createFindings(): Findings {
  const byPlace = new Map<string, Finding>();
  const add = (place: string, rule: LeakRule, count: number): void => {
    const id = `${place}\0${rule}`;
    const finding = byPlace.get(id) ?? { place, rule, count: 0 };
    finding.count += count;
    byPlace.set(id, finding);
  };
  return {
    add: (place, rule) => add(place, rule, 1),
    take(others) {
      for (const { place, rule, count } of others.all) add(place, rule, count);
    },
    get all() {
      return [...byPlace.values()].sort((a, b) => (a.place === b.place ? (a.rule < b.rule ? -1 : 1) : a.place < b.place ? -1 : 1));
    },
  };
}

/** The allowance that covers a finding: the place as it is named, or without its schema. */
export function allowanceFor(allowances: readonly LeakAllowance[], places: readonly string[], rule: LeakRule): LeakAllowance | undefined {
  return allowances.find((allowance) => allowance.rule === rule && places.includes(allowance.place));
}

/** What each rule found, for people. Known values are the source's own; the others have a form that says what they are. */
const meanings: Readonly<Record<LeakRule, string>> = {
  'known-email': 'e-mail address of the source',
  'known-phone': 'phone number of the source',
  'known-login': 'login of the source',
  'known-name': 'full name of the source',
  'known-secret': 'secret of the source',
  'known-value': 'sensitive value of the source',
  email: 'e-mail address outside of the reserved domains',
  phone: 'international phone number',
  iban: 'bank account number',
  card: 'card number',
  ip: 'public IP address',
  'private-key': 'private key',
  jwt: 'signed token (JWT)',
  bcrypt: 'password hash',
  'api-key': 'key of a known service',
};

/** @throws DynDataError LEAK_FOUND naming place, rule and count of each finding, never a value; nothing where there are none. */
export function refuseLeaks(findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  const total = findings.reduce((sum, { count }) => sum + count, 0);
  throw new DynDataError(
    'LEAK_FOUND',
    `The leak scan found ${total} values in ${new Set(findings.map(({ place }) => place)).size} places of the output. Nothing of this build is visible. Give each place a rule in the policy that replaces them; where one is no leak, allow it under leak_scan with the reason.`,
    { details: findings.map(({ place, rule, count }) => `${place}: ${count} × ${rule} (${meanings[rule]})`) },
  );
}
