import { isUtf8 } from 'node:buffer';
import { unmaskable } from './anonymizer.ts';
import type { DirectoryEntry, DirectoryPlan, LiveSource, Value } from './api.ts';
import { type Decision, type DirectoryRules, decisionOf } from './directory-rules.ts';
import { canonicalType, depthBelow, parseDn, type Rdn } from './dn.ts';
import { createDnMapping, type MapDn } from './dn-mapping.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

/** A name and optional UID (RFC 4517) ends with `#` and bits. */
const nameAndBits = /^(.*)(#'[01]*'B)$/s;

export function createDirectoryPlan(source: LdapSource, base: readonly Rdn[], rules: DirectoryRules): DirectoryPlan {
  const mapDn = createDnMapping(source.name, base, new Map([...rules.dn].map(([type, { made }]) => [type, made])));
  const decide = createDecide(source, rules);
  return {
    mapDn: (dn) => mapDn(dn, `${source.name} dn`),
    transform(entry) {
      const decisions = decide(entry);
      const rdn = readOwnRdn(entry.dn, base, source);
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
          values.flatMap((value) => (kept && sameValue(kept, value) ? [value] : apply(decision, value, row, mapDn, place))),
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

type Decide = (entry: DirectoryEntry) => (description: string) => Decision;

function createDecide(source: LdapSource, rules: DirectoryRules): Decide {
  const decoder = new TextDecoder();
  return (entry) => {
    const classes = new Set<string>();
    for (const [description, values] of entry.attributes) {
      if (canonicalType(description) === 'objectclass') for (const value of values) classes.add(decoder.decode(value).toLowerCase());
    }
    const special = rules.classes.filter(({ objectClass }) => classes.has(objectClass));
    return (description) => {
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

/** The values of the entry's own RDN by canonical type, and whether the entry is below the base, so that they are rewritten. */
function readOwnRdn(dn: string, base: readonly Rdn[], source: LdapSource): { below: boolean; values: Map<string, Uint8Array> } {
  const parsed = parseDn(dn);
  if (!parsed) throw unmaskable(`${source.name} dn`, 'the DN of an entry cannot be read', 'Correct the entry at the source.');
  const own = parsed[0] ?? [];
  return {
    below: depthBelow(parsed, base) !== 0,
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
