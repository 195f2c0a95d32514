import * as z from 'zod/mini';
import { type Digest, DynDataError, digestHex, digestPattern, type ObjectStore } from '../core/index.ts';
import { readRecord, writeRecord } from './json-objects.ts';

const prefix = 'requests/';
const keyOf = (key: Digest): string => `${prefix}${digestHex(key)}`;
/** Each is lost to one who did the same at the same time. */
const claimTries = 5;

const answerSchema = z.strictObject({ location: z.optional(z.string()), body: z.unknown() });
/** What was answered to a request: the address of what it made, and the JSON body. */
export type KeptAnswer = z.infer<typeof answerSchema>;

const requestSchema = z.strictObject({
  version: z.literal(1),
  /** Of all that makes it this request. */
  request: z.string().check(z.regex(digestPattern)),
  /** For what the request makes. */
  id: z.string(),
  at: z.iso.datetime(),
  answer: z.optional(answerSchema),
});
type RequestRecord = z.infer<typeof requestSchema>;

export type Claim = {
  readonly id: string;
  readonly at: Date;
  /** Whether the key was used before. */
  readonly isRepeated: boolean;
  /** Of the time when it was. Absent where that request has not got its answer, or one that is not kept. */
  readonly answer?: KeptAnswer | undefined;
};

/** Keys that clients give to requests which make something, kept for a while so that one that is sent again makes nothing again. */
export type RequestKeys = {
  /**
   * The same for each who asks with the same key, from whatever process.
   * @throws IDEMPOTENCY_CONFLICT where the key belongs to another request.
   */
  claim(key: Digest, request: Digest): Promise<Claim>;
  /** Keeps the answer of a claimed key; the first one that comes. */
  keep(key: Digest, answer: KeptAnswer): Promise<void>;
  /** Makes the key free again. */
  release(key: Digest): Promise<void>;
  /** Removes what is kept no longer. @returns how many */
  removeExpired(signal?: AbortSignal): Promise<number>;
};

export type RequestKeysOptions = {
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly keptForMs: number;
};

/** Over any object store: `requests/<hex of the key's digest>`. */
export function createRequestKeys(objects: ObjectStore, { clock, newId, keptForMs }: RequestKeysOptions): RequestKeys {
  const oldestKept = (): Date => new Date(clock().getTime() - keptForMs);

  return {
    async claim(key, request) {
      for (let attempt = 1; ; attempt += 1) {
        const found = await readRecord(objects, keyOf(key), requestSchema);
        if (found && new Date(found.record.at) > oldestKept()) {
          const { request: earlier, id, at, answer } = found.record;
          if (earlier !== request) throw otherRequest();
          return { id, at: new Date(at), isRepeated: true, answer };
        }
        const at = clock();
        const record: RequestRecord = { version: 1, request, id: newId(), at: at.toISOString() };
        try {
          await writeRecord(objects, keyOf(key), record, { condition: found ? { etag: found.info.etag } : 'absent' });
          return { id: record.id, at, isRepeated: false };
        } catch (error) {
          if (!isConflict(error) || attempt === claimTries) throw error;
        }
      }
    },

    async keep(key, answer) {
      const found = await readRecord(objects, keyOf(key), requestSchema);
      if (!found || found.record.answer) return;
      const record: RequestRecord = { ...found.record, answer };
      await writeRecord(objects, keyOf(key), record, { condition: { etag: found.info.etag } }).catch((error: unknown) => {
        if (!isConflict(error)) throw error;
      });
    },

    release: (key) => objects.remove(keyOf(key)),

    async removeExpired(signal) {
      let removed = 0;
      for await (const { key, modifiedAt } of objects.list(prefix, signal && { signal })) {
        if (modifiedAt >= oldestKept()) continue;
        await objects.remove(key, signal);
        removed += 1;
      }
      return removed;
    },
  };
}

function isConflict(error: unknown): boolean {
  return error instanceof DynDataError && error.code === 'CONFLICT';
}

function otherRequest(): DynDataError {
  return new DynDataError('IDEMPOTENCY_CONFLICT', 'The idempotency key was used for another request. Send a new key with a new request.');
}
