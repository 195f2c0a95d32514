import type { DirectoryEntry } from './api.ts';
import { canonicalType } from './dn.ts';

export type MatchesEntry = (entry: DirectoryEntry) => boolean;

/** `reads` are the canonical types of the attributes that decide. */
export type EntryFilter = { readonly matches: MatchesEntry; readonly reads: ReadonlySet<string> };

const item = /^([A-Za-z][A-Za-z0-9;.-]*|\d+(?:\.\d+)*)(=|~=|>=|<=)(.*)$/s;

/**
 * Reads a search filter (RFC 4515): `&`, `|`, `!`, equality, presence, substrings, order. Values are compared without case, as most
 * attributes are; `~=` is equality.
 * @returns undefined for what is no filter, or one with a matching rule of its own (`:=`).
 */
export function parseLdapFilter(text: string): EntryFilter | undefined {
  let at = 0;
  const reads = new Set<string>();
  const filter = (): MatchesEntry | undefined => {
    if (text[at++] !== '(') return undefined;
    const operator = text[at] ?? '';
    if (operator === '&' || operator === '|' || operator === '!') {
      at++;
      const parts: MatchesEntry[] = [];
      while (text[at] === '(') {
        const part = filter();
        if (!part) return undefined;
        parts.push(part);
      }
      if (text[at++] !== ')') return undefined;
      const [first] = parts;
      if (operator === '!') return parts.length === 1 && first ? (entry) => !first(entry) : undefined;
      return operator === '&' ? (entry) => parts.every((part) => part(entry)) : (entry) => parts.some((part) => part(entry));
    }
    const end = text.indexOf(')', at);
    if (end < 0) return undefined;
    const made = comparison(text.slice(at, end), reads);
    at = end + 1;
    return made;
  };
  const matches = filter();
  return matches && at === text.length ? { matches, reads } : undefined;
}

function comparison(text: string, reads: Set<string>): MatchesEntry | undefined {
  const [, attribute, operator, written] = item.exec(text) ?? [];
  if (attribute === undefined || operator === undefined || written === undefined) return undefined;
  const type = canonicalType(attribute);
  reads.add(type);
  if (operator === '=' && written === '*') return (entry) => valuesOf(entry, type).length > 0;
  if (operator === '=' && written.includes('*')) {
    const [head = '', ...rest] = written.split('*').map(unescaped);
    const tail = rest.pop() ?? '';
    return (entry) => valuesOf(entry, type).some((value) => hasParts(value, head, rest, tail));
  }
  const wanted = unescaped(written);
  if (operator === '>=') return (entry) => valuesOf(entry, type).some((value) => value >= wanted);
  if (operator === '<=') return (entry) => valuesOf(entry, type).some((value) => value <= wanted);
  return (entry) => valuesOf(entry, type).includes(wanted);
}

function hasParts(value: string, head: string, middle: readonly string[], tail: string): boolean {
  if (value.length < head.length + tail.length || !value.startsWith(head) || !value.endsWith(tail)) return false;
  let at = head.length;
  for (const part of middle) {
    const found = value.indexOf(part, at);
    if (found < 0 || found + part.length > value.length - tail.length) return false;
    at = found + part.length;
  }
  return true;
}

function valuesOf(entry: DirectoryEntry, type: string): string[] {
  const found: string[] = [];
  for (const [description, values] of entry.attributes) {
    if (canonicalType(description) === type) for (const value of values) found.push(Buffer.from(value).toString('utf8').toLowerCase());
  }
  return found;
}

/** `\2a` is `*`. */
function unescaped(text: string): string {
  const bytes = (escaped: string): string => Buffer.from(escaped.replaceAll('\\', ''), 'hex').toString('utf8');
  return text.replaceAll(/(?:\\[0-9a-fA-F]{2})+/g, bytes).toLowerCase();
}
