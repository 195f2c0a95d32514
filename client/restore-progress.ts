import type { ManifestSource } from '../core/manifest.ts';
import type { Context } from './context.ts';
import { formatBar, formatBytes, formatCount } from './format.ts';
import type { RestoreReason } from './restore/restore-service.ts';

/** Without a terminal, a long restore says every so often that it lives. */
const lineEveryMs = 10_000;

/** Tells how far one service's restore is, in bytes of the canonical encoding. */
export function createRestoreProgress(
  options: Pick<Context, 'output' | 'now'> & { readonly service: string; readonly source: ManifestSource },
) {
  const { output, now, service, source } = options;
  const totals = { rows: 0, sizeBytes: 0 };
  for (const { rows, sizeBytes } of source.tables) {
    totals.rows += rows;
    totals.sizeBytes += sizeBytes;
  }
  let loadedBytes = 0;
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
    resume(loaded: { readonly tables: number; readonly sizeBytes: number }): void {
      loadedBytes = loaded.sizeBytes;
      output.note(
        `${service}: resumes: ${loaded.tables} of ${source.tables.length} tables are loaded already, in all ${formatBytes(loaded.sizeBytes)} of ${formatBytes(totals.sizeBytes)}`,
      );
    },
    add(sizeBytes: number): void {
      addedBytes += sizeBytes;
      const doneBytes = loadedBytes + addedBytes;
      const ms = now().getTime();
      const bytesPerSecond = Math.round((addedBytes * 1000) / Math.max(1, ms - startedMs));
      const rate = formatBytes(bytesPerSecond);
      output.progress({ service, doneBytes, totalBytes: totals.sizeBytes, bytesPerSecond });
      const bar = formatBar(doneBytes, totals.sizeBytes);
      output.live(service, `${service}: ${bar}  ${formatBytes(doneBytes)} of ${formatBytes(totals.sizeBytes)}  ${rate}/s`);
      if (ms - lineMs < lineEveryMs) return;
      lineMs = ms;
      if (!output.isTerminal) output.note(`${service}: ${formatBytes(doneBytes)} of ${formatBytes(totals.sizeBytes)} loaded, ${rate}/s`);
    },
    end(): void {
      output.live(service, undefined);
    },
  };
}
