import { canonicalJson, type JsonValue } from '../core/index.ts';
import { type Made, refuse, type Target, type Tools } from './anonymizer.ts';
import type { LiveSource } from './api.ts';
import { catalogue } from './catalogue/index.ts';
import { directoryDefaults } from './directory-defaults.ts';
import type { NamedEntries } from './directory-reference.ts';
import { canonicalType, parseDn, type Rdn, sameDn } from './dn.ts';
import { type EntryFilter, type MatchesEntry, parseLdapFilter } from './ldap-filter.ts';
import { type Rule, readRule, type SourcePolicy } from './policy.ts';
import type { MakeRule, Problems } from './rule-maker.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

/** What happens to an attribute. `key` is equal for equal rules. */
export type Decision =
  | { readonly kind: 'drop' }
  | { readonly kind: 'dn' }
  | { readonly kind: 'made'; readonly made: Made; readonly name: string; readonly key: string };

/** Decisions by attribute: by its whole description in lower case, else by its canonical type. */
export type Decisions = ReadonlyMap<string, Decision>;

export type DirectoryRules = {
  readonly all: Decisions;
  /** For entries that are alike in something, in the order in which they are asked: filters before classes. */
  readonly special: readonly (EntryFilter & { readonly decisions: Decisions })[];
  /** Entries of services: their password stays, and where they are named by DN, so does the name. */
  readonly services: { readonly isAny: boolean; readonly matches: MatchesEntry; readonly dns: readonly (readonly Rdn[])[] };
  /** That `up --empty` carries beside the directory's units. */
  readonly reference: NamedEntries;
  /** Canonical types of the attributes by which it is told which rules are an entry's. */
  readonly deciding: ReadonlySet<string>;
  readonly where: string | undefined;
  /** By canonical type. */
  readonly dn: ReadonlyMap<string, { readonly made: Made; readonly key: string }>;
  /** Canonical types that other attributes' rules read; the place of each is its slot. */
  readonly slots: readonly string[];
};

export function decisionOf(decisions: Decisions, description: string): Decision | undefined {
  return decisions.get(description.toLowerCase()) ?? decisions.get(canonicalType(description));
}

/**
 * Reads and makes a directory's rules; what is wrong is among the problems.
 * @param resolve gives the rule that a `same_as` stands for. @throws DynDataError POLICY_INVALID
 */
