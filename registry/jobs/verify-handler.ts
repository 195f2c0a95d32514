import * as z from 'zod/mini';
import {
  type BlobReader,
  type CatalogReader,
  type Checked,
  type ChunkIndex,
  type ContentDigest,
  contentDigestSchema,
  type Digest,
  DynDataError,
  decodeManifest,
  isContentDigest,
  type JobHandler,
  type JobHooks,
} from '../../core/index.ts';

const descriptor = z.object({ digest: contentDigestSchema });
/** What of any manifest names other things: images and indexes, of ours and of other tools. */
const manifestSchema = z.object({
  config: z.optional(descriptor),
  layers: z.optional(z.array(descriptor)),
  manifests: z.optional(z.array(descriptor)),
});

/** Bytes between two reports. */
const reportedBytes = 8_000_000;
const shownDamages = 100;

export type VerifyPorts = {
  readonly catalog: CatalogReader;
  readonly blobs: BlobReader;
  /** Finds the parts of a damaged layer, to name the table; without it the layer alone is named. */
  readonly index?: ChunkIndex;
};

/** Reads and hashes again everything that a snapshot, or all of a repository, is made of, each blob once. */
export function createVerifyHandler(ports: VerifyPorts): JobHandler {
  return {
    resources: ({ repository = '' }) => [`verify ${repository}`],
    async run({ repository, snapshot }, hooks) {
      if (repository === undefined) throw new DynDataError('REQUEST_INVALID', 'A verification needs a repository.');
      const damages = await verify(repository, snapshot, ports, hooks);
      if (damages.length === 0) return {};
      const shown = damages.slice(0, shownDamages);
      if (damages.length > shown.length) shown.push(`and ${damages.length - shown.length} more, in the job's log`);
      throw new DynDataError(
        'VERIFY_FAILED',
        `In the repository "${repository}" something is damaged or missing. Restore the objects named below from a backup of the storage, or remove the snapshots and take them again.`,
        { details: shown },
      );
    },
  };
}

/** A sentence for each thing that is damaged. */
async function verify(repository: string, only: string | undefined, ports: VerifyPorts, hooks: JobHooks): Promise<string[]> {
  const { catalog, blobs } = ports;
  const { signal } = hooks;
  const wanted =
    only === undefined ? await everyManifest(catalog, repository, signal) : await oneManifest(catalog, repository, only, signal);
  const damages: string[] = [];
  const checked: Checked = { snapshotsDone: 0, snapshotsTotal: wanted.size, blobsDone: 0, bytesDone: 0 };
  /** The word on every blob read so far: it may be part of many snapshots. */
  const verdicts = new Map<Digest, DynDataError | undefined>();
  let unreported = 0;

  const damaged = (sentence: string, { code }: DynDataError): void => {
    damages.push(sentence);
    hooks.onEvent({ event: 'damaged', code, detail: sentence });
  };
  const readWhole = async (blob: Digest): Promise<void> => {
    for await (const piece of (await blobs.read(blob, { signal })).bytes) {
      checked.bytesDone += piece.byteLength;
      unreported += piece.byteLength;
      if (unreported < reportedBytes) continue;
      unreported = 0;
      hooks.onChecked({ ...checked });
    }
  };
  const verdictOn = async (blob: Digest): Promise<DynDataError | undefined> => {
    if (!verdicts.has(blob)) {
      verdicts.set(blob, await damageOf(() => readWhole(blob)));
      checked.blobsDone += 1;
    }
    return verdicts.get(blob);
  };
  /** By the link, which is what a pull goes by. */
  const verdictOnLinked = async (part: ContentDigest): Promise<DynDataError | undefined> => {
    const link = await catalog.link(repository, part, signal);
    return link ? verdictOn(link.blob.digest) : new DynDataError('BLOB_UNKNOWN', 'The repository has no such blob.');
  };
  const verifyManifest = async (of: ContentDigest, name: string): Promise<void> => {
    let content: z.infer<typeof manifestSchema> = {};
    const error = await damageOf(async () => {
      const stored = await catalog.manifest(repository, of, signal);
      if (!stored) throw new DynDataError('BLOB_UNKNOWN', 'The manifest is missing.');
      content = parseManifest(stored.bytes);
    });
    if (error) return damaged(`${name}: its manifest is ${wordFor(error)}`, error);
    let hasDamage = false;
    const parts = [
      ...(content.config ? [{ ...content.config, role: 'config' }] : []),
      ...(content.layers ?? []).map((layer, at) => ({ ...layer, role: `layer ${at + 1}` })),
    ];
    for (const { digest: blob, role } of parts) {
      const verdict = await verdictOnLinked(blob);
      if (!verdict) continue;
      hasDamage = true;
      damaged(`${name}: ${role}, ${blob}, is ${wordFor(verdict)}`, verdict);
    }
    for (const { digest: child } of content.manifests ?? []) await verifyManifest(child, `${name}, part ${child}`);
    if (!hasDamage) return;
    for await (const place of damagedPlaces(repository, of, ports, verdictOn, signal)) damaged(`${name}: ${place.sentence}`, place.error);
  };

  for (const [of, names] of wanted) {
    signal.throwIfAborted();
    await verifyManifest(of, `${of}${names.length > 0 ? ` (${names.join(', ')})` : ''}`);
    checked.snapshotsDone += 1;
    hooks.onChecked({ ...checked });
  }
  return damages;
}

