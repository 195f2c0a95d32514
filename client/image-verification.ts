import { DynDataError } from '../core/errors.ts';
import type { ManifestFile, ManifestSource, ManifestTable } from '../core/manifest.ts';
import type { ImageReader } from './image-reader.ts';
import { inParallel } from './in-parallel.ts';
import { tableLabel } from './restore/data-service.ts';
import { filesOf } from './snapshot-diff.ts';

/** Reading out of the engine and unpacking take turns: one table is read while the other's chunks are hashed. */
const tablesAtOnce = 2;

export type ImageVerification = {
  readonly tables: number;
  readonly chunks: number;
  readonly files: number;
  /** Of what was hashed: chunks in the canonical encoding, and schema files. */
  readonly sizeBytes: number;
  /** What is not as the manifest says, one line each. */
  readonly wrong: readonly string[];
};

/** Unpacks and hashes every chunk and every schema file of a data image, and goes on after what is wrong, so that all of it is named. */
export async function verifyImage(reader: ImageReader, onBytes: (sizeBytes: number) => void): Promise<ImageVerification> {
  const total = { tables: 0, chunks: 0, files: 0, sizeBytes: 0 };
  const wrong: string[] = [];
  const count = (sizeBytes: number): void => {
    total.sizeBytes += sizeBytes;
    onBytes(sizeBytes);
  };
  const unlessWrong = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof DynDataError) || error.code !== 'DIGEST_MISMATCH') throw error;
      wrong.push(what);
    }
  };
  const verifyFile = (file: ManifestFile): Promise<void> =>
    unlessWrong(`schema file ${file.path}`, async () => {
      await reader.text(file);
      count(file.sizeBytes);
      total.files += 1;
    });
  const verifyTable = ({ source, table }: { source: ManifestSource; table: ManifestTable }): Promise<void> => {
    const label = `table ${tableLabel(table)} of ${source.name}`;
    return unlessWrong(`${label}: its chunk files are not those of the manifest`, async () => {
      for await (const { chunk, canonical } of reader.stored(table, table.chunks)) {
        await unlessWrong(`${label}: chunk ${chunk.file}`, async () => {
          count((await canonical()).byteLength);
          total.chunks += 1;
        });
      }
      total.tables += 1;
    });
  };
  for (const source of reader.manifest.sources) for (const file of filesOf(source)) await verifyFile(file);
  const tables = reader.manifest.sources.flatMap((source) => source.tables.map((table) => ({ source, table })));
  await inParallel(tables, tablesAtOnce, verifyTable);
  return { ...total, wrong: wrong.sort() };
}
