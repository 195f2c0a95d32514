import * as z from 'zod/mini';
import { type ContentDigest, contentDigestSchema } from './content-digest.ts';
import { DynDataError } from './errors.ts';

const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: contentDigestSchema,
  size: z.int().check(z.nonnegative()),
  urls: z.nullish(z.array(z.string())),
});
export type ContentDescriptor = z.infer<typeof descriptorSchema>;

/** What Go writes for an absent list is null. */
const descriptors = z.nullish(z.array(descriptorSchema));

const manifestSchema = z.object({
  schemaVersion: z.nullish(z.int()),
  mediaType: z.nullish(z.string()),
  artifactType: z.nullish(z.string()),
  config: z.nullish(descriptorSchema),
  layers: descriptors,
  /** Of artifact manifests, which were given up before the specification's 1.1. */
  blobs: descriptors,
  manifests: descriptors,
  subject: z.nullish(z.object({ digest: contentDigestSchema })),
  annotations: z.nullish(z.record(z.string(), z.string())),
});

/** A manifest of any kind, as far as a registry looks into it. */
export type OciManifest = {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: ContentDescriptor;
  /** Config and layers: what a repository must have before it takes the manifest. */
  readonly blobs: readonly ContentDescriptor[];
  /** Of an index. */
  readonly manifests: readonly ContentDescriptor[];
  readonly subject?: ContentDigest;
  readonly annotations?: Readonly<Record<string, string>>;
};

const imageTypes = new Set(['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json']);
const indexTypes = new Set(['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']);

/**
 * What a manifest says, without a judgement on whether it is whole.
 * @throws DynDataError MANIFEST_INVALID for what is no JSON object, or has descriptors that are none.
 */
export function readOciManifest(bytes: Uint8Array): OciManifest {
  return contentOf(parse(bytes));
}

/**
 * The same for a manifest that is to be stored as `mediaType`: of the four known kinds everything that the kind needs must be there, and
 * nothing of another kind, which other readers might take it for; of kinds that we do not know, what we know is looked at.
 * @throws DynDataError MANIFEST_INVALID
 */
export function requireOciManifest(bytes: Uint8Array, mediaType: string): OciManifest {
  const document = parse(bytes);
  const { schemaVersion, config, layers, manifests } = document;
  if (document.mediaType && document.mediaType !== mediaType)
    throw invalid(`says that it is "${document.mediaType}" and was sent as "${mediaType}"`);
  const isImage = imageTypes.has(mediaType);
  const isIndex = indexTypes.has(mediaType);
  if ((isImage || isIndex) && schemaVersion !== 2) throw invalid('has another schemaVersion than 2');
  if (isImage && (!config || !layers)) throw invalid('has no config or no layers');
  if (isImage && manifests) throw invalid('is an image and has manifests, as an index');
  if (isIndex && !manifests) throw invalid('is an index and has no manifests');
  if (isIndex && (config || layers)) throw invalid('is an index and has a config or layers, as an image');
  return contentOf(document);
}

/** The media type of a manifest that came without one. */
export function mediaTypeOf({ mediaType, manifests, config }: OciManifest): string | undefined {
  if (mediaType) return mediaType;
  if (config) return 'application/vnd.oci.image.manifest.v1+json';
  return manifests.length > 0 ? 'application/vnd.oci.image.index.v1+json' : undefined;
}

/** Whether a layer's bytes are elsewhere: it may be pushed without them. */
export function isElsewhere({ mediaType, urls }: ContentDescriptor): boolean {
  return (
    mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.') || (urls !== null && urls !== undefined && urls.length > 0)
  );
}

function parse(bytes: Uint8Array): z.infer<typeof manifestSchema> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid('is no JSON', cause);
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole');
  throw invalid(`has something else than a manifest has at: ${[...new Set(places)].slice(0, 5).join(', ')}`);
}

function contentOf(document: z.infer<typeof manifestSchema>): OciManifest {
  const { mediaType, artifactType, config, layers, blobs, manifests, subject, annotations } = document;
  return {
    ...(mediaType ? { mediaType } : {}),
    ...(artifactType ? { artifactType } : {}),
    ...(config ? { config } : {}),
    blobs: [...(config ? [config] : []), ...(layers ?? []), ...(blobs ?? [])],
    manifests: manifests ?? [],
    ...(subject ? { subject: subject.digest } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

function invalid(what: string, cause?: unknown): DynDataError {
  return new DynDataError('MANIFEST_INVALID', `The manifest ${what}. Push it again with a tool that writes OCI or Docker manifests.`, {
    cause,
  });
}
