import type { Logger } from 'pino';
import { type Collect, type Collection, DynDataError, toDynDataError } from '../core/index.ts';
import type { CollectionReports } from '../storage/index.ts';
import { errorFields } from './log.ts';

/** While a run is under way its report is written this often; one that is silent for much longer has no process any more. */
const heartbeatMs = 30_000;
const lostAfterMs = 10 * heartbeatMs;

/** Runs of the collector and what they reported, kept in the store: every replica shows them all. */
export type Collections = {
  create(request: { readonly dryRun: boolean }): Promise<Collection>;
  /** @throws COLLECTION_UNKNOWN */
  show(id: string): Promise<Collection>;
  /** Newest first. */
  list(options?: { readonly after?: string }): AsyncIterable<Collection>;
  /** Cancels what runs here and resolves when it has ended. */
  close(): Promise<void>;
};

export type CollectionsOptions = {
  readonly collect: Collect;
  readonly reports: CollectionReports;
  readonly graceMs: number;
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly logger: Logger;
};

export function createCollections({ collect, reports, graceMs, clock, newId, logger }: CollectionsOptions): Collections {
  const closing = new AbortController();
  const running = new Set<Promise<void>>();

  /** Of a process that died the report says `running` for ever. */
  const told = (collection: Collection, writtenAt: Date): Collection => {
    if (collection.state !== 'running' || clock().getTime() - writtenAt.getTime() < lostAfterMs) return collection;
    const error = { code: 'CANCELLED', detail: 'The process that ran it is gone. What it had removed was unreached; run it again.' };
    return { ...collection, state: 'failed', error };
  };

  const run = async (started: Collection): Promise<void> => {
    let current = started;
    // One after the other: a late write must not bring an earlier state back.
    let written: Promise<unknown> = Promise.resolve();
    const save = (next: Collection): Promise<unknown> => {
      current = next;
      const write = (): Promise<void> => reports.write(current);
      written = written.then(write, write);
      return written;
    };
    const tell = (changes: Partial<Collection>): void => {
      // What cannot be told now is told with the next write; the last one counts.
      save({ ...current, ...changes }).catch(() => undefined);
    };
    const heartbeat = setInterval(() => tell({}), heartbeatMs);
    const end = async (changes: Partial<Collection>): Promise<void> => {
      clearInterval(heartbeat);
      const { step: _step, ...ended } = { ...current, ...changes, endedAt: clock().toISOString() };
      await save(ended);
      const { id, state, dryRun, kinds, error } = ended;
      logger[state === 'failed' ? 'error' : 'info']({ collection: id, state, dryRun, kinds, failure: error?.code }, 'collection ended');
    };
    try {
      const hooks = { onProgress: tell, signal: closing.signal };
      await end({ ...(await collect({ dryRun: started.dryRun, runId: started.id }, hooks)), state: 'succeeded' });
    } catch (thrown) {
      const error = toDynDataError(thrown);
      if (!closing.signal.aborted) logger.error({ collection: started.id, error: errorFields(error) }, 'collection failed');
      await end({ state: 'failed', error: { code: error.code, detail: error.message } });
    }
  };

  return {
    async create({ dryRun }) {
      const startedAt = clock();
      // Ascending ids are the newest first.
      const id = `${String(8_640_000_000_000_000 - startedAt.getTime()).padStart(16, '0')}-${newId().slice(0, 8)}`;
      const collection: Collection = {
        version: 1,
        id,
        state: 'running',
        dryRun,
        startedAt: startedAt.toISOString(),
        graceMs,
        step: 'mark',
        manifests: 0,
        kinds: {},
      };
      await reports.write(collection);
      const work: Promise<void> = run(collection)
        .catch((error: unknown) => logger.error({ collection: id, error: errorFields(toDynDataError(error)) }, 'collection not recorded'))
        .finally(() => running.delete(work));
      running.add(work);
      return collection;
    },
    async show(id) {
      const found = await reports.read(id);
      if (!found) throw new DynDataError('COLLECTION_UNKNOWN', `There is no run of the collector "${id}". Old ones are forgotten.`);
      return told(found.collection, found.writtenAt);
    },
    async *list(options) {
      for await (const { collection, writtenAt } of reports.list(options)) yield told(collection, writtenAt);
    },
    async close() {
      closing.abort(new DynDataError('CANCELLED', 'The registry is being stopped.'));
      await Promise.allSettled(running);
    },
  };
}
