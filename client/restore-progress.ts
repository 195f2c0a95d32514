import type { ManifestSource } from '../core/manifest.ts';
import type { Context } from './context.ts';
import { formatBar, formatBytes, formatCount } from './format.ts';
import { type Loaded, sumOf } from './restore/loaded.ts';
import type { RestoreReason } from './restore/restore-service.ts';

/** Without a terminal, a long restore says every so often that it lives. */
const lineEveryMs = 10_000;

/** Tells how far one service's restore is, in bytes of the canonical encoding. */
export function createRestoreProgress(
  options: Pick<Context, 'output' | 'now'> & { readonly service: string; readonly source: ManifestSource },
) {
  const { output, now, service, source } = options;
  const totals = sumOf(source.tables);
  const done = { rows: 0, sizeBytes: 0 };
  let addedBytes = 0;
  let startedMs = now().getTime();
  let lineMs = startedMs;
  const reasons = {
    new: '',
    interrupted: 'an earlier restore was interrupted; ',
    'other-snapshot': 'it holds another snapshot; ',
    replace: 'replacing what it holds; ',
  } as const;
  return {
    begin(why: RestoreReason): void {
      startedMs = now().getTime();
      lineMs = startedMs;
      output.note(
        `${service}: ${reasons[why]}restoring ${source.tables.length} tables, ${formatCount(totals.rows)} rows, ${formatBytes(totals.sizeBytes)}`,
      );
    },
    /** What an earlier restore has loaded already. */
    resume(loaded: Loaded & { readonly tables: number }): void {
      done.rows += loaded.rows;
      done.sizeBytes += loaded.sizeBytes;
      output.note(
        `${service}: resumes: ${loaded.tables} of ${source.tables.length} tables are loaded already, in all ${formatBytes(loaded.sizeBytes)} of ${formatBytes(totals.sizeBytes)}`,
      );
    },
    add({ rows, sizeBytes }: Loaded): void {
      done.rows += rows;
      done.sizeBytes += sizeBytes;
      addedBytes += sizeBytes;
      const ms = now().getTime();
      const bytesPerSecond = Math.round((addedBytes * 1000) / Math.max(1, ms - startedMs));
      output.progress({
        service,
        doneBytes: done.sizeBytes,
        totalBytes: totals.sizeBytes,
        bytesPerSecond,
        doneRows: done.rows,
        totalRows: totals.rows,
      });
      const secondsLeft = (totals.sizeBytes - done.sizeBytes) / Math.max(1, bytesPerSecond);
      const parts = [
        `${formatBytes(done.sizeBytes)} of ${formatBytes(totals.sizeBytes)}`,
        `${formatBytes(bytesPerSecond)}/s`,
        `${formatLeft(secondsLeft)} left`,
        `${formatCount(done.rows)} of ${formatCount(totals.rows)} rows`,
      ];
      output.live(service, `${service}: ${formatBar(done.sizeBytes, totals.sizeBytes)}  ${parts.join('  ')}`);
      if (ms - lineMs < lineEveryMs) return;
      lineMs = ms;
      if (!output.isTerminal) output.note(`${service}: loaded ${parts.join(', ')}`);
    },
    end(): void {
      output.live(service, undefined);
    },
  };
}

/** An estimate: whole seconds, from a minute on whole minutes. */
const formatLeft = (seconds: number): string => (seconds < 60 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);
