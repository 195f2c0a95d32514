import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import * as tar from 'tar-stream';
import { type Digest, digestOf, verified } from '../core/digest.ts';
import { DynDataError } from '../core/errors.ts';
import { manifestPath, snapshotRoot } from '../core/image.ts';
import { decodeManifest, type Manifest, type ManifestChunk, type ManifestFile, type ManifestTable } from '../core/manifest.ts';
import { engineFailed, helperLabel } from './engine.ts';
import { lastLines, type Runner } from './process.ts';

/** Far above what a manifest of thousands of tables needs; a file beyond it is no manifest. */
const manifestMaxBytes = 256 * 1024 * 1024;
const removeTimeoutMs = 20_000;

/**
 * The files of a data image, read through a container that is created and never started: `docker cp` streams them as tar, so nothing is
 * unpacked on this machine and remote engines work. Disposing removes the container.
 */
export type ImageReader = AsyncDisposable & {
  readonly manifest: Manifest;
  /** Of the bytes of manifest.json in the image. */
  readonly manifestDigest: Digest;
  /** An SQL file, checked in passing. */
  file(file: ManifestFile): AsyncGenerator<Uint8Array>;
  /**
   * The canonical encoding of a table's chunks, one piece per chunk, in loading order; a piece is handed on only after its digest was
   * found right. At most two chunks are in memory. @throws DIGEST_MISMATCH naming table and file.
   */
  table(table: ManifestTable, onChunk?: (chunk: ManifestChunk) => void): AsyncGenerator<Uint8Array>;
};

/**
 * @param owner value of the helper label, so that the next run of the same project removes what a killed one left.
 * @throws DynDataError ENGINE_FAILED, MANIFEST_INVALID
 */
export async function openImage(processes: Runner, image: string, owner: string): Promise<ImageReader> {
  // An image without a command needs a word in its place; it is never run.
  const created = await processes.run('docker', ['create', '--label', `${helperLabel}=${owner}`, image, 'never-started']);
  if (created.exitCode !== 0) throw engineFailed('docker create', lastLines(created));
  const container = created.stdout.trim();
  const remove = async (): Promise<void> => {
    // Must work after an interruption too.
    await processes
      .run('docker', ['rm', '--force', '--volumes', container], { despiteInterruption: true, timeoutMs: removeTimeoutMs })
      .catch(() => undefined);
  };
  try {
    const bytes = await readManifest(processes, container);
    return {
      manifest: decodeManifest(bytes),
      manifestDigest: digestOf(bytes),
      file: (file) => readFile(processes, container, file),
      table: (table, onChunk) => readTable(processes, container, table, onChunk),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The package's own types leave out that an entry is a stream of bytes. */
type TarEntry = AsyncIterable<Uint8Array> & { readonly header: tar.Header; resume(): void };
type TarFile = { readonly name: string; readonly sizeBytes: number; readonly bytes: AsyncIterable<Uint8Array> };

/** The regular files at a path of the container, in the order of their names. */
async function* tarFiles(processes: Runner, container: string, path: string): AsyncGenerator<TarFile> {
  const copy = processes.stream('docker', ['cp', `${container}:${path}`, '-']);
  const extract = tar.extract();
  copy.stdout.on('error', (error) => extract.destroy(error));
  copy.stdout.pipe(extract);
  try {
    for await (const entry of extract as unknown as AsyncIterable<TarEntry>) {
      if (entry.header.type === 'file') {
        yield { name: entry.header.name.slice(entry.header.name.lastIndexOf('/') + 1), sizeBytes: entry.header.size, bytes: entry };
      }
      entry.resume();
    }
    const { exitCode } = await copy.done;
    if (exitCode !== 0) throw missing(path);
  } catch (error) {
    if (error instanceof DynDataError) throw error;
    await copy.done;
    throw missing(path, error);
  } finally {
    copy.stop();
    extract.destroy();
  }
}

async function readManifest(processes: Runner, container: string): Promise<Uint8Array> {
  for await (const { sizeBytes, bytes } of tarFiles(processes, container, manifestPath)) {
    if (sizeBytes > manifestMaxBytes) break;
    return await collect(bytes);
  }
  throw new DynDataError(
    'MANIFEST_INVALID',
    `The image has no usable ${manifestPath}: it is no snapshot of dyn-data. Check the reference and pull again.`,
  );
}

async function* readFile(processes: Runner, container: string, file: ManifestFile): AsyncGenerator<Uint8Array> {
  const path = `${snapshotRoot}/${file.path}`;
  for await (const { bytes } of tarFiles(processes, container, path)) {
    yield* verified(bytes, { digest: file.digest as Digest, sizeBytes: file.sizeBytes, what: `The file ${path} of the image` });
    return;
  }
  throw missing(path);
}

async function* readTable(
  processes: Runner,
  container: string,
  table: ManifestTable,
  onChunk: ((chunk: ManifestChunk) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  if (table.chunks.length === 0) return;
  const expected = [...table.chunks].sort((a, b) => (a.file < b.file ? -1 : 1));
  let seen = 0;
  for await (const file of tarFiles(processes, container, `${snapshotRoot}/${table.path}`)) {
    const chunk = expected[seen];
    if (chunk?.file !== file.name || file.sizeBytes !== chunk.storedBytes) throw mismatch(table, chunk?.file ?? file.name);
    yield await decompress(table, chunk, await collect(file.bytes));
    onChunk?.(chunk);
    seen += 1;
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

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
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
