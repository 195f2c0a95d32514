import * as z from 'zod/mini';
import { type Digest, digestHex, digestOf, digestPattern } from './digest.ts';

/** Media types of the data image. Layers are plain tar: their files are compressed already, and every engine since 20.10 reads them. */
export const mediaTypes = {
  imageManifest: 'application/vnd.oci.image.manifest.v1+json',
  imageConfig: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

/** Labels in the image's config: what a client can know of the snapshot before it reads a file of it. */
export const imageLabels = {
  environment: 'dev.dyn-data.environment',
  manifestDigest: 'dev.dyn-data.manifest.digest',
  schemaVersion: 'dev.dyn-data.manifest.schema-version',
  toolVersion: 'dev.dyn-data.tool.version',
} as const;

/** Where everything lies inside the image. */
export const snapshotRoot = '/snapshot';
export const manifestPath = `${snapshotRoot}/manifest.json`;

/** File systems take names of up to 255 bytes; some room is left for what tools append. */
const segmentMaxBytes = 200;
const shortDigestDigits = 16;

/**
 * A name as one path segment: letters, digits, `_`, `-` and `.` stay, every other UTF-8 byte becomes `%XX`. Never `.` or `..`, never
 * empty; unique per name. What would be too long for a file system is cut, and ends with `~` and digits of a digest of the whole.
 */
export function pathSegment(name: string): string {
  return bounded(escaped(name).replace(/^\./, '%2E'));
}

/** The folder of a table: schema and name, whose own dots are escaped so that only one stands between them; where both are equal (a naming context), one. */
export function tableSegment({ schema, name }: { readonly schema: string; readonly name: string }): string {
  const parts = schema === name ? [name] : [schema, name];
  return bounded(parts.map((part) => escaped(part).replaceAll('.', '%2E')).join('.'));
}

function escaped(name: string): string {
  let text = '';
  for (const byte of new TextEncoder().encode(name)) {
    const char = String.fromCharCode(byte);
    text += /[A-Za-z0-9_.-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

function bounded(segment: string): string {
  if (segment.length <= segmentMaxBytes) return segment;
  const digits = digestHex(digestOf(segment)).slice(0, shortDigestDigits);
  return `${segment.slice(0, segmentMaxBytes - shortDigestDigits - 1)}~${digits}`;
}

const digest = z.string().check(z.regex(digestPattern)) as unknown as z.ZodMiniType<Digest>;
const descriptor = z.object({ mediaType: z.string(), digest, size: z.int().check(z.nonnegative()) });

/** The OCI image manifest, as far as dyn-data reads it. */
export const imageManifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.optional(z.string()),
  config: descriptor,
  layers: z.array(descriptor),
});
export type ImageManifest = z.infer<typeof imageManifestSchema>;
export type Descriptor = z.infer<typeof descriptor>;
