import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { type Digest, digestOf, verified } from '../core/digest.ts';
import { DynDataError } from '../core/errors.ts';
import { manifestPath, snapshotRoot } from '../core/image.ts';
import { decodeManifest, type Manifest, type ManifestChunk, type ManifestFile, type ManifestTable } from '../core/manifest.ts';
import { engineFailed } from './engine.ts';
import { createImageContainers, type ImageContainers } from './image-containers.ts';
import { lastLines, type ProcessResult, type Runner } from './process.ts';
import { collect } from './small-bytes.ts';
import { type TarFile, tarFiles } from './tar-files.ts';

/** Far above what a manifest or a schema of thousands of tables needs; what is beyond it is not read. */
export const inMemoryMaxBytes = 256 * 1024 * 1024;

/**
 * The files of a data image, read through containers that are created and never started: `docker cp` streams them as tar, so nothing is
 * unpacked on this machine and remote engines work. What is read at the same time has a container each. Disposing removes them.
 */
export type ImageReader = AsyncDisposable & {
  readonly manifest: Manifest;
  /** Those of manifest.json in the image. */
  readonly manifestBytes: Uint8Array;
  /** Of the same bytes. */
  readonly manifestDigest: Digest;
  /** A schema file, checked. Those of a source are read at once when the first is asked for, and stay in memory. */
  text(file: ManifestFile): Promise<string>;
  /**
   * The canonical encoding of a table's chunks (of those that the given table has: a part of them or all), one piece per chunk, in loading order; a piece is handed on only after its digest was
   * found right. At most two chunks are in memory. @throws DIGEST_MISMATCH naming table and file.
   */
  table(table: ManifestTable, onChunk?: (chunk: ManifestChunk) => void): AsyncGenerator<Uint8Array>;
  /** These chunks of a table, in loading order, as they are in the image: for who unpacks them later, or several at once. */
  stored(table: ManifestTable, chunks: readonly ManifestChunk[]): AsyncGenerator<StoredChunk>;
};

export type StoredChunk = {
  readonly chunk: ManifestChunk;
  /** Unpacks it. @throws DIGEST_MISMATCH naming table and file where it is not what the manifest says. */
  canonical(): Promise<Uint8Array>;
};

/**
 * @param owner value of the helper label, so that the next run of the same project removes what a killed one left.
 * @param known the bytes of its manifest; read out of the image where left out
 * @throws DynDataError ENGINE_FAILED, MANIFEST_INVALID
 */
export async function openImage(processes: Runner, image: string, owner: string, known?: Uint8Array): Promise<ImageReader> {
  const containers = createImageContainers(processes, image, owner);
  try {
    const manifestBytes = known ?? (await readManifest(processes, containers));
    const manifest = decodeManifest(manifestBytes);
    const wholeTables = new Map(manifest.sources.flatMap(({ tables }) => tables.map((table) => [table.path, table])));
    /** As it is in the image, whatever part of it is asked for. */
    const whole = (table: ManifestTable): ManifestTable => wholeTables.get(table.path) ?? table;
    return {
      manifest,
      manifestBytes,
      manifestDigest: digestOf(manifestBytes),
      text: createTextReader(processes, containers),
      async *table(table, onChunk) {
        for await (const { chunk, canonical } of readChunks(processes, containers, whole(table), table.chunks)) {
          yield await canonical();
          onChunk?.(chunk);
        }
      },
      stored: (table, chunks) => readChunks(processes, containers, whole(table), chunks),
      [Symbol.asyncDispose]: () => containers[Symbol.asyncDispose](),
    };
  } catch (error) {
    await containers[Symbol.asyncDispose]();
    throw error;
  }
}

/** The regular files at a path of the container, in the order of their names. */
async function* filesAt(processes: Runner, containers: ImageContainers, path: string): AsyncGenerator<TarFile> {
  const container = await containers.take();
  const copy = processes.open('docker', ['cp', `${container}:${path}`, '-']);
  try {
    yield* tarFiles(copy.stdout);
    await requireCopied(copy.done, path);
  } catch (error) {
    if (error instanceof DynDataError) throw error;
    await requireCopied(copy.done, path, error);
    throw missing(path, error);
  } finally {
    copy.stop();
    containers.giveBack(container);
  }
}

