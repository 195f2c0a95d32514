import { Worker } from 'node:worker_threads';
import { type LeakRule, leakRules, type Watch } from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';
import { createKeptThread } from './kept-thread.ts';
import type { ScanAnswer, ScanRequest, ScanThreadSettings } from './scan-thread.ts';
import type { Framing } from './scanner.ts';
import { createValueIntake } from './value-intake.ts';
import { batchBytes } from './value-intake-wasm.ts';
import type { WatchCounts } from './watch-list.ts';

/** Takes real values; after each batch of rows, `ready` waits until there is room for more. */
export type WatchSink = {
  /** Says that values follow which stand in these bytes; not needed, but cheaper. The bytes must not change before the next page. */
  page(bytes: Uint8Array): void;
  readonly watch: Watch;
  ready(): Promise<void>;
};

/** The scan in a thread of its own. Disposing makes it forget everything; the thread itself may be kept for the next build. */
export type ScanThread = AsyncDisposable & {
  /** To be called once, before all else. */
  start(settings: ScanThreadSettings): void;
  readonly sink: WatchSink;
  /**
   * What is found in a text, each with its offset; all values that were given before are looked for.
   * @param bytes on shared memory, and not changed until the answer; else they are copied
   * @param phoneColumns of a table, those whose every value the rule `phone` has written
   */
  scan(
    bytes: Uint8Array,
    framing: Framing,
    phoneColumns?: readonly number[],
  ): Promise<readonly { readonly rule: LeakRule; readonly offset: number }[]>;
  counts(): Promise<WatchCounts>;
};

/** Batches of values that the thread has not taken yet, 16 MB of them: beyond it the reading of the source waits. */
const batchesInFlight = 64;
/** As many are kept to be filled again: more are needed only while the thread is behind. */
const batchesKept = 16;
/** A thread's young generation grows to as much; its objects are few and short-lived. */
const youngGenerationMb = 8;

/** Between builds. Its start and the compiling of its code take a tenth of what the scan of a small system costs. */
const keptThread = createKeptThread(
  () =>
    new Worker(new URL('./scan-thread.ts', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    }),
);
/** A thread that has had more tags is ended with its build: its memory is given back at once. */
const mostKeptTags = 2_000_000;

/** A new thread takes most of a second until it answers, so it is made before it is needed. */
export function createScanThread(): ScanThread {
  const worker = keptThread.take();
  /** In the order of the requests, which is the order of the answers. */
  const waiting: { resolve(answer: ScanAnswer): void; reject(error: unknown): void }[] = [];
  const freeBatches: Uint8Array<ArrayBuffer>[] = [];
  const adding: Promise<void>[] = [];
  let failure: DynDataError | undefined;

  worker.on('message', (answer: ScanAnswer) => waiting.shift()?.resolve(answer));
  worker.on('error', (error: unknown) => {
    failure = new DynDataError('INTERNAL', 'The leak scan failed. Nothing of this build is visible. Please report it.', { cause: error });
    for (const { reject } of waiting.splice(0)) reject(failure);
  });

  const ask = async <K extends ScanAnswer['kind']>(request: ScanRequest, _kind: K, transfer: ArrayBuffer[] = []) => {
    if (failure) throw failure;
    const answered = new Promise<ScanAnswer>((resolve, reject) => waiting.push({ resolve, reject }));
    worker.postMessage(request, transfer);
    return (await answered) as Extract<ScanAnswer, { kind: K }>;
  };
  const intake = createValueIntake({
    free: () => freeBatches.pop(),
    take(bytes, length) {
      const added = ask({ kind: 'add', bytes, length }, 'added', [bytes.buffer]).then((answer) => {
        if (answer.bytes.length === batchBytes && freeBatches.length < batchesKept) freeBatches.push(answer.bytes);
      });
      // A failure is reported when its turn comes; until then it must not count as unhandled.
      added.catch(() => undefined);
      adding.push(added);
    },
  });

  return {
    start(settings) {
      ask({ kind: 'start', settings }, 'started').catch(() => undefined);
    },
    sink: {
      page: intake.page,
      watch: (kind, bytes, start = 0, end = bytes.length) => intake.add(kind, bytes, start, end),
      async ready() {
        while (adding.length > batchesInFlight) await adding.shift();
      },
    },
    async scan(bytes, framing, phoneColumns = []) {
      intake.flush();
      const { found } = await ask({ kind: 'scan', bytes, framing, phoneColumns }, 'scanned');
      return Array.from({ length: found.length / 2 }, (_, index) => ({
        rule: leakRules[found[2 * index] as number] as LeakRule,
        offset: found[2 * index + 1] as number,
      }));
    },
    async counts() {
      intake.flush();
      return (await ask({ kind: 'counts' }, 'counted')).counts;
    },
    [Symbol.asyncDispose]: async () => {
      // Of a build that failed, requests can be on their way.
      const isIdle = failure === undefined && waiting.length === 0;
      const ended = isIdle ? await ask({ kind: 'end' }, 'ended').catch(() => undefined) : undefined;
      if (ended && ended.tags <= mostKeptTags) await keptThread.giveBack(worker);
      else await worker.terminate();
    },
  };
}
