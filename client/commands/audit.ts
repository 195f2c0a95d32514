import type { AuditEntryView } from '../../core/audit.ts';
import { DynDataError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { fitTable } from '../fitted-table.ts';
import { formatCount } from '../format.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';

const columns = [
  { header: 'NO' },
  { header: 'TIME' },
  { header: 'WHO', dispensable: 1 },
  { header: 'FROM', dispensable: 4 },
  { header: 'ACTION' },
  { header: 'TARGET', dispensable: 2 },
  { header: 'CHANGE', dispensable: 3 },
];

/** `dyn-data audit list`: who changed what, the newest first. */
export async function auditList(context: Context, { limit }: { limit: number }): Promise<void> {
  const { config } = await openProject(context);
  const entries: AuditEntryView[] = [];
  for await (const entry of openRegistry(context, config.registry).access.auditEntries()) {
    entries.push(entry);
    if (entries.length >= limit) break;
  }
  const rows = entries.map((entry) => [
    String(entry.number),
    entry.at,
    entry.actor.name,
    entry.address ?? '-',
    entry.failure ? `${entry.action} FAILED` : entry.action,
    entry.target,
    changeOf(entry),
  ]);
  const text = rows.length === 0 ? 'Nothing was changed yet.' : fitTable(columns, rows, context.output.columns);
  context.output.result(text, { version: 1, entries });
}

/** `dyn-data audit verify`: fails where the log was tampered with. @param head `NUMBER:DIGEST` that was kept elsewhere */
export async function auditVerify(context: Context, { head }: { head: string | undefined }): Promise<void> {
  const { config } = await openProject(context);
  const found = await openRegistry(context, config.registry).access.verifyAudit(head);
  if (found.broken) {
    const { number, reason } = found.broken;
    const next = 'Keep what is stored as it is, find out who can write to the storage beside the registry, and compare with a copy.';
    throw new DynDataError('VERIFY_FAILED', `The audit log is not whole from entry ${number} on: ${reason}. ${next}`, {
      details: [`entries before it that are whole: ${found.entries}`],
    });
  }
  const text = found.head
    ? `The audit log is whole: ${formatCount(found.entries)} entries.\nKeep its head elsewhere, to notice later if its end is cut off: --head ${found.head.number}:${found.head.hash}`
    : 'The audit log is empty.';
  context.output.result(text, { version: 1, ...found });
}

function changeOf({ from, to, failure }: AuditEntryView): string {
  if (failure) return `entry ${failure.number} was not carried out: ${failure.code}`;
  if (from !== undefined && to !== undefined) return `${from} → ${to}`;
  return to ?? from ?? '';
}
