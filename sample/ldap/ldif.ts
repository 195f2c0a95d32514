/** One attribute value; bytes for what is not text. */
export type LdapValue = string | Buffer;

/** An entry as it is written to LDIF, attributes in order. */
export interface LdapEntry {
  readonly dn: string;
  readonly attributes: readonly (readonly [name: string, values: readonly LdapValue[]])[];
}

/** RFC 2849 SAFE-STRING: ASCII without NUL, CR, LF, not beginning with space, colon or `<`; and, so that no editor drops it, no space at the end. */
const isSafe = (value: string): boolean => {
  if (/^[ :<]| $/.test(value)) return false;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === 0 || code === 10 || code === 13 || code > 127) return false;
  }
  return true;
};

const lineOf = (name: string, value: LdapValue): string => {
  if (typeof value === 'string' && isSafe(value)) return `${name}: ${value}\n`;
  return `${name}:: ${Buffer.from(value).toString('base64')}\n`;
};

/** Entries as LDIF in pieces of about 64 KiB, unfolded. */
export function* ldifOf(entries: Iterable<LdapEntry>): Generator<Buffer> {
  let piece = '';
  for (const entry of entries) {
    piece += lineOf('dn', entry.dn);
    for (const [name, values] of entry.attributes) for (const value of values) piece += lineOf(name, value);
    piece += '\n';
    if (piece.length >= 64 * 1024) {
      yield Buffer.from(piece);
      piece = '';
    }
  }
  yield Buffer.from(piece);
}
