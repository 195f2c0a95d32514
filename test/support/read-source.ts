import type { CompiledPolicy } from '../../anonymizers/index.ts';
import type { SourceSession } from '../../builder/extraction.ts';
import { createFindings } from '../../builder/leak-scan/findings.ts';
import type { LeakScan } from '../../builder/leak-scan/leak-scan.ts';
import { createProgressMeter } from '../../builder/progress.ts';
import { buildSource, type SourceData } from '../../builder/source-data.ts';
import { createBlobStore, createChunkIndex, createMemoryObjects } from '../../storage/index.ts';

const never = new AbortController().signal;

/** Keeps everything: what is read is asked for, not what becomes of it. */
export const keepAll: CompiledPolicy = {
  policyDigest: `sha256:${'0'.repeat(64)}`,
  keyId: 'none',
  definitions: () => ({ comments: 'keep', drops: () => false }),
  surveys: [],
  literals: [],
  phonePermutations: [],
  accountPermutations: [],
  exemptions: [],
  table: () => ({
    rows: 'all',
    reference: false,
    kept: new Array(100).fill(true),
    reads: [],
    inOrder: false,
    leaks: [],
    transform: () => undefined,
  }),
  directory: () => ({
    transform: (entry) => entry,
    isReference: () => false,
    mapDn: (dn) => dn,
    leaks: { attributes: [], observe: () => undefined, factsOf: () => [] },
  }),
};

/** Nor is anything looked for in it. */
const noScan: LeakScan = {
  observe: async () => undefined,
  source: () => ({
    chunks: (_extraction, _framing, chunks) => chunks,
    isClean: async () => true,
    found: createFindings(),
    exempt: createFindings(),
  }),
  outcome: () => {
    throw new Error('not asked for here');
  },
};

/**
 * Reads a whole source as a build does, with everything kept and nothing looked for. `pointMs` is when the point was being opened, by
 * `performance.now()`.
 * @param objects where its chunks go
 */
export async function readSource(
  session: SourceSession,
  objects = createMemoryObjects(),
): Promise<{ data: SourceData; pointMs: { readonly from: number; readonly to: number } }> {
  const from = performance.now();
  const point = await session.openPoint(never);
  const to = performance.now();
  const description = await session.describe(never);
  const ports = {
    blobs: createBlobStore(objects),
    index: createChunkIndex(objects, 'test'),
    meter: createProgressMeter(() => undefined),
    leakScan: noScan,
    interruptions: { add: () => undefined },
  };
  return { data: await buildSource(session, { point, description }, keepAll, ports, never), pointMs: { from, to } };
}
