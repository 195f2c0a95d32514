import {
  type AuditEntry,
  type AuditEntryView,
  type AuditHead,
  auditEntrySchema,
  type Digest,
  digestOf,
  noEntry,
  type ObjectStore,
} from '../core/index.ts';
import { gather } from './byte-streams.ts';
import { mapAhead } from './read-ahead.ts';

const prefix = 'audit/';
const numberDigits = 16;
const entriesAhead = 16;
/** Far above any entry. */
const maxEntryBytes = 64 * 1024;

/** What lies under the key of entry `number`: `entry` is absent where it is none. */
export type ReadAuditEntry = {
  readonly number: number;
  readonly hash: Digest;
  readonly entry?: AuditEntry;
};

export type AuditReader = {
  keyOf(number: number): string;
  read(number: number, signal?: AbortSignal): Promise<ReadAuditEntry | undefined>;
  /** Found by reading all keys: the way where no head is known. */
  lastListed(): Promise<AuditHead>;
  upFrom(signal?: AbortSignal): AsyncGenerator<ReadAuditEntry>;
  /** Whole entries from `number` down to the first. */
  downFrom(number: number, signal?: AbortSignal): AsyncGenerator<AuditEntryView>;
};

/** Reads the entries of an audit log as they are stored, whatever became of them. */
export function createAuditReader(objects: ObjectStore): AuditReader {
  const keyOf = (number: number): string => `${prefix}${String(number).padStart(numberDigits, '0')}`;
  const numberOf = (key: string): number => (/^\d{16}$/.test(key.slice(prefix.length)) ? Number(key.slice(prefix.length)) : 0);

  const read = async (number: number, signal?: AbortSignal): Promise<ReadAuditEntry | undefined> => {
    const range = { start: 0, end: maxEntryBytes };
    const found = await objects.read(keyOf(number), { range, ...(signal && { signal }) });
    if (!found) return undefined;
    const bytes = await gather(found.bytes);
    const entry = parseEntry(bytes);
    return { number, hash: digestOf(bytes), ...(entry && { entry }) };
  };

  return {
    keyOf,
    read,
    async lastListed() {
      let last = 0;
      for await (const { key } of objects.list(prefix)) last = Math.max(last, numberOf(key));
      const found = last === 0 ? undefined : await read(last);
      return found ? { number: last, hash: found.hash } : { number: 0, hash: noEntry };
    },
    async *upFrom(signal) {
      const keys = objects.list(prefix, signal ? { signal } : {});
      for await (const found of mapAhead(keys, entriesAhead, ({ key }) => read(numberOf(key), signal))) if (found) yield found;
    },
    async *downFrom(number, signal) {
      for await (const found of mapAhead(downwards(number), entriesAhead, (one) => read(one, signal))) {
        if (found?.entry?.number === found?.number && found?.entry) yield { ...found.entry, hash: found.hash };
      }
    },
  };
}

function* downwards(from: number): Generator<number> {
  for (let number = from; number >= 1; number -= 1) yield number;
}

function parseEntry(bytes: Uint8Array): AuditEntry | undefined {
  try {
    return auditEntrySchema.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).data;
  } catch {
    return undefined;
  }
}
