import type { DirectoryEntry } from './api.ts';
import { canonicalType, depthBelow, parseDn, type Rdn, rdnKey } from './dn.ts';
import type { EntryFilter } from './ldap-filter.ts';

/** RDN types that name the units of a directory, not what is in them. */
const unitTypes: ReadonlySet<string> = new Set(['ou', 'dc']);

/** What a policy names beside the units: accounts of services, and its `reference` entries. */
export type NamedEntries = { readonly dns: readonly (readonly Rdn[])[]; readonly filters: readonly EntryFilter[] };

/**
 * Which entries `up --empty` carries: those whose names below the base are of units alone, those that are named by DN with what stands above
 * them, and those that a filter matches where their parent is carried. So an entry is never carried without its parent.
 */
export function createReferenceEntries(
  bases: readonly (readonly Rdn[])[],
  { dns, filters }: NamedEntries,
): (entry: DirectoryEntry) => boolean {
  const named = new Set<string>();
  for (const dn of dns) for (let at = 0; at < dn.length; at++) named.add(keyOf(dn.slice(at)));
  // Most entries are told by their first RDN alone, without reading the DN.
  const leaves = new Set([
    ...unitTypes,
    ...[...dns, ...bases].flatMap((dn) => dn.flatMap((rdn) => rdn.map(({ type }) => canonicalType(type)))),
  ]);
  const isCarried = (dn: readonly Rdn[]): boolean => {
    const depth = depthBelow(dn, bases);
    if (depth === undefined) return false;
    return dn.slice(0, depth).every(isUnit) || named.has(keyOf(dn));
  };
  return (entry) => {
    const isMatched = filters.some((filter) => filter.matches(entry));
    if (!isMatched && !leaves.has(leafType(entry.dn))) return false;
    const dn = parseDn(entry.dn);
    return dn !== undefined && (isCarried(dn) || (isMatched && isCarried(dn.slice(1))));
  };
}

function isUnit(rdn: Rdn): boolean {
  return rdn.every(({ type }) => unitTypes.has(canonicalType(type)));
}

function keyOf(dn: readonly Rdn[]): string {
  return dn.map(rdnKey).join(',');
}

function leafType(dn: string): string {
  return canonicalType(
    dn
      .slice(0, Math.max(0, dn.indexOf('=')))
      .trim()
      .replace(/^oid\./i, ''),
  );
}
