import type { ManifestChunk, ManifestTable } from '../../core/manifest.ts';
import type { ImageReader, StoredChunk } from '../image-reader.ts';
import { bySize } from './data-service.ts';
import type { TargetTable } from './mysql-progress.ts';

/**
 * What one transaction loads. Large enough that a statement's own cost is nothing, small enough to be done again and to be kept in memory
 * compressed, some of them at once.
 */
const runBytes = 8 * 1024 * 1024;

/** A run of chunks of one table, read out of the image but not unpacked. */
export type Run = {
  readonly table: ManifestTable;
  /** Of the table in the manifest. */
  readonly number: number;
  readonly first: number;
  readonly chunks: readonly StoredChunk[];
  readonly sizeBytes: number;
};

type PlannedRun = { readonly first: number; readonly chunks: readonly ManifestChunk[]; readonly sizeBytes: number };

type Job = {
  readonly table: ManifestTable;
  readonly number: number;
  readonly target: TargetTable;
  readonly stored: AsyncGenerator<StoredChunk>;
  readonly runs: PlannedRun[];
  restBytes: number;
  begun: boolean;
  /** How many of its runs are being loaded. */
  active: number;
  /** The run after those that were taken, being read. */
  ahead: Promise<Run> | undefined;
};

export type LoadPlan = {
  /**
   * The next run to load, read; undefined when there is none left for who asks. As many tables as there are sessions are under way at once,
   * the largest first, since each has a run in memory. Of those it is one of which the fewest runs are being loaded: two of one table get in
   * each other's way a little.
   */
  take(): Promise<Run | undefined>;
  /** A run is loaded; true where it was its table's last, so that its indexes can be made. */
  done(run: Run): boolean;
  /** Tables that need no loading but may need their indexes. */
  readonly complete: readonly { readonly table: ManifestTable; readonly number: number }[];
  close(): Promise<void>;
};

/** @param options.sharesTables whether several sessions load one table at once */
export function planLoad(
  reader: Pick<ImageReader, 'stored'>,
  tables: readonly ManifestTable[],
  targets: readonly TargetTable[],
  { sessions, sharesTables }: { readonly sessions: number; readonly sharesTables: boolean },
): LoadPlan {
  const jobs: Job[] = [];
  const complete: { table: ManifestTable; number: number }[] = [];
  for (const [number, table] of tables.entries()) {
    const target = targets[number];
    if (!target) continue;
    const runs = runsOf(table, target);
    const restBytes = runs.reduce((sum, run) => sum + run.sizeBytes, 0);
    if (runs.length === 0) complete.push({ table, number });
    else {
      const stored = reader.stored(
        table,
        runs.flatMap(({ chunks }) => chunks),
      );
      jobs.push({ table, number, target, stored, runs, restBytes, begun: false, active: 0, ahead: undefined });
    }
  }
  const order = bySize(jobs.map((job) => ({ job, sizeBytes: job.restBytes }))).map(({ job }) => job);

  const read = async (job: Job, run: PlannedRun, isLast: boolean): Promise<Run> => {
    const chunks: StoredChunk[] = [];
    while (chunks.length < run.chunks.length) {
      const next = await job.stored.next();
      if (next.done) throw new Error(`the reader gave ${chunks.length} of ${run.chunks.length} chunks of the table ${job.table.path}`);
      chunks.push(next.value);
    }
    // To its end, where it is checked that the image has all files of the table.
    if (isLast) await job.stored.next();
    return { table: job.table, number: job.number, first: run.first, chunks, sizeBytes: run.sizeBytes };
  };
  const readAhead = (job: Job): void => {
    const run = job.runs.shift();
    // By the time it is read, others may have been taken from the list.
    const isLast = job.runs.length === 0;
    job.ahead = run && (job.ahead ?? Promise.resolve()).then(() => read(job, run, isLast));
    // Whoever takes it sees the failure; if nobody does, the restore has failed otherwise.
    job.ahead?.catch(() => undefined);
  };
  const left = (job: Job): boolean => job.ahead !== undefined || job.runs.length > 0;
  const choose = (): Job | undefined => {
    const mayBegin = jobs.filter((job) => job.begun && left(job)).length < sessions;
    let best: Job | undefined;
    for (const job of order) {
      if (!left(job) || !(job.begun || mayBegin) || (job.active > 0 && !(sharesTables && job.target.transactional))) continue;
      if (!best || job.active < best.active || (job.active === best.active && job.restBytes > best.restBytes)) best = job;
    }
    return best;
  };

  return {
    complete,
    async take() {
      const job = choose();
      if (!job) return undefined;
      job.begun = true;
      if (!job.ahead) readAhead(job);
      const taken = job.ahead;
      job.active += 1;
      readAhead(job);
      const run = await taken;
      job.restBytes -= run?.sizeBytes ?? 0;
      return run;
    },
    done(run) {
      const job = jobs.find(({ number }) => number === run.number);
      if (!job) return false;
      job.active -= 1;
      return job.active === 0 && !left(job);
    },
    async close() {
      await Promise.allSettled(
        jobs.map(async ({ ahead, stored }) => {
          await ahead?.catch(() => undefined);
          await stored.return(undefined);
        }),
      );
    },
  };
}

function runsOf(table: ManifestTable, target: TargetTable): PlannedRun[] {
  const runs: { first: number; chunks: ManifestChunk[]; sizeBytes: number }[] = [];
  for (const [number, chunk] of table.chunks.entries()) {
    if (target.loaded.has(number)) continue;
    const last = runs.at(-1);
    if (last && last.sizeBytes + chunk.sizeBytes <= runBytes && last.first + last.chunks.length === number) {
      last.chunks.push(chunk);
      last.sizeBytes += chunk.sizeBytes;
    } else runs.push({ first: number, chunks: [chunk], sizeBytes: chunk.sizeBytes });
  }
  return runs;
}
