import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import {
  type AuditEntry,
  type AuditEntryView,
  type AuditEvent,
  type AuditHead,
  type AuditLog,
  auditEntrySchema,
  auditHeadSchema,
  canonicalJson,
  DynDataError,
  digestOf,
  noEntry,
  type ObjectStore,
} from '../core/index.ts';
import { createAuditReader, type ReadAuditEntry } from './audit-reader.ts';
import { readRecord, writeRecord } from './json-objects.ts';

const anchorSchema = z.strictObject({ version: z.literal(1), ...auditHeadSchema.shape });
const anchorKey = 'audit-head';
/** Somebody else's success makes each try fail, so the log moves on meanwhile. */
const tries = 60;
const longestPauseMs = 40;

export type AuditLogOptions = {
  readonly clock: () => Date;
  /** From 0 to 1, to keep those who append at once from meeting again. */
  readonly random: () => number;
};

/**
 * The audit log over any object store: `audit/<number, 16 digits>`, each written only where it does not exist yet, and `audit-head`, the
 * number and digest of the last one, by which a log that lost its end is noticed.
 */
export function createAuditLog(objects: ObjectStore, { clock, random }: AuditLogOptions): AuditLog {
  const reader = createAuditReader(objects);
  let lastAppend: Promise<unknown> = Promise.resolve();
  let known: AuditHead | undefined;

  const anchor = () => readRecord(objects, anchorKey, anchorSchema);

  /** The last entry: forward from where the anchor or our own memory says, because numbers have no gap. */
  const findHead = async (): Promise<AuditHead> => {
    const anchored = (await anchor())?.record;
    let head: AuditHead | undefined = known;
    if (anchored && anchored.number > (head?.number ?? 0)) head = { number: anchored.number, hash: anchored.hash };
    head ??= await reader.lastListed();
    for (let next = await reader.read(head.number + 1); next; next = await reader.read(head.number + 1)) {
      head = { number: next.number, hash: next.hash };
    }
    return head;
  };

  /** Only ever forward: another process may have written a later one already. */
  const moveAnchor = async (head: AuditHead): Promise<void> => {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const found = await anchor();
      if (found && found.record.number >= head.number) return;
      try {
        await writeRecord(objects, anchorKey, { version: 1, ...head }, { condition: found ? { etag: found.info.etag } : 'absent' });
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
        await sleep(random() * longestPauseMs);
      }
    }
    throw tooMany();
  };

  const append = async (event: AuditEvent): Promise<AuditEntryView> => {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const head = attempt === 0 && known ? known : await findHead();
      known = head;
      const entry: AuditEntry = auditEntrySchema.parse({
        ...event,
        version: 1,
        number: head.number + 1,
        previous: head.hash,
        at: clock().toISOString(),
      });
      const bytes = new TextEncoder().encode(canonicalJson(entry));
      try {
        await objects.write(reader.keyOf(entry.number), bytes, { sizeBytes: bytes.byteLength, condition: 'absent' });
      } catch (error) {
        // What became of a write that failed otherwise is not known: the entry may be there.
        known = undefined;
        if (!isConflict(error)) throw error;
        await sleep(random() * Math.min(longestPauseMs, 2 ** attempt));
        continue;
      }
      const written = { number: entry.number, hash: digestOf(bytes) };
      known = written;
      await moveAnchor(written);
      return { ...entry, hash: written.hash };
    }
    throw tooMany();
  };

  return {
    append(event) {
      // One after another: this process must not compete with itself.
      const mine = lastAppend.then(() => append(event));
      lastAppend = mine.catch(() => undefined);
      return mine;
    },

    async *entries({ below, signal } = {}) {
      const head = await findHead();
      yield* reader.downFrom(Math.min(head.number, (below ?? Number.POSITIVE_INFINITY) - 1), signal);
    },

    async verify({ known: kept, signal } = {}) {
      let last: AuditHead = { number: 0, hash: noEntry };
      let isKeptFound = kept === undefined;
      let broken: { number: number; reason: string } | undefined;
      const anchored = (await anchor())?.record;
      for await (const read of reader.upFrom(signal)) {
        const reason = faultOf(read, last);
        if (reason !== undefined) {
          broken = { number: last.number + 1, reason };
          break;
        }
        if (read.number === anchored?.number && read.hash !== anchored.hash) {
          broken = { number: read.number, reason: 'it is another one than the head of the log says' };
          break;
        }
        if (read.number === kept?.number) {
          isKeptFound = read.hash === kept.hash;
          if (!isKeptFound) {
            broken = { number: read.number, reason: 'it is another one than the head that was kept says' };
            break;
          }
        }
        last = { number: read.number, hash: read.hash };
      }
      if (!broken && anchored && anchored.number > last.number) {
        broken = { number: last.number + 1, reason: `it is gone, with all up to ${anchored.number}, the head of the log` };
      }
      if (!broken && kept && !isKeptFound) {
        broken = { number: last.number + 1, reason: `it is gone, with all up to ${kept.number}, the head that was kept` };
      }
      if (!broken && !anchored && last.number > 0) {
        broken = { number: last.number + 1, reason: 'the head of the log is gone, so entries behind this place may be gone too' };
      }
      return { entries: last.number, ...(last.number > 0 ? { head: last } : {}), ...(broken ? { broken } : {}) };
    },
  };
}

/** What is wrong with an entry that should follow `last`; undefined where nothing is. */
function faultOf(read: ReadAuditEntry, last: AuditHead): string | undefined {
  if (read.number !== last.number + 1) return `it is gone; entry ${read.number} follows`;
  if (!read.entry) return 'it is no entry of an audit log';
  if (read.entry.number !== read.number) return `it holds the number ${read.entry.number}`;
  if (read.entry.previous === last.hash) return undefined;
  return last.number === 0
    ? 'it does not begin the log'
    : `it does not follow entry ${last.number} as that one is now: one of the two was changed`;
}

function isConflict(error: unknown): boolean {
  return error instanceof DynDataError && error.code === 'CONFLICT';
}

function tooMany(): DynDataError {
  return new DynDataError('CONFLICT', 'Too many changes are being recorded in the audit log at once. Nothing was changed; try again.');
}