export function compileDirectoryRules(
  source: LdapSource,
  policy: SourcePolicy,
  make: MakeRule,
  problems: Problems,
  resolve: (rule: Rule) => Rule,
): DirectoryRules {
  const levels: readonly SourcePolicy[] = [policy, ...(policy.included ?? [])];
  const byDefaultOf = directoryDefaults(source);
  const slots: string[] = [];
  const sibling: Tools['sibling'] = (name) => {
    const type = canonicalType(name);
    if (!slots.includes(type)) slots.push(type);
    return { index: slots.indexOf(type), maxLength: undefined };
  };

  const decide = (attribute: string, written: Rule, place: string, unique: boolean): Decision | undefined =>
    problems.collect(place, () => {
      const rule = resolve(written);
      const { name, parameters } = readRule(rule);
      const byDefault = byDefaultOf.get(canonicalType(attribute));
      if (name === 'dn') return { kind: 'dn' };
      if (byDefault === 'dn') refuse('the values are DNs; they can only be rewritten ("dn", which needs no rule) or dropped');
      const made = make(rule, targetOf(name, place, unique), sibling);
      return { kind: 'made', made, name, key: canonicalJson([name, parameters as JsonValue]) };
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
  for (const [type, decision] of byDefaultOf) {
    defaults.set(type, decision === 'keep' ? keptDecision(make, sibling) : { kind: decision });
  }
  const all = new Map<string, Decision>(defaults);
  // What decides first is written last.
  for (const level of levels.toReversed()) {
    section(
      [
        ...(level.keep ?? []).map((attribute) => [attribute, 'keep'] as const),
        ...(level.drop ?? []).map((attribute) => [attribute, 'drop'] as const),
        ...Object.entries(level.attributes ?? {}),
      ],
      `${source.name} attribute`,
      all,
    );
  }
  const special = [
    ...levels.flatMap(({ filters = {} }) =>
      Object.entries(filters).flatMap(([filter, rules]) => {
        const parsed = parseLdapFilter(filter);
        if (!parsed) problems.invalid.push(`${source.name} filter ${filter}: is no search filter, such as (objectClass=person)`);
        return parsed
          ? { ...parsed, decisions: section(Object.entries(rules), `${source.name} filter ${filter} attribute`, new Map()) }
          : [];
      }),
    ),
    ...levels.flatMap(({ classes = {} }) =>
      Object.entries(classes).map(([objectClass, rules]) => ({
        matches: hasClass(objectClass),
        reads: new Set(['objectclass']),
        decisions: section(Object.entries(rules), `${source.name} class ${objectClass} attribute`, new Map()),
      })),
    ),
  ];
  const sections = [all, ...special.map(({ decisions }) => decisions)];
  checkReads(sections, slots, source, problems);

  const dn = new Map<string, { made: Made; key: string }>();
  for (const level of levels) {
    const own = new Set<string>();
    for (const [type, rule] of Object.entries(level.dn ?? {})) {
      const place = `${source.name} dn ${type}`;
      const decision = decide(type, rule, place, true);
      if (decision?.kind !== 'made') continue;
      const canonical = canonicalType(type);
      if (own.has(canonical)) problems.invalid.push(`${place}: is decided twice`);
      own.add(canonical);
      if (dn.has(canonical)) continue;
      dn.set(canonical, decision);
      problems.collect(place, () => checkDnRule(canonical, decision, sections));
    }
  }
  if (policy.where !== undefined && !policy.where.startsWith('(')) {
    problems.invalid.push(`${source.name} where: a search filter in parentheses expected`);
  }
  const kept = readEntries(source, 'keep_entries', policy.keep_entries ?? [], problems);
  const listed = readEntries(source, 'reference', policy.reference ?? [], problems);
  const reference = { dns: [...kept.dns, ...listed.dns], filters: [...kept.filters, ...listed.filters] };
  const services = servicesOf(kept);
  const deciding = new Set([...special, services].flatMap(({ reads }) => [...reads]));
  return { all, special, dn, slots, services, reference, deciding, where: policy.where };
}

function hasClass(objectClass: string): MatchesEntry {
  const wanted = Buffer.from(objectClass.toLowerCase());
  return ({ attributes }) => {
    for (const [description, values] of attributes) {
      if (canonicalType(description) !== 'objectclass') continue;
      for (const value of values) if (isNamed(value, wanted)) return true;
    }
    return false;
  };
}

/** Equality of names, which are ASCII, whatever the case of the first. */
function isNamed(name: Uint8Array, lowerCase: Uint8Array): boolean {
  if (name.length !== lowerCase.length) return false;
  for (let at = 0; at < name.length; at++) {
    const byte = name[at] as number;
    if ((byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte) !== lowerCase[at]) return false;
  }
  return true;
}

/** Entries by DN or search filter. */
function readEntries(source: LdapSource, section: string, entries: readonly string[], problems: Problems): NamedEntries {
  const filters: EntryFilter[] = [];
  const dns: (readonly Rdn[])[] = [];
  for (const entry of entries) {
    const place = `${source.name} ${section} ${entry}`;
    if (entry.startsWith('(')) {
      const filter = parseLdapFilter(entry);
      if (filter) filters.push(filter);
      else problems.invalid.push(`${place}: is no search filter, such as (ou=services)`);
      continue;
    }
    const dn = parseDn(entry);
    if (dn && dn.length > 0) dns.push(dn);
    else problems.invalid.push(`${place}: is neither a DN nor a search filter`);
  }
  return { dns, filters };
}

function servicesOf({ dns, filters }: NamedEntries): DirectoryRules['services'] & Pick<EntryFilter, 'reads'> {
  const matches: MatchesEntry = (entry) => {
    if (filters.some((filter) => filter.matches(entry))) return true;
    const own = dns.length === 0 ? undefined : parseDn(entry.dn);
    return own !== undefined && dns.some((dn) => sameDn(dn, own));
  };
  return { isAny: filters.length + dns.length > 0, matches, dns, reads: new Set(filters.flatMap(({ reads }) => [...reads])) };
}

function keptDecision(make: MakeRule, sibling: Tools['sibling']): Decision {
  return { kind: 'made', made: make('keep', targetOf('keep', '', false), sibling), name: 'keep', key: canonicalJson(['keep', {}]) };
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
    const made = decisions.flatMap((decision) => (decision.kind === 'made' ? decision.made : []));
    const readers = sections.flatMap((section) =>
      [...section.values()].flatMap((decision) => (decision.kind === 'made' ? decision.made : [])),
    );
    const isRead = (by: (one: Made) => readonly string[] | undefined): boolean =>
      readers.some((one) => one.stage === 'after' && by(one)?.some((name) => canonicalType(name) === slot));
    if (made.some(({ stage }) => stage === 'after') && isRead(({ reads }) => reads)) {
      problems.invalid.push(`${source.name} attribute ${slot}: a template reads it, and it is itself made of other attributes`);
    }
    if (isRead(({ readsReal }) => readsReal) && !made.every(({ keeps }) => keeps === true)) {
      problems.invalid.push(`${source.name} attribute ${slot}: "when" needs its real value after it is replaced; keep it`);
    }
  }
}
