import type { ServiceContainer } from '../service-container.ts';
import type { Changed, Changes } from './changes.ts';

/**
 * The number of the last write to an LMDB database, the greater one of its two meta pages. It is in the file when the write has ended, and only a
 * write changes it: neither a start nor a stop of a server that nobody wrote to.
 */
const readNumbers = `for directory in "$@"; do
  file="$directory/data.mdb"
  number() { od -An "-t$1" "-j$2" "-N$3" "$file" | tr -d ' '; }
  [ "$(number x4 16 4)" = beefc0de ] || exit 1
  first="$(number u8 144 8)"
  second="$(number u8 $(($(number u4 40 4) + 144)) 8)"
  if [ "$first" -gt "$second" ]; then echo "$first"; else echo "$second"; fi
done`;

/** @param directories of the naming contexts, in their order */
export async function ldapChanges(container: ServiceContainer, directories: readonly string[]): Promise<Changes | undefined> {
  const found = await container.exec(['sh', '-c', readNumbers, 'sh', ...directories]);
  if (found.exitCode !== 0) return undefined;
  return { kind: 'ldap', directories: JSON.stringify(directories), writes: found.stdout.trim().split('\n').join(' ') };
}

export async function ldapChanged(container: ServiceContainer, before: Changes): Promise<Changed> {
  const directories: unknown = JSON.parse(before.directories ?? '[]');
  const now = Array.isArray(directories) ? await ldapChanges(container, directories.map(String)) : undefined;
  if (!now) return 'unknown';
  return now.writes === before.writes ? 'no' : 'yes';
}