/** An engine that went away is no reason to take the image for damaged. */
async function requireCopied(done: Promise<ProcessResult>, path: string, cause?: unknown): Promise<void> {
  const result = await done;
  if (result.exitCode === 0) return;
  if (/could not find the file|no such file/i.test(result.stderr)) throw missing(path, cause);
  throw engineFailed('docker cp', lastLines(result, 3));
}

async function readManifest(processes: Runner, containers: ImageContainers): Promise<Uint8Array> {
  const bytes = (await readFiles(processes, containers, manifestPath)).get(posix.basename(manifestPath));
  if (bytes) return bytes;
  throw new DynDataError(
    'MANIFEST_INVALID',
    `The image has no usable ${manifestPath}: it is no snapshot of dyn-data. Check the reference and pull again.`,
  );
}

/** Each copy out of the image is a process of its own, so the schema files of a source are all read by one. */
function createTextReader(processes: Runner, containers: ImageContainers): ImageReader['text'] {
  const folders = new Map<string, ReturnType<typeof readFiles>>();
  return async (file) => {
    const path = `${snapshotRoot}/${file.path}`;
    const folder = posix.dirname(path);
    const reading = folders.get(folder) ?? readFiles(processes, containers, folder);
    folders.set(folder, reading);
    const bytes = (await reading).get(posix.basename(path));
    if (!bytes) throw missing(path);
    const expected = { digest: file.digest as Digest, sizeBytes: file.sizeBytes, what: `The file ${path} of the image` };
    return Buffer.from(await collect(verified(Readable.from([bytes]), expected))).toString();
  };
}

/** The regular files at a path of the image, by their names. */
async function readFiles(processes: Runner, containers: ImageContainers, path: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  let readBytes = 0;
  for await (const { path: file, sizeBytes, bytes } of filesAt(processes, containers, path)) {
    readBytes += sizeBytes;
    if (readBytes > inMemoryMaxBytes) break;
    files.set(posix.basename(file), await collect(bytes));
  }
  return files;
}

async function* readChunks(
  processes: Runner,
  containers: ImageContainers,
  table: ManifestTable,
  chunks: readonly ManifestChunk[],
): AsyncGenerator<StoredChunk> {
  if (chunks.length === 0) return;
  const wanted = new Set(chunks);
  const expected = [...table.chunks].sort((a, b) => (a.file < b.file ? -1 : 1));
  let seen = 0;
  for await (const file of filesAt(processes, containers, `${snapshotRoot}/${table.path}`)) {
    const chunk = expected[seen];
    if (chunk?.file !== posix.basename(file.path) || file.sizeBytes !== chunk.storedBytes)
      throw mismatch(table, chunk?.file ?? posix.basename(file.path));
    seen += 1;
    if (!wanted.has(chunk)) continue;
    const stored = await collect(file.bytes);
    yield { chunk, canonical: () => decompress(table, chunk, stored) };
  }
  const absent = expected[seen];
  if (absent) throw mismatch(table, absent.file);
}

const zstdDecompress = (bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> =>
  promisify(zlib.zstdDecompress)(bytes, { maxOutputLength: Math.max(1, maxBytes) });

async function decompress(table: ManifestTable, chunk: ManifestChunk, stored: Uint8Array): Promise<Uint8Array> {
  // Bounded by what the manifest says, so that a frame that grows without end is refused, not unpacked.
  const canonical = await zstdDecompress(stored, chunk.sizeBytes).catch((error: unknown) => {
    throw mismatch(table, chunk.file, error);
  });
  if (canonical.byteLength !== chunk.sizeBytes || digestOf(canonical) !== chunk.digest) throw mismatch(table, chunk.file);
  return canonical;
}

function mismatch(table: ManifestTable, file: string, cause?: unknown): DynDataError {
  return new DynDataError(
    'DIGEST_MISMATCH',
    `The chunk ${file} of the table ${table.schema}.${table.name} (${snapshotRoot}/${table.path}) is not what the manifest says: the image was damaged or changed. Remove the image (docker image rm), pull it again and run \`dyn-data up\` again; if it comes back, have the registry's storage verified.`,
    { cause },
  );
}

function missing(path: string, cause?: unknown): DynDataError {
  return new DynDataError(
    'DIGEST_MISMATCH',
    `The image does not give the file ${path} that its manifest names: it is damaged or incomplete. Remove the image (docker image rm), pull it again and run the command again.`,
    { cause },
  );
}
