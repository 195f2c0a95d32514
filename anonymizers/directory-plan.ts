import { isUtf8 } from 'node:buffer';
import { unmaskable } from './anonymizer.ts';
import type { DirectoryEntry, DirectoryPlan, LiveSource, Value } from './api.ts';
import { type Decision, type DirectoryRules, decisionOf } from './directory-rules.ts';
import { canonicalType, depthBelow, parseDn, type Rdn, sameDn } from './dn.ts';
import { createDnMapping, type MapDn } from './dn-mapping.ts';
import type { LeakFacts } from './watch.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

/** A name and optional UID (RFC 4517) ends with `#` and bits. */
const nameAndBits = /^(.*)(#'[01]*'B)$/s;

export function createDirectoryPlan(source: LdapSource, bases: readonly (readonly Rdn[])[], rules: DirectoryRules): DirectoryPlan {
  const mapDn = createDnMapping(source.name, bases, new Map([...rules.dn].map(([type, { made }]) => [type, made])), rules.services.dns);
  const decide = createDecide(source, rules);
  return {
    ...(rules.where === undefined ? {} : { where: rules.where }),
    mapDn: (dn) => mapDn(dn, `${source.name} dn`),
    leaks: createDirectoryLeaks(source, rules, decide),
    transform(entry) {
      const decisions = decide(entry);
      const rdn = readOwnRdn(entry.dn, bases, source, rules.services.dns);
      const real = realValues(entry, rules.slots);
      const attributes = new Map<string, readonly Uint8Array[]>();
      const row: Value[] = rules.slots.map(() => null);
      const late: (readonly [description: string, values: readonly Uint8Array[]])[] = [];
      for (const [description, values] of entry.attributes) {
        const decision = decisions(description);
        const type = canonicalType(description);
        const place = `${source.name} attribute ${description}`;
        if (rdn.below && rdn.values.has(type)) checkRdn(type, decision, rules, place);
        if (decision.kind === 'drop') continue;
        // The place in the entry's order is taken now, also for what is made later.
        attributes.set(description, []);
        if (decision.kind === 'made' && decision.made.stage === 'after') {
          late.push([description, values]);
          continue;
        }
        const kept = rdn.below ? undefined : rdn.values.get(type);
        const result = distinct(
          values.flatMap((value) => (kept && sameValue(kept, value) ? [value] : apply(decision, value, real, mapDn, place))),
        );
        attributes.set(description, result);
        const slot = rules.slots.indexOf(type);
        if (slot >= 0) row[slot] ??= result[0] ?? null;
      }
      for (const [description, values] of late) {
        const decision = decisions(description);
        attributes.set(
          description,
          distinct(values.flatMap((value) => apply(decision, value, row, mapDn, `${source.name} attribute ${description}`))),
        );
      }
      for (const [description, values] of attributes) if (values.length === 0) attributes.delete(description);
      return { dn: mapDn(entry.dn, `${source.name} dn`), attributes };
    },
  };
}

/** The rule for an attribute can differ between entries, so whether it is watched is asked of each. */
function createDirectoryLeaks(source: LdapSource, rules: DirectoryRules, decide: Decide): DirectoryPlan['leaks'] {
  const sections = [...rules.special.map(({ decisions }) => decisions), rules.all];
  const factsOf = (description: string): LeakFacts[] =>
    sections.flatMap((section) => {
      const decision = decisionOf(section, description);
      return decision?.kind === 'made' ? (decision.made.leaks ?? []) : [];
    });
  const isWatched = (description: string): boolean => factsOf(description).some(({ observe }) => observe !== undefined);
  return {
    attributes: source.attributes.some(isWatched)
      ? source.attributes.filter((description) => isWatched(description) || rules.deciding.has(canonicalType(description)))
      : [],
    observe(entry, watch) {
      const decisions = decide(entry);
      for (const [description, values] of entry.attributes) {
        const decision = decisions(description);
        const observe = decision.kind === 'made' ? decision.made.leaks?.observe : undefined;
        if (observe) for (const value of values) observe(value, watch);
      }
    },
    produces: (description, rule) => factsOf(description).some(({ produces }) => produces.has(rule)),
  };
}

type Decide = (entry: DirectoryEntry) => (description: string) => Decision;

function createDecide(source: LdapSource, rules: DirectoryRules): Decide {
  return (entry) => {
    const special = rules.special.filter(({ matches }) => matches(entry));
    const isService = rules.services.matches(entry);
    return (description) => {
      if (isService && canonicalType(description) === 'userpassword') return kept;
      for (const { decisions } of special) {
        const decision = decisionOf(decisions, description);
        if (decision) return decision;
      }
      const decision = decisionOf(rules.all, description);
      if (decision) return decision;
      throw unmaskable(`${source.name} attribute ${description}`, 'no rule of the policy decides it', 'Add it to the policy.');
    };
  };
}

const kept: Decision = {
  kind: 'made',
  name: 'keep',
  key: '',
  made: { apply: (value) => value, unique: true, longest: 'input', keeps: true },
};

/** The first real value of each attribute that another one's rule reads. */
function realValues(entry: DirectoryEntry, slots: readonly string[]): readonly Value[] {
  const row: Value[] = slots.map(() => null);
  if (slots.length === 0) return row;
  for (const [description, values] of entry.attributes) {
    const slot = slots.indexOf(canonicalType(description));
    if (slot >= 0) row[slot] ??= values[0] ?? null;
  }
  return row;
}

type OwnRdn = { readonly below: boolean; readonly values: Map<string, Uint8Array> };

/** The values of the entry's own RDN by canonical type, and whether it is rewritten: it is below a base, and no service's. */
function readOwnRdn(dn: string, bases: readonly (readonly Rdn[])[], source: LdapSource, services: readonly (readonly Rdn[])[]): OwnRdn {
  const parsed = parseDn(dn);
  if (!parsed) throw unmaskable(`${source.name} dn`, 'the DN of an entry cannot be read', 'Correct the entry at the source.');
  const own = parsed[0] ?? [];
  return {
    below: depthBelow(parsed, bases) !== 0 && !services.some((service) => sameDn(service, parsed)),
    values: new Map(own.map(({ type, value }) => [canonicalType(type), value])),
  };
}

function checkRdn(type: string, decision: Decision, rules: DirectoryRules, place: string): void {
  if (decision.kind === 'made' && decision.key === rules.dn.get(type)?.key) return;
  throw unmaskable(
    place,
    'it names an entry in its DN, and the rule for it there is another one',
    `Give "${type}" the same rule under "dn" and under "attributes" (or the entry's object class under "classes").`,
  );
}

function apply(decision: Decision, value: Uint8Array, row: readonly Value[], mapDn: MapDn, place: string): readonly Uint8Array[] {
  if (decision.kind === 'made') {
    const result = decision.made.apply(value, row);
    return result === null ? [] : [result];
  }
  if (decision.kind === 'drop') return [];
  if (!isUtf8(value)) throw unmaskable(place, 'a value that is no DN', 'Correct the entry at the source, or drop the attribute.');
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  const [, name = text, bits = ''] = nameAndBits.exec(text) ?? [];
  return [new TextEncoder().encode(mapDn(name, place) + bits)];
}

function sameValue(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0 || fold(a) === fold(b);
}

function fold(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8').toLowerCase();
}

/** An attribute is a set: two values that became equal are one. */
function distinct(values: readonly Uint8Array[]): readonly Uint8Array[] {
  if (values.length < 2) return values;
  const seen = new Set<string>();
  return values.filter((value) => {
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
