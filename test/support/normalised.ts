/**
 * Text with what is another in each run replaced by something of the same length, so that columns stay where they are: digests, ids, secrets
 * and ports. What only the caller knows, such as the folder that it works in, is replaced by the name given for it.
 */
export function normalised(text: string, known: ReadonlyMap<string, string> = new Map()): string {
  const named = [...known].reduce((now, [found, name]) => now.replaceAll(found, name), text);
  return patterns.reduce((now, { pattern, sign }) => now.replace(pattern, (found: string) => sign.repeat(found.length)), named);
}

/** Durations too, which are not of the same length, and so the distance of the columns. */
export function timeless(text: string): string {
  return text.replaceAll(/\b(?:\d+ min )?\d+(?:\.\d)? s\b/g, 'TIME').replaceAll(/ {3,}/g, '   ');
}

const patterns: readonly { readonly pattern: RegExp; readonly sign: string }[] = [
  { pattern: /(?<=sha256:)[0-9a-f]{12,64}/g, sign: 'd' },
  { pattern: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, sign: 'i' },
  // Of jobs that were asked for with a key.
  { pattern: /\b[0-9a-f]{32}\b/g, sign: 'i' },
  { pattern: /(?<=\bdd_)\w+/g, sign: 's' },
  { pattern: /(?<=\b(?:127\.0\.0\.1|localhost):)\d+/g, sign: 'p' },
];
