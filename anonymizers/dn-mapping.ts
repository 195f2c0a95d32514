import { type Made, unmaskable } from './anonymizer.ts';
import { saslSuffix, saslTypes, serverSuffixes } from './directory-defaults.ts';
import { canonicalType, type DnAttribute, depthBelow, formatDn, parseDn, type Rdn, sameDn } from './dn.ts';

/** One mapping for every DN of a directory. @param place of the value, for messages. @throws DynDataError DATA_UNMASKABLE */
export type MapDn = (dn: string, place: string) => string;

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
): MapDn {
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
  const mapWhole: MapDn = (text, place) => {
    const dn = parseDn(text);
    if (!dn) throw unmaskable(place, 'a value that is no DN', 'Correct the entry at the source, or drop the attribute in the policy.');
    const below = depthBelow(dn, bases) ?? dn.length;
    const last = dn.length === 0 || below < dn.length ? '' : formatDn(dn.slice(-1)).toLowerCase();
    if (serverSuffixes.has(last) && dn.every((rdn) => rdn.every(({ type }) => canonicalType(type) === 'cn'))) return formatDn(dn);
    const isSasl = last === saslSuffix;
    const mapped = dn.map((rdn, at) => {
      if (at >= below || kept.some((entry) => entry.length === dn.length - at && sameDn(entry, dn.slice(at)))) return rdn;
      return rdn.map((attribute) => (isSasl && saslTypes.has(canonicalType(attribute.type)) ? attribute : mapAttribute(attribute, place)));
    });
    // What is not rewritten stays as it is spelled: `\2C` and `\,` name one entry, and are two texts.
    const isSame = mapped.every((rdn, at) => rdn.every((attribute, index) => attribute === dn[at]?.[index]));
    return isSame ? text : formatDn(mapped);
  };
  // Managers, creators and members are named again and again.
  const mapped = new Map<string, string>();
  return (text, place) => {
    const known = mapped.get(text);
    if (known !== undefined) return known;
    const result = mapWhole(text, place);
    if (mapped.size >= mostRemembered) mapped.clear();
    mapped.set(text, result);
    return result;
  };
}

const mostRemembered = 10_000;

/** What a BER value of a short definite length holds; anything else is taken as it is, which still hides it. */
function berContent(value: Uint8Array): Uint8Array {
  return value.length >= 2 && value[1] === value.length - 2 ? value.subarray(2) : value;
}
