import { readFileSync } from 'node:fs';

/** The policies that come with dyn-data; files in `policies/` beside this one. */
const shipped = ['aerogear-ups', 'ldap-person', 'ldap-group'] as const;

/**
 * A ready-made policy's text. It is part of the program, like the word lists, and read only where a policy includes it.
 * @returns no text for a name that is none of theirs.
 */
export function readReadyMade(name: string): { readonly text: string | undefined; readonly names: readonly string[] } {
  const known = shipped.find((one) => one === name);
  return { text: known && readFileSync(new URL(`./policies/${known}.yaml`, import.meta.url), 'utf8'), names: shipped };
}
