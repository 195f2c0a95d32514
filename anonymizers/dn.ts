/** One `type=value` of an RDN. `value` is raw; `ber` tells that it was written as `#` and the hexadecimal BER of an unknown syntax. */
export type DnAttribute = { readonly type: string; readonly value: Uint8Array; readonly ber: boolean };

/** One component; more than one attribute in a multi-valued RDN. */
export type Rdn = readonly DnAttribute[];

const typePattern = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)$/;
const hexPair = /^[0-9a-fA-F]{2}$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a distinguished name (RFC 4514, and the white space around separators and the `oid.` prefix that RFC 2253 servers may send).
 * @returns the components, the leaf first; none for the empty DN; undefined for what is no DN.
 */
export function parseDn(text: string): Rdn[] | undefined {
  if (text.trim() === '') return [];
  const rdns: Rdn[] = [];
  for (const component of splitUnescaped(text, ',', ';')) {
    const rdn: DnAttribute[] = [];
    for (const pair of splitUnescaped(component, '+')) {
      const attribute = parseAttribute(pair);
      if (!attribute) return undefined;
      rdn.push(attribute);
    }
    rdns.push(rdn);
  }
  return rdns;
}

/** The parts between separators that are neither escaped nor inside a quoted value (RFC 2253 still allowed those). */
function splitUnescaped(text: string, separator: string, otherSeparator = separator): string[] {
  if (!text.includes(separator) && !text.includes(otherSeparator)) return [text];
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === separator || character === otherSeparator)) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/**
 * The first component of a DN and the DN of its parent, as texts; undefined where there is no parent, and where quotes, which few write,
 * make the border hard to find.
 */
export function splitLeaf(text: string): readonly [leaf: string, parent: string] | undefined {
  if (text.includes('"')) return undefined;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === backslash) at++;
    else if (code === comma || code === semicolon) return [text.slice(0, at), text.slice(at + 1)];
  }
  return undefined;
}

const [comma, semicolon, backslash] = [0x2c, 0x3b, 0x5c];

function parseAttribute(pair: string): DnAttribute | undefined {
  const equals = pair.indexOf('=');
  if (equals < 0) return undefined;
  const type = pair
    .slice(0, equals)
    .trim()
    .replace(/^oid\./i, '');
  if (!typePattern.test(type)) return undefined;
  const written = trimUnescaped(pair.slice(equals + 1));
  if (written.startsWith('#')) {
    const hex = written.slice(1);
    if (hex === '' || hex.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
    return { type, value: new Uint8Array(Buffer.from(hex, 'hex')), ber: true };
  }
  const inner = written.length >= 2 && written.startsWith('"') && written.endsWith('"') ? written.slice(1, -1) : written;
  const value = unescapeValue(inner);
  return value && { type, value, ber: false };
}

function trimUnescaped(text: string): string {
  const start = text.trimStart();
  const trimmed = start.trimEnd();
  // An escaped space at the end belongs to the value; an even number of backslashes escapes only themselves.
  const backslashes = /\\*$/.exec(trimmed)?.[0].length ?? 0;
  return backslashes % 2 === 1 ? start.slice(0, trimmed.length + 1) : trimmed;
}

function unescapeValue(text: string): Uint8Array | undefined {
  if (!text.includes('\\')) return encoder.encode(text);
  const pieces: Uint8Array[] = [];
  let plainFrom = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\\') continue;
    pieces.push(encoder.encode(text.slice(plainFrom, at)));
    const pair = text.slice(at + 1, at + 3);
    if (hexPair.test(pair)) {
      pieces.push(Uint8Array.of(Number.parseInt(pair, 16)));
      at += 2;
    } else {
      const escaped = [...text.slice(at + 1, at + 3)][0];
      if (escaped === undefined) return undefined;
      pieces.push(encoder.encode(escaped));
      at += escaped.length;
    }
    plainFrom = at + 1;
  }
  pieces.push(encoder.encode(text.slice(plainFrom)));
  return new Uint8Array(Buffer.concat(pieces));
}

/** The string of RFC 4514, without white space around separators. */
export function formatDn(rdns: readonly Rdn[]): string {
  return rdns.map((rdn) => rdn.map(({ type, value, ber }) => `${type}=${formatValue(value, ber)}`).join('+')).join(',');
}

