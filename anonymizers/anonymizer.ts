import * as z from 'zod/mini';
import { DynDataError, issueLines, type SourceKind } from '../core/index.ts';
import type { AccountPermutationKey } from './account-permutations.ts';
import type { KeyedLeaves, LiveColumn, Value } from './api.ts';
import type { Letters } from './charset.ts';
import type { DetectorRule, Watch } from './leak-rules.ts';
import type { PhoneCountry } from './phone-countries.ts';
import type { PhonePermutationKey } from './phone-permutation.ts';
import type { Rule } from './policy.ts';
import type { Identify, KnownIdentities } from './prose/known-identities.ts';
import type { Prf } from './siphash.ts';
import type { LeakFacts } from './watch.ts';

/** Where an anonymizer's values come from and go to: a column, an LDAP attribute, or a leaf inside a JSON value. */
export type Target = Omit<LiveColumn, 'name'> & {
  /** `mysql dynamease.users.email` or `mysql dynamease.users.settings $.theme`: for messages. */
  readonly place: string;
  readonly sourceKind: SourceKind;
};

/** What the values of an identity are; it decides how they are normalised, so anonymizers of two kinds cannot share an identity. */
export type IdentityKind = 'email' | 'phone' | 'login' | 'name' | 'company' | 'token' | 'ip' | 'date';

/**
 * Anonymizes one value that is not NULL (NULL stays NULL). `row` is the row as it stands at this moment; see `Made.stage`.
 * Total: what it cannot parse it replaces all the same. The result is never `value` itself changed in place, and nobody may change it: it
 * may be one array for many values (a word of a list, a constant), and stays as it is after further calls. Nor does a value that was given
 * ever change: what was made of it may be remembered with it.
 * @throws DynDataError DATA_UNMASKABLE where it cannot replace without breaking the data.
 */
export type Apply = (value: Uint8Array, row: readonly Value[]) => Value;

/** An anonymizer made for one target. */
export type Made = {
  readonly apply: Apply;
  /** True where different values (as the identity normalises them) always get different results, so that it may stand on a unique column. */
  readonly unique: boolean;
  /** Length of its longest result in characters, in bytes for a binary target; `input` where a result is never longer than its value. */
  readonly longest: number | 'input';
  /** True where the value leaves as it came. */
  readonly keeps?: boolean;
  /** Whether NULL stands for every value, or for some of them. */
  readonly makesNull?: 'every' | 'some';
  /** True where results of different values may differ in the case of letters alone. */
  readonly caseTells?: boolean;
  /**
   * What values may differ in and still get one result, though the rule is `unique`: `blanks` is case and white space, `signs` is all but letters
   * and digits as well.
   */
  readonly folds?: 'blanks' | 'signs';
  /**
   * `before` reads other columns' real values, `after` their anonymized ones; both are refused inside JSON. A `before` column is not read
   * by another one, nor is an `after` one.
   */
  readonly stage?: 'before' | 'after';
  /** The other columns it reads. */
  readonly reads?: readonly string[];
  /** Of them, those whose real value it needs: on a column of the stage `after` they must be kept. */
  readonly readsReal?: readonly string[];
  /** True where equal values get equal results that no other value gets, so that a result tells how often its value occurs. */
  readonly deterministic?: boolean;
  /** True where a result depends on the values before it; set by the rule maker. */
  readonly inOrder?: boolean;
  /** How it replaces phone numbers, so that the leak scan can tell a real number from another one's pseudonym. */
  readonly phonePermutation?: PhonePermutationKey;
  /** How it replaces IBANs or card numbers, likewise. */
  readonly accountPermutation?: AccountPermutationKey;
  /** Forms that its results have, where its parameters decide it. */
  readonly produces?: readonly DetectorRule[];
  /** The letters of its results, for what is made of them; set by the rule maker. */
  readonly letters?: Letters;
  /** What the leak scan must know of the place; set by the rule maker. */
  readonly leaks?: LeakFacts;
  /** For prose elsewhere: hands on what its real values are known by, and what stands for them here. */
  readonly identify?: Identify;
  /** For documents, and for a choice between rules: hands on the real values in its parts. Nothing where it cannot be read. */
  readonly observe?: (value: Uint8Array, watch: Watch, row: readonly Value[]) => void;
  /** The columns whose real values `observe` needs in the row. */
  readonly observeReads?: readonly number[];
  /** For documents: what was written, without the parts whose own rule makes results of this form. Undefined for what cannot be read. */
  readonly without?: (written: Uint8Array, form: DetectorRule) => Uint8Array | undefined;
  /** For documents: paths that no rule decides, as a policy writes them. Reads structure only; none for what is no document. */
  readonly undecidedPaths?: (value: Uint8Array) => readonly string[];
  /** For documents: the paths that rules decide, each with whether `apply` has met a value there. */
  readonly metPaths?: () => ReadonlyMap<string, boolean>;
  /** For documents: what the rule of a path makes; nothing where no rule decides it, or the path is not of members alone. */
  readonly leafAt?: (path: string) => LeafFacts | undefined;
  /** For documents with a `deterministic` rule for a path. */
  readonly keyedLeaves?: KeyedLeaves;
};

/** What decides whether a unique key stays one. */
export type KeyFacts = Pick<Made, 'keeps' | 'unique' | 'makesNull' | 'caseTells' | 'leafAt' | 'folds' | 'stage' | 'apply'>;
/** The same of a path of documents, with the name of its rule. */
export type LeafFacts = KeyFacts & { readonly name: string };

