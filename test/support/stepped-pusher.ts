import {
  type BlobInfo,
  type BlobLink,
  type ContentDigest,
  canonicalJson,
  type Digest,
  DynDataError,
  digestOf,
  mediaTypes,
  requireOciManifest,
} from '../../core/index.ts';
import { storePushedManifest } from '../../registry/oci/manifest-storing.ts';
import { OciError } from '../../registry/oci-errors.ts';
import type { Push } from '../../storage/index.ts';
import type { CollectedStore } from './collected-store.ts';

export type PushOptions = {
  /** A layer's whole content each. */
  readonly texts: readonly string[];
  readonly mountFrom?: string;
  /** One who remembers from long ago that everything is there, and begins with the manifest. */
  readonly isSure: boolean;
  readonly nowMs: () => number;
  /** For so long what was said to be there must be there. */
  readonly promisedMs: number;
};

export type PushedImage = { readonly digest: Digest; readonly sent: number; readonly refusals: number };

const never = new AbortController().signal;
/** Sendings after which a client gives up. */
const sendTries = 20;

/**
 * An image as a tool pushes it: it asks for each blob, mounts it from the other repository or sends it, where it is not there, and then puts
 * the manifest. Whatever is refused because it has gone is begun again.
 * @throws where something has gone that was said to be there a moment before
 */
export async function pushImage(
  store: CollectedStore,
  repository: string,
  { texts, mountFrom, isSure, nowMs, promisedMs }: PushOptions,
): Promise<PushedImage> {
  const contents = [...texts, '{}'].map((text) => Buffer.from(text));
  const descriptors = contents.map((bytes) => ({ digest: digestOf(bytes), size: bytes.byteLength }));
  const layers = descriptors.slice(0, -1).map((descriptor) => ({ mediaType: mediaTypes.layer, ...descriptor }));
  const config = { mediaType: mediaTypes.imageConfig, ...descriptors.at(-1) };
  const bytes = Buffer.from(canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.imageManifest, config, layers }));
  const manifest = { digest: digestOf(bytes), mediaType: mediaTypes.imageManifest, bytes };
  const content = requireOciManifest(bytes, mediaTypes.imageManifest);
  let sent = 0;
  let refusals = 0;
  for (let tries = 0; tries < sendTries; tries += 1) {
    const askedMs = nowMs();
    const isAsking = tries > 0 || !isSure;
    for (const [at, { digest }] of isAsking ? descriptors.entries() : []) {
      if (await isThere(store, repository, digest)) continue;
      if (mountFrom !== undefined && (await mount(store, { from: mountFrom, to: repository }, digest))) continue;
      sent += 1;
      await send(store, repository, { digest, bytes: contents[at] ?? Buffer.alloc(0) });
    }
    const { blobs, catalog, removal, openPush } = store;
    const ports = { blobs, catalog, changes: catalog, takingBack: removal.catalog, openPush };
    const refused = await storePushedManifest(ports, repository, { manifest, content }, never).then(() => undefined, refusal);
    if (!refused) return { digest: manifest.digest, sent, refusals };
    if (isAsking && nowMs() - askedMs < promisedMs) throw new Error('what was said to be there a moment before has gone');
    refusals += 1;
  }
  throw new DynDataError('CONFLICT', 'The image was removed as often as it was sent.');
}

/** As the answer to HEAD. */
async function isThere({ blobs, catalog, openPush }: CollectedStore, repository: string, digest: Digest): Promise<boolean> {
  const push = await openPush();
  const link = await catalog.link(repository, digest);
  return link !== undefined && (await isStored({ blobs }, link)) && push.hold(repository, link);
}

async function mount(
  { blobs, catalog, openPush }: CollectedStore,
  { from, to }: { readonly from: string; readonly to: string },
  digest: Digest,
): Promise<boolean> {
  const push = await openPush();
  const link = await catalog.link(from, digest);
  return link !== undefined && (await isStored({ blobs }, link)) && push.hold(to, link);
}

async function isStored({ blobs }: Pick<CollectedStore, 'blobs'>, { blob }: BlobLink): Promise<boolean> {
  return (await blobs.stat(blob.digest)) !== undefined;
}

async function send(
  { uploads, openPush }: CollectedStore,
  repository: string,
  { digest, bytes }: { readonly digest: ContentDigest; readonly bytes: Uint8Array },
): Promise<void> {
  for (let tries = 0; tries < sendTries; tries += 1) {
    const push: Push = await openPush();
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes;
    };
    const blob: BlobInfo = await uploads.receive(repository, digest, body(), { sizeBytes: bytes.byteLength });
    if (await push.hold(repository, { digest, blob })) return;
  }
  throw new DynDataError('CONFLICT', 'The blob was removed as often as it was sent.');
}

function refusal(error: unknown): OciError {
  if (error instanceof OciError && error.ociCode === 'MANIFEST_BLOB_UNKNOWN') return error;
  throw error;
}

/** Every manifest of a repository as a tool pulls it, by its links. @throws where any of it is missing or damaged */
export async function pullByLinks({ catalog, blobs }: CollectedStore, repository: string): Promise<Set<string>> {
  const pulled = new Set<string>();
  for await (const { digest, bytes } of catalog.manifests(repository)) {
    const { config, layers } = JSON.parse(Buffer.from(bytes).toString()) as { config: { digest: Digest }; layers: { digest: Digest }[] };
    for (const { digest: part } of [config, ...layers]) {
      const link = await catalog.link(repository, part);
      if (!link) throw new Error(`the link ${part} of ${digest} in ${repository} is missing`);
      for await (const piece of (await blobs.read(link.blob.digest)).bytes) void piece;
    }
    pulled.add(digest);
  }
  return pulled;
}
