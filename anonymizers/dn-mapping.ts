import { type Made, unmaskable } from './anonymizer.ts';
import { saslSuffix, saslTypes, serverSuffixes } from './directory-defaults.ts';
import { canonicalType, type DnAttribute, depthBelow, formatDn, parseDn, type Rdn, sameDn, splitLeaf } from './dn.ts';

/** One mapping for every DN of a directory. @param place of the value, for messages. @throws DynDataError DATA_UNMASKABLE */
export type MapDn = (dn: string, place: string) => string;

export type DnMapping = {
  readonly map: MapDn;
  /** The first component of an entry's DN, and whether it is rewritten: it is below a base, and not kept. Undefined for what is no DN. */
  own(dn: string): { readonly rdn: Rdn; readonly isRewritten: boolean } | undefined;
};

/** What all children of one entry share. */
type Parent = { readonly length: number; readonly isSame: boolean; readonly text: string };

/**
 * Components below a base are rewritten by the rule of their attribute type; the base and what is above it stays. A DN outside of all bases
 * is rewritten whole, except for the server's own.
 * @param rules by canonical type
 * @param kept entries whose own name stays as it is
 */
export function createDnMapping(
  sourceName: string,
  bases: readonly (readonly Rdn[])[],
  rules: ReadonlyMap<string, Made>,
  kept: readonly (readonly Rdn[])[] = [],
): DnMapping {
  const mapAttribute = (attribute: DnAttribute, place: string): DnAttribute => {
    const made = rules.get(canonicalType(attribute.type));
    if (!made) {
      throw unmaskable(
        place,
        `a DN with the attribute type "${attribute.type}", which the policy does not decide`,
        `Add ${attribute.type} under "dn" of the source ${sourceName}.`,
      );
    }
    if (made.keeps) return attribute;
    const value = made.apply(attribute.ber ? berContent(attribute.value) : attribute.value, []);
    if (!value) throw unmaskable(place, 'a DN whose value cannot be replaced', 'Correct the entry at the source.');
    return { type: attribute.type, value, ber: false };
  };
  const readDn = (text: string, place: string): readonly Rdn[] => {
    const dn = parseDn(text);
    if (!dn) throw unmaskable(place, 'a value that is no DN', 'Correct the entry at the source, or drop the attribute in the policy.');
    return dn;
  };
  /** The components as they become; those that stay are the same objects. */
  const mapRdns = (dn: readonly Rdn[], below: number, place: string): readonly Rdn[] => {
    const isSasl = below === dn.length && isNamedBySasl(dn);
    return dn.map((rdn, at) => {
      if (at >= below || kept.some((entry) => entry.length === dn.length - at && sameDn(entry, dn.slice(at)))) return rdn;
      return rdn.map((attribute) => (isSasl && saslTypes.has(canonicalType(attribute.type)) ? attribute : mapAttribute(attribute, place)));
    });
  };
  const mapWhole: MapDn = (text, place) => {
    const dn = readDn(text, place);
    const below = depthBelow(dn, bases) ?? dn.length;
    if (below === dn.length && isOfServer(dn)) return formatDn(dn);
    const mapped = mapRdns(dn, below, place);
    // What is not rewritten stays as it is spelled: `\2C` and `\,` name one entry, and are two texts.
    return isSame(mapped, dn) ? text : formatDn(mapped);
  };

  const longestBase = Math.max(0, ...bases.map((base) => base.length));
  /** An entry at or below a base, whose children are then all below one. */
  const parentOf = (text: string, place: string): Parent | undefined => {
    const dn = parseDn(text);
    if (!dn || dn.length < longestBase) return undefined;
    const below = depthBelow(dn, bases);
    if (below === undefined || below === dn.length) return undefined;
    const mapped = mapRdns(dn, below, place);
    return { length: dn.length, isSame: isSame(mapped, dn), text: formatDn(mapped) };
  };
  // Few entries have children, and those that have have many.
  const parents = new Map<string, Parent | undefined>();
  const knownParent = (text: string, place: string): Parent | undefined => {
    if (parents.has(text)) return parents.get(text);
    const parent = parentOf(text, place);
    if (parents.size >= mostRemembered) parents.clear();
    parents.set(text, parent);
    return parent;
  };
  /** The first component of a child of a known parent that is rewritten with all of its siblings. */
  const leafOf = (text: string, place: string): { readonly rdn: Rdn; readonly parent: Parent } | undefined => {
    const [leaf, parentText] = splitLeaf(text) ?? [];
    if (leaf === undefined || parentText === undefined) return undefined;
    const parent = knownParent(parentText, place);
    if (!parent || kept.some((entry) => entry.length === parent.length + 1)) return undefined;
    const [rdn, ...others] = parseDn(leaf) ?? [];
    return rdn && others.length === 0 ? { rdn, parent } : undefined;
  };
  const mapChild: MapDn = (text, place) => {
    const child = leafOf(text, place);
    if (!child) return mapWhole(text, place);
    const { rdn, parent } = child;
    const mapped = rdn.map((attribute) => mapAttribute(attribute, place));
    return parent.isSame && isSame([mapped], [rdn]) ? text : `${formatDn([mapped])},${parent.text}`;
  };

  // Managers, creators and members are named again and again.
  const results = new Map<string, string>();
  return {
    map(text, place) {
      const known = results.get(text);
      if (known !== undefined) return known;
      const result = mapChild(text, place);
      if (results.size >= mostRemembered) results.clear();
      results.set(text, result);
      return result;
    },
    own(text) {
      const child = leafOf(text, `${sourceName} dn`);
      if (child) return { rdn: child.rdn, isRewritten: true };
      const dn = parseDn(text);
      return dn && { rdn: dn[0] ?? [], isRewritten: depthBelow(dn, bases) !== 0 && !kept.some((entry) => sameDn(entry, dn)) };
    },
  };
}

function isSame(mapped: readonly Rdn[], dn: readonly Rdn[]): boolean {
  return mapped.every((rdn, at) => rdn.every((attribute, index) => attribute === dn[at]?.[index]));
}

/** Of a DN that is outside of all bases. */
function isOfServer(dn: readonly Rdn[]): boolean {
  return serverSuffixes.has(lastOf(dn)) && dn.every((rdn) => rdn.every(({ type }) => canonicalType(type) === 'cn'));
}

function isNamedBySasl(dn: readonly Rdn[]): boolean {
  return lastOf(dn) === saslSuffix;
}

function lastOf(dn: readonly Rdn[]): string {
  return formatDn(dn.slice(-1)).toLowerCase();
}

const mostRemembered = 10_000;

/** What a BER value of a short definite length holds; anything else is taken as it is, which still hides it. */
function berContent(value: Uint8Array): Uint8Array {
  return value.length >= 2 && value[1] === value.length - 2 ? value.subarray(2) : value;
}
