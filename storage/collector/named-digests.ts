import type { ObjectStore } from '../../core/index.ts';
import { gather } from '../byte-streams.ts';

const digestPattern = /sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})(?![0-9a-f])/g;

/**
 * Every digest that stands anywhere in a stored record; undefined where the record is gone. A record is taken as text and not by its
 * meaning, so what a manifest of a kind that nobody knows yet reaches is reached, as is what a damaged one still names. It can only be too
 * much, never too little.
 */
export async function namedDigests(objects: ObjectStore, key: string, signal?: AbortSignal): Promise<ReadonlySet<string> | undefined> {
  const found = await objects.read(key, signal && { signal });
  if (!found) return undefined;
  const text = new TextDecoder().decode(await gather(found.bytes));
  const digests = new Set<string>(text.match(digestPattern));
  // JSON may write any character as \uXXXX, and a manifest is JSON within JSON.
  if (text.includes('\\u')) for (const digest of spelledOut(text).match(digestPattern) ?? []) digests.add(digest);
  return digests;
}

function spelledOut(text: string): string {
  return text.replace(/\\+u([0-9a-fA-F]{4})/g, (_whole, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
