import { canonicalJson, type JsonValue } from '../core/index.ts';
import { type Made, refuse, type Target, type Tools } from './anonymizer.ts';
import type { LiveSource } from './api.ts';
import { catalogue } from './catalogue/index.ts';
import { directoryDefaults } from './directory-defaults.ts';
import { canonicalType } from './dn.ts';
import { type Rule, readRule, type SourcePolicy } from './policy.ts';
import type { MakeRule, Problems } from './rule-maker.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

/** What happens to an attribute. `key` is equal for equal rules. */
export type Decision =
  | { readonly kind: 'drop' }
  | { readonly kind: 'dn' }
  | { readonly kind: 'made'; readonly made: Made; readonly key: string };

/** Decisions by attribute: by its whole description in lower case, else by its canonical type. */
export type Decisions = ReadonlyMap<string, Decision>;

export type DirectoryRules = {
  readonly all: Decisions;
  /** In the policy's order; object classes in lower case. */
  readonly classes: readonly { readonly objectClass: string; readonly decisions: Decisions }[];
  /** By canonical type. */
  readonly dn: ReadonlyMap<string, { readonly made: Made; readonly key: string }>;
  /** Canonical types that templates read; the place of each is its slot. */
  readonly slots: readonly string[];
};

export function decisionOf(decisions: Decisions, description: string): Decision | undefined {
  return decisions.get(description.toLowerCase()) ?? decisions.get(canonicalType(description));
}

/** Reads and makes a directory's rules; what is wrong is among the problems. */
export function compileDirectoryRules(source: LdapSource, policy: SourcePolicy, make: MakeRule, problems: Problems): DirectoryRules {
  const slots: string[] = [];
  const sibling: Tools['sibling'] = (name) => {
    const type = canonicalType(name);
    if (!slots.includes(type)) slots.push(type);
    return { index: slots.indexOf(type), maxLength: undefined };
  };

  const decide = (attribute: string, rule: Rule, place: string, unique: boolean): Decision | undefined =>
    problems.collect(place, () => {
      const { name, parameters } = readRule(rule);
      const byDefault = directoryDefaults.get(canonicalType(attribute));
      if (name === 'dn') return { kind: 'dn' };
      if (byDefault === 'dn') refuse('the values are DNs; they can only be rewritten ("dn", which needs no rule) or dropped');
      const made = make(rule, targetOf(name, place, unique), sibling);
      return { kind: 'made', made, key: canonicalJson([name, parameters as JsonValue]) };
    });

  const section = (rules: readonly (readonly [string, Rule | 'drop'])[], place: string, into: Map<string, Decision>): Decisions => {
    const seen = new Set<string>();
    for (const [attribute, rule] of rules) {
      const lookup = attribute.includes(';') ? attribute.toLowerCase() : canonicalType(attribute);
      if (seen.has(lookup)) problems.invalid.push(`${place} ${attribute}: is decided twice`);
      seen.add(lookup);
      const decision = rule === 'drop' ? ({ kind: 'drop' } as const) : decide(attribute, rule, `${place} ${attribute}`, false);
      if (decision) into.set(lookup, decision);
    }
    return into;
  };

  const defaults = new Map<string, Decision>();
  for (const [type, decision] of directoryDefaults) {
    defaults.set(type, decision === 'keep' ? keptDecision(make, sibling) : { kind: decision });
  }
  const all = section(
    [
      ...(policy.keep ?? []).map((attribute) => [attribute, 'keep'] as const),
      ...(policy.drop ?? []).map((attribute) => [attribute, 'drop'] as const),
      ...Object.entries(policy.attributes ?? {}),
    ],
    `${source.name} attribute`,
    defaults,
  );
  const classes = Object.entries(policy.classes ?? {}).map(([objectClass, rules]) => ({
    objectClass: objectClass.toLowerCase(),
    decisions: section(Object.entries(rules), `${source.name} class ${objectClass} attribute`, new Map()),
  }));
  checkReads([all, ...classes.map(({ decisions }) => decisions)], slots, source, problems);

  const dn = new Map<string, { made: Made; key: string }>();
  for (const [type, rule] of Object.entries(policy.dn ?? {})) {
    const place = `${source.name} dn ${type}`;
    const decision = decide(type, rule, place, true);
    if (decision?.kind !== 'made') continue;
    const canonical = canonicalType(type);
    if (dn.has(canonical)) problems.invalid.push(`${place}: is decided twice`);
    dn.set(canonical, decision);
    problems.collect(place, () => checkDnRule(canonical, decision, [all, ...classes.map(({ decisions }) => decisions)]));
  }
  return { all, classes, dn, slots };
}

function keptDecision(make: MakeRule, sibling: Tools['sibling']): Decision {
  return { kind: 'made', made: make('keep', targetOf('keep', '', false), sibling), key: canonicalJson(['keep', {}]) };
}

/** LDAP tells no types before the values are read, so an attribute is taken for what its anonymizer is for. */
function targetOf(anonymizerName: string, place: string, unique: boolean): Target {
  const types = catalogue.find(({ name }) => name === anonymizerName)?.types ?? 'any';
  const type = types === 'any' || types.includes('text') || !types.includes('binary') ? 'text' : 'binary';
  return { type, sqlType: 'an LDAP attribute', nullable: !unique, unique, place, sourceKind: 'ldap' };
}

/** RDN and attribute must stay equal, so they have one rule; and siblings must stay different. */
function checkDnRule(type: string, { made, key }: { made: Made; key: string }, decisions: readonly Decisions[]): void {
  if (made.stage !== undefined) refuse('a rule that reads other attributes cannot stand in a DN');
  const own = decisions.flatMap((rules) => rules.get(type) ?? []);
  if (own.length > 0 && !own.some((decision) => decision.kind === 'made' && decision.key === key)) {
    refuse(`the attribute ${type} has another rule, so an entry would not hold the value its DN names; write both alike`);
  }
}

function checkReads(sections: readonly Decisions[], slots: readonly string[], source: LdapSource, problems: Problems): void {
  for (const slot of slots) {
    const decisions = sections.flatMap((section) => section.get(slot) ?? []);
    if (decisions.length === 0) problems.invalid.push(`${source.name} attribute ${slot}: a template reads it, and no rule decides it`);
    if (decisions.some((decision) => decision.kind === 'made' && decision.made.stage !== undefined)) {
      problems.invalid.push(`${source.name} attribute ${slot}: a template reads it, and it is itself made of other attributes`);
    }
  }
}
