import { isUtf8 } from 'node:buffer';
import { unmaskable } from './anonymizer.ts';
import type { DirectoryEntry, DirectoryPlan, LiveSource, Value } from './api.ts';
import { createDecisions, createDescriptions, type DecisionsOf, type Describe, type Described } from './directory-decisions.ts';
import { createNameCheck } from './directory-name-check.ts';
import { createReferenceEntries } from './directory-reference.ts';
import { type Decision, type DirectoryRules, decisionOf } from './directory-rules.ts';
import { canonicalType, type Rdn } from './dn.ts';
import { createDnMapping, type MapDn } from './dn-mapping.ts';
import { allMetPaths } from './json-paths.ts';
import type { LeakFacts } from './watch.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

/** A name and optional UID (RFC 4517) ends with `#` and bits. */
const nameAndBits = /^(.*)(#'[01]*'B)$/s;

export function createDirectoryPlan(source: LdapSource, bases: readonly (readonly Rdn[])[], rules: DirectoryRules): DirectoryPlan {
  const dns = createDnMapping(source.name, bases, new Map([...rules.dn].map(([type, { made }]) => [type, made])), rules.services.dns);
  const describe = createDescriptions(source.name, rules.slots);
  const decisionsOf = createDecisions(rules);
  // Filled anew for each entry.
  const real: Value[] = rules.slots.map(() => null);
  const row: Value[] = rules.slots.map(() => null);
  const dnPlace = `${source.name} dn`;
  const identities = createDirectoryIdentities(source, rules, describe, decisionsOf);
  const names = createNameCheck(source, rules, dns, describe, decisionsOf);
  const documents = source.attributes.flatMap((attribute) => {
    const decisions = [rules.all, ...rules.special.map((one) => one.decisions)].map((section) => decisionOf(section, attribute));
    const paths = decisions.flatMap((decision) => (decision?.kind === 'made' ? (decision.made.metPaths ?? []) : []));
    return paths.length === 0 ? [] : [{ column: attribute, metPaths: () => allMetPaths(paths) }];
  });
  return {
    ...(rules.where === undefined ? {} : { where: rules.where }),
    mapDn: (dn) => dns.map(dn, dnPlace),
    isReference: createReferenceEntries(bases, rules.reference),
    leaks: createDirectoryLeaks(source, rules, describe, decisionsOf),
    ...(identities ? { identities } : {}),
    ...(names ? { names } : {}),
    ...(documents.length > 0 ? { documents } : {}),
    transform(entry) {
      const decide = decisionsOf(entry);
      const own = dns.own(entry.dn);
      if (!own) throw unmaskable(dnPlace, 'the DN of an entry cannot be read', 'Correct the entry at the source.');
      if (real.length > 0) {
        row.fill(null);
        fillSlots(real, entry, describe);
      }
      const attributes = new Map<string, readonly Uint8Array[]>();
      let late: (readonly [attribute: Described, decision: Decision, values: readonly Uint8Array[]])[] | undefined;
      let someEmpty = false;
      for (const [description, values] of entry.attributes) {
        const attribute = describe(description);
        const decision = decide(attribute);
        const inRdn = own.rdn.findLast(({ type }) => canonicalType(type) === attribute.type)?.value;
        if (own.isRewritten && inRdn !== undefined) checkRdn(attribute.type, decision, rules, attribute.place);
        if (decision.kind === 'drop') continue;
        if (decision.kind === 'made' && decision.made.stage === 'after') {
          // The place in the entry's order is taken now.
          attributes.set(description, none);
          late ??= [];
          late.push([attribute, decision, values]);
          continue;
        }
        const result = applyAll(decision, values, own.isRewritten ? undefined : inRdn, real, dns.map, attribute.place);
        attributes.set(description, result);
        someEmpty ||= result.length === 0;
        if (attribute.slot >= 0) row[attribute.slot] ??= result[0] ?? null;
      }
      for (const [attribute, decision, values] of late ?? []) {
        const result = applyAll(decision, values, undefined, row, dns.map, attribute.place);
        attributes.set(attribute.description, result);
        someEmpty ||= result.length === 0;
      }
      if (someEmpty) for (const [description, values] of attributes) if (values.length === 0) attributes.delete(description);
      return { dn: dns.map(entry.dn, dnPlace), attributes };
    },
  };
}

const none: readonly Uint8Array[] = [];

/** The first value of each attribute that other attributes' rules read. */
function fillSlots(slots: Value[], entry: DirectoryEntry, describe: Describe): void {
  slots.fill(null);
  for (const [description, values] of entry.attributes) {
    const { slot } = describe(description);
    if (slot >= 0) slots[slot] ??= values[0] ?? null;
  }
}

/** Whom an entry names: what its rules say of it, as with the leak scan. */
function createDirectoryIdentities(
  source: LdapSource,
  rules: DirectoryRules,
  describe: Describe,
  decisionsOf: DecisionsOf,
): DirectoryPlan['identities'] {
  const sections = [...rules.special.map(({ decisions }) => decisions), rules.all];
  const named = new Set(
    source.attributes.filter((description) =>
      sections.some((section) => {
        const decision = decisionOf(section, description);
        return decision?.kind === 'made' && decision.made.identify !== undefined;
      }),
    ),
  );
  const isRead = (description: string): boolean => {
    const type = canonicalType(description);
    return rules.slots.includes(type) || rules.deciding.has(type);
  };
  if (named.size === 0) return undefined;
  const real: Value[] = rules.slots.map(() => null);
  return {
    attributes: source.attributes.filter((description) => named.has(description) || isRead(description)),
    observe(entry, known) {
      const decide = decisionsOf(entry);
      fillSlots(real, entry, describe);
      for (const [description, values] of entry.attributes) {
        // Read only since it tells which rules are the entry's.
        if (!named.has(description)) continue;
        const decision = decide(describe(description));
        const identify = decision.kind === 'made' ? decision.made.identify : undefined;
        if (identify) for (const value of values) identify(value, real, known.sink);
      }
      known.endRow();
    },
  };
}

/** The rule for an attribute can differ between entries, so whether it is watched is asked of each. */
function createDirectoryLeaks(
  source: LdapSource,
  rules: DirectoryRules,
  describe: Describe,
  decisionsOf: DecisionsOf,
): DirectoryPlan['leaks'] {
  const sections = [...rules.special.map(({ decisions }) => decisions), rules.all];
  const factsOf = (description: string): LeakFacts[] =>
    sections.flatMap((section) => {
      const decision = decisionOf(section, description);
      return decision?.kind === 'made' ? (decision.made.leaks ?? []) : [];
    });
  const isWatched = (description: string): boolean => factsOf(description).some(({ observe }) => observe !== undefined);
  const watched = source.attributes.filter(isWatched);
  const readsOthers = watched.some((description) => factsOf(description).some(({ reads }) => reads.length > 0));
  const isRead = (description: string): boolean => {
    const type = canonicalType(description);
    return rules.deciding.has(type) || (readsOthers && rules.slots.includes(type));
  };
  const real: Value[] = rules.slots.map(() => null);
  return {
    attributes: watched.length === 0 ? [] : source.attributes.filter((description) => isWatched(description) || isRead(description)),
    observe(entry, watch) {
      const decide = decisionsOf(entry);
      if (readsOthers) fillSlots(real, entry, describe);
      for (const [description, values] of entry.attributes) {
        const decision = decide(describe(description));
        const observe = decision.kind === 'made' ? decision.made.leaks?.observe : undefined;
        if (observe) for (const value of values) observe(value, watch, real);
      }
    },
    factsOf,
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

/** The values that become of an attribute's. @param stays a value that names the entry where its name stays */
function applyAll(
  decision: Decision,
  values: readonly Uint8Array[],
  stays: Uint8Array | undefined,
  row: readonly Value[],
  mapDn: MapDn,
  place: string,
): readonly Uint8Array[] {
  if (decision.kind === 'made' && decision.made.keeps) return distinct(values);
  const results: Uint8Array[] = [];
  for (const value of values) {
    const result = stays !== undefined && sameValue(stays, value) ? value : apply(decision, value, row, mapDn, place);
    if (result !== null) results.push(result);
  }
  return distinct(results);
}

function apply(decision: Decision, value: Uint8Array, row: readonly Value[], mapDn: MapDn, place: string): Value {
  if (decision.kind === 'made') return decision.made.apply(value, row);
  if (decision.kind === 'drop') return null;
  if (!isUtf8(value)) throw unmaskable(place, 'a value that is no DN', 'Correct the entry at the source, or drop the attribute.');
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  if (!text.endsWith("'B")) return Buffer.from(mapDn(text, place));
  const [, name = text, bits = ''] = nameAndBits.exec(text) ?? [];
  return Buffer.from(mapDn(name, place) + bits);
}

function sameValue(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0 || fold(a) === fold(b);
}

function fold(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8').toLowerCase();
}

/** So many values are compared with each other; more are looked up. */
const fewValues = 8;

/** An attribute is a set: two values that became equal are one. */
function distinct(values: readonly Uint8Array[]): readonly Uint8Array[] {
  if (values.length < 2) return values;
  if (values.length <= fewValues) {
    const isNew = (value: Uint8Array, index: number): boolean => {
      for (let at = 0; at < index; at++) {
        const other = values[at] as Uint8Array;
        if (other.length === value.length && Buffer.compare(other, value) === 0) return false;
      }
      return true;
    };
    return values.every(isNew) ? values : values.filter(isNew);
  }
  const seen = new Set<string>();
  return values.filter((value) => {
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
