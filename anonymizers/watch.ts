import { DynDataError } from '../core/index.ts';
import type { AccountPermutationKey } from './account-permutations.ts';
import { type Apply, type Made, refuse } from './anonymizer.ts';
import type { Value } from './api.ts';
import type { DetectorRule, Watch, WatchKind } from './leak-rules.ts';
import type { PhonePermutationKey } from './phone-permutation.ts';

/** What an anonymizer tells the leak scan about its place. */
export type LeakFacts = {
  /** Hands on the real values in a value: itself, or what stands in it. Absent where there is nothing to watch. */
  readonly observe?: (value: Uint8Array, watch: Watch, row: readonly Value[]) => void;
  /** Of the row, the columns whose real values `observe` needs: they say whether the value is kept. */
  readonly reads: readonly number[];
  /** Where `observe` would hand on each value as it is, as this: it need not be called then. */
  readonly whole?: WatchKind;
  /** Forms that its own results have. */
  readonly produces: ReadonlySet<DetectorRule>;
  /** Where these results are only parts of what is written: all but them. Nothing for what cannot be read. */
  readonly without?: Made['without'];
};

/** Anonymizers whose real values are watched without a word in the policy, by what they are. */
const watchedKinds: Readonly<Record<string, WatchKind>> = {
  email: 'email',
  phone: 'phone',
  login: 'login',
  'full-name': 'name',
  'device-token': 'secret',
  password: 'secret',
  'fcm-key': 'secret',
  'p8-key': 'secret',
  'vapid-key': 'secret',
  pkcs12: 'secret',
  'pkcs12-passphrase': 'secret',
  'push-secret': 'secret',
  iban: 'value',
  'card-number': 'value',
};

/**
 * Results that look like a leak and are none. Those with few results, such as `password`, are known by the results themselves; phone
 * numbers, IBANs and cards by undoing their permutation.
 */
const producedForms: Readonly<Record<string, readonly DetectorRule[]>> = {
  token: ['card'],
  'number-noise': ['card'],
  // What stays of an address can look like one.
  mask: ['email'],
  'fcm-key': ['api-key'],
  'p8-key': ['private-key'],
  // Random letters and digits, which read as base64 can have any form that a few bytes can.
  'device-token': ['email', 'iban', 'card', 'ip'],
};

/** Anonymizers that write one of a few texts; values that make them write each. What they write is known as theirs. */
const literalWriters: Readonly<Record<string, readonly string[]>> = {
  constant: [''],
  password: ['', ...['2a', '2b', '2y'].map((variant) => `$${variant}$10$${'.'.repeat(53)}`)],
};

function literalsOf(name: string, made: Made): Uint8Array[] {
  return (literalWriters[name] ?? []).flatMap((value) => {
    try {
      return made.apply(new TextEncoder().encode(value), []) ?? [];
    } catch (error) {
      // A text that has no room in the column is never written there.
      if (error instanceof DynDataError && error.code === 'DATA_UNMASKABLE') return [];
      throw error;
    }
  });
}

/**
 * What is a result is not known of a value that came from one of two rules, if the other one keeps what it gets, nor of a place in prose:
 * there, a form is a finding. In a document each path is asked for by itself.
 */
function producedBy(name: string, made: Made, inner: readonly Made[]): ReadonlySet<DetectorRule> {
  const isWhole = name === 'when' && !inner.some(({ keeps, leaks }) => keeps || leaks?.without);
  const fromInner = isWhole || made.without ? inner.flatMap(({ leaks }) => [...(leaks?.produces ?? [])]) : [];
  return new Set([...(producedForms[name] ?? []), ...(made.produces ?? []), ...fromInner]);
}

export type LeakHooks = {
  /** The facts of a made anonymizer; `inner` are those made for values inside it. */
  facts(name: string, sensitive: boolean, made: Made, inner: readonly Made[]): LeakFacts;
  /** An inner anonymizer that hands its value on instead of replacing it while the outer one is observed. */
  inner(made: Made): Made;
  /** What the policy itself writes into the output. */
  readonly literals: readonly Uint8Array[];
  /** How phone numbers are replaced, each way once. */
  readonly phonePermutations: readonly PhonePermutationKey[];
  /** How IBANs and card numbers are, each way once. */
  readonly accountPermutations: readonly AccountPermutationKey[];
};

/** One per compiled policy. Observing is synchronous, so one sink at a time is enough. */
export function createLeakHooks(): LeakHooks {
  let sink: Watch | undefined;
  const literals: Uint8Array[] = [];
  const phonePermutations = new Map<string, PhonePermutationKey>();
  const accountPermutations = new Map<string, AccountPermutationKey>();
  const through = (made: Made): NonNullable<LeakFacts['observe']> => {
    return (value, watch, row) => {
      const outer = sink;
      sink = watch;
      try {
        made.apply(value, row);
      } finally {
        sink = outer;
      }
    };
  };
  return {
    literals,
    get phonePermutations() {
      return [...phonePermutations.values()];
    },
    get accountPermutations() {
      return [...accountPermutations.values()];
    },
    facts(name, sensitive, made, inner) {
      const kind = watchedKinds[name] ?? (sensitive ? 'value' : undefined);
      literals.push(...literalsOf(name, made));
      if (made.phonePermutation) {
        const { key, country } = made.phonePermutation;
        phonePermutations.set(`${Buffer.from(key).toString('hex')} ${country.iso}`, made.phonePermutation);
      }
      if (made.accountPermutation) {
        const { form, key } = made.accountPermutation;
        accountPermutations.set(`${form} ${Buffer.from(key).toString('hex')}`, made.accountPermutation);
      }
      const observed = inner.flatMap(({ leaks }) => leaks?.observe ?? []);
      const own: LeakFacts['observe'] = kind && ((value, watch) => watch(kind, value));
      const each: LeakFacts['observe'] = (value, watch, row) => {
        for (const observe of observed) observe(value, watch, row);
      };
      // Prose is looked through by scrubbing it; what else holds a rule applies it to the whole value.
      const whole = name === 'scrub' ? through(made) : each;
      const observe = own ?? (observed.length === 0 ? undefined : (made.observe ?? whole));
      return {
        ...(observe === undefined ? {} : { observe }),
        ...(kind === undefined ? {} : { whole: kind }),
        reads: own ? [] : [...(made.observeReads ?? []), ...inner.flatMap(({ leaks }) => leaks?.reads ?? [])],
        produces: producedBy(name, made, inner),
        ...(made.without ? { without: made.without } : {}),
      };
    },
    inner(made) {
      const apply: Apply = (value, row) => {
        if (sink === undefined) return made.apply(value, row);
        made.leaks?.observe?.(value, sink, row);
        return value;
      };
      return { ...made, apply };
    },
  };
}

/** Takes `sensitive: true` out of a rule's parameters: it is no anonymizer's own. */
export function takeSensitive(parameters: unknown): { readonly sensitive: boolean; readonly parameters: unknown } {
  if (typeof parameters !== 'object' || parameters === null || !('sensitive' in parameters)) return { sensitive: false, parameters };
  const { sensitive, ...others } = parameters;
  if (typeof sensitive !== 'boolean') return refuse('"sensitive" is true or false');
  return { sensitive, parameters: others };
}
