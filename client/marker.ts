import * as z from 'zod/mini';
import { type Digest, digestPattern } from '../core/digest.ts';
import { DynDataError } from '../core/errors.ts';
import { tellsOfFullDisk } from './full-disk.ts';
import type { ServiceContainer } from './service-container.ts';

const markerFile = 'dyn-data-restored.json';

const schema = z.strictObject({
  version: z.literal(1),
  /** `restoring` from before the first change until everything is verified. */
  state: z.enum(['restoring', 'restored']),
  /** Of the data image. */
  digest: z.string().check(z.regex(digestPattern)) as unknown as z.ZodMiniType<Digest>,
  /** As it was asked for, for people. */
  reference: z.string(),
  /** Of an empty restore, which loads nothing but what is marked `reference`; absent where everything was, or is to be, loaded. */
  empty: z.optional(z.literal(true)),
  /** Settings of the server that are changed while restoring, with the values to put back. */
  settings: z._default(z.record(z.string(), z.string()), {}),
  /** What the server counted of its writes when the restore had ended; absent where it does not tell, and in markers of before there was it. */
  changes: z.optional(z.record(z.string(), z.string())),
  /** Rows found by the verification, as `schema.table`. */
  counts: z._default(z.record(z.string(), z.int()), {}),
});

/**
 * What was restored into a service. It lies in the service's own data directory, so it lives and dies with the data: a removed volume
 * takes it along, and a copied one brings it.
 */
export type Marker = z.infer<typeof schema>;

/** Whether the marker tells of this snapshot, whole or empty as it is wanted. */
export function isOf(marker: Pick<Marker, 'digest' | 'empty'>, wanted: { readonly digest: string; readonly empty: boolean }): boolean {
  return marker.digest === wanted.digest && (marker.empty ?? false) === wanted.empty;
}

/** How a person names what a service holds. */
export function heldName({ reference, empty }: Pick<Marker, 'reference' | 'empty'>): string {
  return empty ? `${reference}, empty` : reference;
}

/** The marker in that directory of the container; undefined where there is none, or none that can be read. */
export async function readMarker(container: ServiceContainer, directory: string): Promise<Marker | undefined> {
  const result = await container.exec(['cat', `${directory}/${markerFile}`]);
  if (result.exitCode !== 0) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(result.stdout));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Written beside and renamed, and on the disk before this returns: a marker is never half there. */
const writeScript = `set -e
flush() { sync "$1" 2>/dev/null || sync; }
cat > "$1/.$2.new"; chmod 644 "$1/.$2.new"; flush "$1/.$2.new"
mv -f "$1/.$2.new" "$1/$2"; flush "$1"`;

/** @throws DynDataError RESTORE_FAILED */
export async function writeMarker(container: ServiceContainer, directory: string, marker: Marker): Promise<void> {
  const input = `${JSON.stringify(marker)}\n`;
  const result = await container.exec(['sh', '-c', writeScript, 'sh', directory, markerFile], { input });
  if (result.exitCode === 0) return;
  const why = tellsOfFullDisk([result.stderr]) ? 'no space left on device' : `exit code ${result.exitCode}`;
  throw new DynDataError(
    'RESTORE_FAILED',
    `The state of the restore cannot be written to ${directory} in the service ${container.service} (${why}). See that the disk is not full and the volume is writable, then run \`dyn-data up\` again.`,
  );
}
