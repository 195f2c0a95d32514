import { DynDataError } from '../core/index.ts';
import { type IdentityKind, type Made, refuse, type Target, type Tools } from './anonymizer.ts';
import { catalogue } from './catalogue/index.ts';
import { checkCharset, lettersOf } from './charset.ts';
import { makeConditional } from './conditional.ts';
import { builtInIdentities } from './identities.ts';
import type { Key } from './key.ts';
import { phoneCountries } from './phone-countries.ts';
import { type Policy, type Rule, readRule } from './policy.ts';
import type { IdentityRules } from './prose/identity-rules.ts';
import { createSipHash, type Prf } from './siphash.ts';
import { createLeakHooks, type LeakHooks, takeSensitive } from './watch.ts';

/** Makes the anonymizer of a rule for a target. @throws DynDataError POLICY_INVALID saying why the rule cannot stand there. */
export type MakeRule = (rule: Rule, target: Target, sibling: Tools['sibling']) => Made;

/** Problems of a policy, collected so that all are named at once. */
export type Problems = {
  readonly invalid: string[];
  /** Runs `work`; a POLICY_INVALID it throws is collected with its place, and undefined is given. */
  collect<T>(place: string, work: () => T): T | undefined;
};

export function createProblems(): Problems {
  const invalid: string[] = [];
  return {
    invalid,
    collect(place, work) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof DynDataError) || error.code !== 'POLICY_INVALID') throw error;
        invalid.push(`${place}: ${error.message}`);
        return undefined;
      }
    },
  };
}

/**
 * @param identityRules absent where nobody gathers the people of all sources: `scrub` then finds only what has a form
 * @throws DynDataError POLICY_INVALID for a country that is not known.
 */
export function createRuleMaker(policy: Policy, key: Key, hooks: LeakHooks = createLeakHooks(), identityRules?: IdentityRules): MakeRule {
  const anonymizers = new Map(catalogue.map((anonymizer) => [anonymizer.name, anonymizer]));
  const identities = new Map<string, IdentityKind>([...Object.entries(builtInIdentities), ...Object.entries(policy.identities)]);
  const country = phoneCountries.find(({ iso }) => iso === policy.country.toUpperCase());
  if (!country) return refuse(`country: one of ${phoneCountries.map(({ iso }) => iso).join(' ')} expected`);

  // One of each, so that anonymizers of one identity can tell that theirs is the same.
  const prfs = new Map<string, Prf>();
  const purposeOf = (algorithm: string, identity: string, kind: IdentityKind): string => {
    const declared = identities.get(identity);
    if (declared === undefined) refuse(`the identity "${identity}" is not declared; add "${identity}: ${kind}" to the policy's identities`);
    if (declared !== kind) refuse(`the identity "${identity}" is of the kind ${declared}, and this anonymizer takes ${kind}`);
    return `prf/${algorithm}/${identity}`;
  };
  const prf: Tools['prf'] = (...of) => {
    const purpose = purposeOf(...of);
    const made = prfs.get(purpose) ?? createSipHash(key.subKey(purpose));
    prfs.set(purpose, made);
    return made;
  };

  const make = (rule: Rule, target: Target, sibling: Tools['sibling']): Made => {
    const { name, parameters: written } = readRule(rule);
    const { sensitive, parameters } = takeSensitive(written);
    const inside: Made[] = [];
    const inner: Tools['inner'] = (innerRule, innerTarget) => {
      const innerMade = make(innerRule, innerTarget, sibling);
      inside.push(innerMade);
      return hooks.inner(innerMade);
    };
    if (name === 'when') {
      const conditional = makeConditional(parameters, target, sibling, inner);
      const made: Made = {
        ...conditional,
        inOrder: inside.some(({ inOrder }) => inOrder === true),
        leaks: hooks.facts(name, sensitive, conditional, inside),
      };
      if (target.unique && !made.unique) refuse('"when" can give two values the same result, and this is unique');
      return made;
    }
    const anonymizer = anonymizers.get(name);
    if (!anonymizer) return refuse(`there is no anonymizer "${name}"; there are ${[...anonymizers.keys()].join(', ')}`);
    if (anonymizer.types !== 'any' && !anonymizer.types.includes(target.type)) {
      refuse(`"${name}" is for ${anonymizer.types.join(' and ')} values, and this is ${target.sqlType}`);
    }
    checkCharset(name, anonymizer.facts.charset, parameters, target);
    let isKeyed = false;
    const plain = anonymizer.make(parameters, {
      target,
      country,
      developmentPassword: policy.development_password,
      prf: (algorithm, identity, kind) => {
        isKeyed = true;
        return prf(algorithm, identity, kind);
      },
      prfKey: (...of) => key.subKey(purposeOf(...of)),
      seed: (purpose) => key.subKey(`seed/${purpose}`),
      sibling,
      ...(identityRules ? { known: identityRules.known } : {}),
      inner,
    });
    const identify = plain.identify ?? identityRules?.identifies(name, plain.apply);
    // What is keyed by the value alone shows which rows are alike.
    const made: Made = {
      ...plain,
      ...(identify ? { identify } : {}),
      deterministic: plain.deterministic ?? (isKeyed && plain.stage === undefined),
      inOrder: anonymizer.facts.decidedBy === 'order' || inside.some(({ inOrder }) => inOrder === true),
      letters: lettersOf(name, anonymizer.facts.charset, parameters, target),
      leaks: hooks.facts(name, sensitive, plain, inside),
    };
    if (target.unique && !made.unique) {
      refuse(`"${name}" can give two values the same result, and this is unique; take email, login, phone, token, hash or company-name`);
    }
    if (target.maxLength !== undefined && made.longest !== 'input' && made.longest > target.maxLength) {
      refuse(`"${name}" needs room for ${made.longest}, and there is room for ${target.maxLength}`);
    }
    return made;
  };
  return make;
}