/** What an anonymizer is made with. All its randomness comes from `prf`. */
export type Tools = {
  readonly target: Target;
  readonly country: PhoneCountry;
  /** Undefined where the policy has none. */
  readonly developmentPassword: string | undefined;
  /**
   * The keyed function of one identity for one algorithm: equal for every target, so equal values get equal pseudonyms everywhere.
   * @param algorithm name and version, so that two anonymizers of one identity draw independently, and a changed one anew.
   * @throws DynDataError POLICY_INVALID for an identity the policy does not declare, or of another kind.
   */
  prf(algorithm: string, identity: string, kind: IdentityKind): Prf;
  /** 16 bytes for what is drawn once and not per value (salts). */
  seed(purpose: string): Uint8Array;
  /** The key of that function, 16 bytes, for whoever must undo what was made with it. */
  prfKey(algorithm: string, identity: string, kind: IdentityKind): Uint8Array;
  /** The place of another column in the row. @throws DynDataError POLICY_INVALID where the table has no such column. */
  sibling(column: string): { readonly index: number; readonly maxLength: number | undefined };
  /** Who is known in all sources when rows are anonymized; asking for it has them gathered. Absent where nobody gathers them. */
  readonly known?: () => KnownIdentities;
  /** Makes another rule's anonymizer, for a value inside this one. @throws DynDataError POLICY_INVALID */
  inner(rule: Rule, target: Target): Made;
};

/** What an anonymizer says of itself; docs/policy.md and the compiler read it, and tests hold it to it. */
export type Facts = {
  /** The characters of its results; `input` where they are those of the value. */
  readonly charset: 'ascii' | 'latin1' | 'utf8' | 'input';
  /**
   * `bounded`: needs room for its longest result, or the plan is refused. `input`: never longer than its value. `form`: no longer than a value
   * of its form; what has not got it needs room for what stands for it. `cut`: cut to the column, therefore never unique. `fitted`: about as
   * long as its value, and never longer than the column. `checked`: a result without room stops the build. `replaced`: a value whose result has
   * no room becomes neutral words.
   */
  readonly length: 'bounded' | 'input' | 'form' | 'cut' | 'fitted' | 'checked' | 'replaced';
  /** NULL stays NULL with every anonymizer; `made` where NULL is also what others become. */
  readonly nulls: 'kept' | 'made';
  /** What decides the result besides the key: the value, other columns with it, everybody in the sources with it, the order of the rows, or nothing. */
  readonly decidedBy: 'value' | 'row' | 'data' | 'order' | 'nothing';
  /** Whether different values always get different results; `depends` on the parameters. */
  readonly unique: 'yes' | 'no' | 'depends';
  /**
   * Whether trying all possible values finds the real one: `no`, since the result does not depend on it; `with-key`, only for whoever has
   * the key; `partly`, since a part of the value stays and leaves fewer to try; `kept`, since nothing is hidden.
   */
  readonly enumerable: 'no' | 'with-key' | 'partly' | 'kept';
  /** One sentence each, for the person who signs the policy. */
  readonly protects: string;
  readonly leaves: string;
  /** A rule's parameters and a value for the documentation; `row` holds the other columns it reads. */
  readonly example: { readonly parameters?: unknown; readonly value: string; readonly row?: Readonly<Record<string, string>> };
};

/** One entry of the catalogue. */
export type Anonymizer = {
  readonly name: string;
  /** One sentence for people. */
  readonly summary: string;
  readonly types: readonly LiveColumn['type'][] | 'any';
  readonly facts: Facts;
  readonly parameters: z.ZodMiniType;
  /** The parameter that a bare value stands for. */
  readonly short: string | undefined;
  /** @param parameters as they stand in the policy, not yet checked. @throws DynDataError POLICY_INVALID */
  make(parameters: unknown, tools: Tools): Made;
};

/**
 * Defines an anonymizer: data and one pure function.
 * @param definition.short the parameter that a bare value stands for: `{constant: x}` is `{constant: {value: x}}`.
 */
export function defineAnonymizer<P>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly types: Anonymizer['types'];
  readonly facts: Facts;
  readonly parameters: z.ZodMiniType<P>;
  readonly short?: string;
  readonly create: (parameters: P, tools: Tools) => Made;
}): Anonymizer {
  const { name, summary, types, facts, parameters, short, create } = definition;
  return {
    name,
    summary,
    types,
    facts,
    parameters,
    short,
    make(raw, tools) {
      const bare = raw === null || typeof raw !== 'object' || Array.isArray(raw);
      const given = bare && short !== undefined ? { [short]: raw } : (raw ?? {});
      const parsed = parameters.safeParse(given);
      if (!parsed.success) refuse(`"${name}" has wrong parameters: ${issueLines(parsed.error).join('; ')}`);
      return create(parsed.data, tools);
    },
  };
}

/** Refuses a rule; the compiler adds where it stands and collects it with the others. */
export function refuse(message: string): never {
  throw new DynDataError('POLICY_INVALID', message);
}

/** An error for data that the policy, as it is, cannot anonymize. */
export function unmaskable(place: string, problem: string, remedy: string): DynDataError {
  return new DynDataError('DATA_UNMASKABLE', `${place}: ${problem}. ${remedy}`, { details: [place] });
}

/** A parameter with its sentence for the documentation. */
export function described<T extends z.ZodMiniType>(parameter: T, description: string): T {
  z.globalRegistry.add(parameter, { description });
  return parameter;
}

/** The `identity` parameter of a keyed anonymizer. */
export function identityParameter(byDefault: string) {
  return described(z._default(z.string(), byDefault), 'Equal values of one identity get equal pseudonyms, in every source.');
}
