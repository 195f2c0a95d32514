import { type Collected, collectedKinds } from '../core/collection.ts';
import type { RetainedOutcome } from '../core/retention.ts';
import { formatBytes, formatCount, formatTable, shortDigest } from './format.ts';

export function collectedText({ manifests, kinds, removableAt }: Collected, isDryRun: boolean): string {
  const cell = ({ count, sizeBytes }: { count: number; sizeBytes: number }): string =>
    count === 0 ? '-' : `${formatCount(count)} (${formatBytes(sizeBytes)})`;
  const rows = collectedKinds.flatMap((kind) => {
    const of = kinds[kind];
    return of && of.kept.count + of.waiting.count + of.removed.count > 0 ? [[kind, cell(of.kept), cell(of.waiting), cell(of.removed)]] : [];
  });
  return [
    formatTable(['', 'KEPT', 'WAITING', isDryRun ? 'WOULD GO' : 'REMOVED'], rows),
    `${formatCount(manifests)} manifests were looked through.`,
    ...(removableAt === undefined ? [] : [`What waits goes with a run after ${removableAt}, if nothing has come to need it by then.`]),
  ].join('\n');
}

/** How far a run is, or was, in a few words. */
export function collectedBytesText({ step, kinds }: Collected, isDryRun: boolean): string {
  const bytes = Object.values(kinds).reduce((sum, { removed }) => sum + removed.sizeBytes, 0);
  return `${step}, ${formatBytes(bytes)} ${isDryRun ? 'would go' : 'removed'}`;
}

/** The first line says how many; then what was held. */
export function retainedLines({ kept, removed, held }: RetainedOutcome, isDryRun: boolean): string[] {
  const verb = isDryRun ? 'would remove' : 'removed';
  return [
    `${verb} ${removed.length} of ${removed.length + kept + held.length} snapshots`,
    ...held.map(({ digest }) => `  ${shortDigest(digest)} stays: something came to hold it`),
  ];
}
