import { DynDataError } from '../core/index.ts';
import type { LiveSource } from './api.ts';
import { canonicalType, parseDn, splitLeaf } from './dn.ts';
import type { Rule, SourcePolicy } from './policy.ts';
import type { MakeRule } from './rule-maker.ts';
import { suggestRule } from './suggestions.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

/** Gathers what entries are named by, out of their DNs. */
export function createNamingTypes(): { add(dn: string): void; types(): string[] } {
  const found = new Set<string>();
  // Nearly all entries are named by one of few types, which need not be read again.
  const known = new Set<string>();
  return {
    add(dn) {
      const [leaf = dn] = splitLeaf(dn) ?? [];
      const start = leaf.slice(0, leaf.indexOf('='));
      if (known.has(start) && !leaf.includes('+')) return;
      known.add(start);
      // What is above an entry below a base is an entry itself.
      const [rdn = []] = parseDn(leaf) ?? [];
      for (const { type } of rdn) found.add(canonicalType(type));
    },
    types: () => [...found].sort(),
  };
}

/**
 * Canonical types that name entries, and that no rule under `dn` decides. Those of the entries in `keep_entries` are left out: where no
 * other entry is named by it, no rule is needed.
 */
export function undecidedNames(source: LdapSource, policy: SourcePolicy): string[] {
  const decided = new Set([policy, ...(policy.included ?? [])].flatMap(({ dn = {} }) => Object.keys(dn).map(canonicalType)));
  const kept = new Set((policy.keep_entries ?? []).flatMap((entry) => (parseDn(entry)?.[0] ?? []).map(({ type }) => canonicalType(type))));
  return (source.namingTypes ?? []).filter((type) => !decided.has(type) && !kept.has(type));
}

/** What all entries have for an attribute, in the policy itself before what it includes. @param resolve see compileDirectoryRules */
export function writtenRule(policy: SourcePolicy, type: string, resolve: (rule: Rule) => Rule): Rule | undefined {
  for (const { keep = [], attributes = {} } of [policy, ...(policy.included ?? [])]) {
    const found = Object.entries(attributes).find(([attribute]) => canonicalType(attribute) === type);
    if (found) return resolve(found[1]);
    if (keep.some((attribute) => canonicalType(attribute) === type)) return 'keep';
  }
  return undefined;
}

/** As the value of a name in a DN: siblings stay different, and nothing beside it is read. */
function nameTarget(place: string): Parameters<MakeRule>[1] {
  return { type: 'text', sqlType: 'an LDAP attribute', nullable: false, unique: true, place, sourceKind: 'ldap' };
}

/** Whether a rule can stand in DNs. */
export function canName(rule: Rule, make: MakeRule): boolean {
  if (rule === 'dn' || rule === null) return false;
  try {
    return make(rule, nameTarget(''), () => ({ index: 0, maxLength: undefined })).stage === undefined;
  } catch (error) {
    if (error instanceof DynDataError) return false;
    throw error;
  }
}

/** Types that name units and places of the tree, which are mostly nobody. */
const treeTypes: ReadonlySet<string> = new Set(['ou', 'dc', 'c', 'l', 'st']);

/** The rule for an attribute type that names entries, and for the attribute itself. */
export function suggestNameRule(type: string, make: MakeRule): { readonly rule: Rule; readonly look?: string } {
  if (treeTypes.has(type)) return { rule: 'keep', look: 'this keeps what entries are named; is one named after a person?' };
  const suggested = suggestRule(type, nameTarget(`dn ${type}`), make);
  return 'rule' in suggested ? suggested : { rule: { token: { form: 'uuid' } } };
}