/** Of the printable ASCII characters those that a DN escapes somewhere. */
const escapedBytes: ReadonlySet<number> = new Set([...' "#+,;<=>\\'].map((character) => character.charCodeAt(0)));
const isPlainByte = Uint8Array.from({ length: 256 }, (_, byte) => (byte > 0x20 && byte < 0x7f && !escapedBytes.has(byte) ? 1 : 0));

function formatValue(value: Uint8Array, ber: boolean): string {
  if (!ber && value.every((byte) => isPlainByte[byte] === 1)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  }
  if (ber) return `#${Buffer.from(value).toString('hex')}`;
  let text: string;
  try {
    text = decoder.decode(value);
  } catch {
    // Bytes that are no text: each is escaped.
    return [...value].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
  }
  return text
    .replaceAll(/["+,;<=>\\]/g, '\\$&')
    .replaceAll(/\p{Cc}/gu, (control) => [...encoder.encode(control)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join(''))
    .replace(/^[ #]/, '\\$&')
    .replace(/(?<!^\\) $/, '\\ ');
}

/** Attribute types that have more than one name, by the one that is used here (RFC 4519); others are their own, in lower case. */
const canonicalTypes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    commonname: 'cn',
    '2.5.4.3': 'cn',
    surname: 'sn',
    '2.5.4.4': 'sn',
    gn: 'givenname',
    '2.5.4.42': 'givenname',
    countryname: 'c',
    '2.5.4.6': 'c',
    localityname: 'l',
    '2.5.4.7': 'l',
    stateorprovincename: 'st',
    '2.5.4.8': 'st',
    streetaddress: 'street',
    '2.5.4.9': 'street',
    organizationname: 'o',
    '2.5.4.10': 'o',
    organizationalunitname: 'ou',
    '2.5.4.11': 'ou',
    domaincomponent: 'dc',
    '0.9.2342.19200300.100.1.25': 'dc',
    userid: 'uid',
    '0.9.2342.19200300.100.1.1': 'uid',
    rfc822mailbox: 'mail',
    '0.9.2342.19200300.100.1.3': 'mail',
    mobiletelephonenumber: 'mobile',
  }),
);

/** The name by which an attribute type is looked up, whatever its case, its other names and its options (`cn;lang-fr`). */
export function canonicalType(description: string): string {
  const known = canonicalOf.get(description);
  if (known !== undefined) return known;
  const type = (description.split(';')[0] ?? '').toLowerCase();
  const canonical = canonicalTypes.get(type) ?? type;
  if (canonicalOf.size >= mostDescriptions) canonicalOf.clear();
  canonicalOf.set(description, canonical);
  return canonical;
}

/** A directory has few descriptions, and each is asked for in every entry. */
const canonicalOf = new Map<string, string>();
const mostDescriptions = 10_000;

/** Equality of components as directories see it: types by any name, values without case and doubled spaces, in any order. */
export function sameRdn(a: Rdn, b: Rdn): boolean {
  return rdnKey(a) === rdnKey(b);
}

export function sameDn(a: readonly Rdn[], b: readonly Rdn[]): boolean {
  return a.length === b.length && a.every((rdn, at) => sameRdn(rdn, b[at] as Rdn));
}

/** Equal for components that are the same, see {@link sameRdn}. */
export function rdnKey(rdn: Rdn): string {
  return rdn
    .map(({ type, value, ber }) => `${canonicalType(type)}=${ber ? '#' : ''}${foldValue(value)}`)
    .sort()
    .join('+');
}

function foldValue(value: Uint8Array): string {
  return Buffer.from(value).toString('utf8').normalize('NFC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
}

/**
 * How many components of `dn` stand below the nearest of the bases; 0 for a base itself and for what is above one; undefined for one outside.
 */
export function depthBelow(dn: readonly Rdn[], bases: readonly (readonly Rdn[])[]): number | undefined {
  const depths = bases.filter((base) => sharesEnd(dn, base)).map((base) => Math.max(0, dn.length - base.length));
  return depths.length === 0 ? undefined : Math.min(...depths);
}

function sharesEnd(dn: readonly Rdn[], base: readonly Rdn[]): boolean {
  const shared = Math.min(dn.length, base.length);
  for (let at = 1; at <= shared; at++) if (!sameRdn(dn[dn.length - at] as Rdn, base[base.length - at] as Rdn)) return false;
  return true;
}
