import { join } from 'node:path';
import { checkKey } from './object-key.ts';

/**
 * A key's segment as a file name that no file system folds into another one's: lower case, and where the segment has capitals, `+` and a
 * hexadecimal number whose bit n says that character n is one. `Prod` becomes `prod+1`.
 */
function fileName(segment: string): string {
  let capitals = 0n;
  for (let at = 0; at < segment.length; at += 1) {
    if (/[A-Z]/.test(segment.charAt(at))) capitals |= 1n << BigInt(at);
  }
  return capitals === 0n ? segment : `${segment.toLowerCase()}+${capitals.toString(16)}`;
}

/** The segment of a file name, undefined for a file that is none of ours. */
export function segmentOf(name: string): string | undefined {
  const [lower = '', mask] = name.split('+');
  if (!/^[a-z0-9._:@-]+$/.test(lower)) return undefined;
  if (mask === undefined) return lower;
  if (!/^[0-9a-f]+$/.test(mask)) return undefined;
  const capitals = BigInt(`0x${mask}`);
  const segment = Array.from(lower, (char, at) => ((capitals >> BigInt(at)) & 1n ? char.toUpperCase() : char)).join('');
  return fileName(segment) === name ? segment : undefined;
}

/** @throws DynDataError INTERNAL for a key that is none: nothing can name a file outside `root`. */
export function filePath(root: string, key: string): string {
  checkKey(key);
  return join(root, ...key.split('/').map(fileName));
}