/** Which chunks of which tables a damaged snapshot has lost, as far as its own manifest can still be read. */
async function* damagedPlaces(
  repository: string,
  of: ContentDigest,
  { catalog, blobs, index }: VerifyPorts,
  verdictOn: (blob: Digest) => Promise<DynDataError | undefined>,
  signal: AbortSignal,
): AsyncGenerator<{ sentence: string; error: DynDataError }> {
  const record = await catalog.snapshot(repository, of, signal);
  if (!record || !index || (await verdictOn(record.manifestDigest))) return;
  const bytes: Uint8Array[] = [];
  for await (const piece of (await blobs.read(record.manifestDigest, { signal })).bytes) bytes.push(piece);
  for (const source of decodeManifest(Buffer.concat(bytes)).sources) {
    for (const table of source.tables) {
      for (const chunk of table.chunks) {
        const stored = await index.find(chunk.digest, signal);
        const error = stored && (await verdictOn(stored.digest));
        if (stored && error)
          yield {
            sentence: `${source.name}, table ${table.schema}.${table.name}, file ${chunk.file}, ${stored.digest}, is ${wordFor(error)}`,
            error,
          };
      }
    }
  }
}

type Wanted = Map<ContentDigest, string[]>;

/** All snapshots and everything that has a tag. */
async function everyManifest(catalog: CatalogReader, repository: string, signal: AbortSignal): Promise<Wanted> {
  const wanted: Wanted = new Map();
  for await (const { digest: of } of catalog.snapshots(repository, { signal })) wanted.set(of, []);
  for await (const { tag, digest: of } of catalog.tags(repository, { signal })) wanted.set(of, [...(wanted.get(of) ?? []), tag]);
  return wanted;
}

async function oneManifest(catalog: CatalogReader, repository: string, only: string, signal: AbortSignal): Promise<Wanted> {
  if (isContentDigest(only) && (await catalog.snapshot(repository, only, signal))) return new Map([[only, []]]);
  throw new DynDataError('SNAPSHOT_UNKNOWN', `The repository "${repository}" has no snapshot ${only}.`);
}

function parseManifest(bytes: Uint8Array): z.infer<typeof manifestSchema> {
  try {
    return manifestSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new DynDataError('MANIFEST_INVALID', 'The manifest cannot be read.', { cause });
  }
}

/** @throws what says nothing about the data, such as a storage that does not answer. */
async function damageOf(work: () => Promise<void>): Promise<DynDataError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const isDamage = error instanceof DynDataError && ['DIGEST_MISMATCH', 'BLOB_UNKNOWN', 'MANIFEST_INVALID'].includes(error.code);
    if (isDamage) return error;
    throw error;
  }
}

function wordFor({ code }: DynDataError): string {
  return code === 'BLOB_UNKNOWN' ? 'missing' : 'damaged';
}
