import * as z from 'zod/mini';
import type { Digest, ObjectStore } from '../../core/index.ts';
import { readRecord, writeRecord } from '../json-objects.ts';
import { createDigestSet, type DigestSet, keyDigest } from './digest-set.ts';

const headKey = 'collector/candidates/head';
const partPrefix = 'collector/candidates/parts/';
const digestsPerPart = 50_000;

const headSchema = z.strictObject({ version: z.literal(1), list: z.string(), parts: z.int() });
const partSchema = z.strictObject({ version: z.literal(1), base64: z.base64() });

/** What one run of the collector found unreached and old. The next run removes what it finds so again, a grace later. */
export type Candidates = {
  readonly has: (key: string) => boolean;
  readonly count: number;
  /** When the list was complete, by the store's clock. */
  readonly since: Date;
};

export async function readCandidates(objects: ObjectStore, signal?: AbortSignal): Promise<Candidates | undefined> {
  const state = await objects.stat(headKey, signal);
  const head = state && (await readRecord(objects, headKey, headSchema, signal));
  if (!head) return undefined;
  const digests = createDigestSet();
  for (let part = 0; part < head.record.parts; part += 1) {
    const found = await readRecord(objects, partKey(head.record.list, part), partSchema, signal);
    // Replaced while we read: without a list nothing counts as a candidate.
    if (!found) return undefined;
    const bytes = Buffer.from(found.record.base64, 'base64');
    for (let at = 0; at + 32 <= bytes.length; at += 32) digests.add(`sha256:${bytes.toString('hex', at, at + 32)}`);
  }
  return { has: (key) => digests.has(keyDigest(key)), count: digests.size, since: state.modifiedAt };
}

/** Takes the candidates of a run one by one, in pieces of bounded size; they count from `finish` on. */
export function createCandidateWriter(objects: ObjectStore, list: string) {
  const seen: DigestSet = createDigestSet();
  let pending: Digest[] = [];
  let parts = 0;
  const flush = async (signal?: AbortSignal): Promise<void> => {
    if (pending.length === 0) return;
    const base64 = Buffer.from(pending.map((digest) => digest.slice('sha256:'.length)).join(''), 'hex').toString('base64');
    await writeRecord(objects, partKey(list, parts), { version: 1, base64 }, { signal });
    parts += 1;
    pending = [];
  };
  return {
    async add(key: string, signal?: AbortSignal): Promise<void> {
      const digest = keyDigest(key);
      if (!seen.add(digest)) return;
      pending.push(digest);
      if (pending.length === digestsPerPart) await flush(signal);
    },
    /** Last, and in one write: before it the earlier list is in force, whole. */
    async finish(signal?: AbortSignal): Promise<void> {
      await flush(signal);
      await writeRecord(objects, headKey, { version: 1, list, parts }, { signal });
      const others: string[] = [];
      for await (const { key } of objects.list(partPrefix, signal && { signal }))
        if (!key.startsWith(`${partPrefix}${list}/`)) others.push(key);
      for (const key of others) await objects.remove(key, signal);
    },
  };
}

function partKey(list: string, part: number): string {
  return `${partPrefix}${list}/${String(part).padStart(8, '0')}`;
}
