import { platform, setPriority } from 'node:os';
import { isMainThread, parentPort } from 'node:worker_threads';
import { type LeakRule, leakRules } from '../../anonymizers/primitives.ts';
import { createScan, type Found, type Framing, type Scan } from './scanner.ts';
import { createWatchList, type WatchCounts, type WatchList } from './watch-list.ts';
import type { WatchListSettings } from './watched-tags.ts';
import { readValues } from './watched-values.ts';

// The scan's own thread: it alone holds the tags of the real values. Requests are answered one by one, in their order.

export type ScanThreadSettings = WatchListSettings & {
  readonly literals: readonly Uint8Array[];
};

/** The first request is `start`, or `end`. */
export type ScanRequest =
  | { readonly kind: 'start'; readonly settings: ScanThreadSettings }
  | { readonly kind: 'add'; readonly bytes: Uint8Array<ArrayBuffer>; readonly length: number }
  /** @param bytes on shared memory, or copied here */
  | { readonly kind: 'scan'; readonly bytes: Uint8Array; readonly framing: Framing; readonly phoneColumns: readonly number[] }
  | { readonly kind: 'counts' }
  /** Forgets everything; then comes `start` again, or nothing. */
  | { readonly kind: 'end' };

export type ScanAnswer =
  | { readonly kind: 'started' }
  /** The batch's memory, given back. */
  | { readonly kind: 'added'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Pairs: the rule's number in `leakRules`, and the offset. */
  | { readonly kind: 'scanned'; readonly found: readonly number[] }
  | { readonly kind: 'counted'; readonly counts: WatchCounts }
  /** How many tags there were, or before where nothing was started. */
  | { readonly kind: 'ended'; readonly tags: number };

/**
 * The build waits for the thread that reads and anonymizes: this one takes what that leaves, and does not interrupt it each time there is a
 * chunk to scan. Linux alone has a priority for each thread.
 */
const niceness = 15;
if (platform() === 'linux' && !isMainThread) setPriority(niceness);

type Started = { readonly list: WatchList; readonly scan: Scan };
let started: Started | undefined;
/** As many tags as the last build had that was started: the next one is often of the same source. */
let expectedTags = 0;
const numberOf = new Map<LeakRule, number>(leakRules.map((rule, index) => [rule, index]));

function answer(request: ScanRequest): ScanAnswer {
  if (request.kind === 'start') {
    const list = createWatchList(request.settings, expectedTags);
    started = { list, scan: createScan(list, request.settings.literals) };
    return { kind: 'started' };
  }
  if (request.kind === 'end') {
    expectedTags = started?.list.size ?? expectedTags;
    started?.list.values.fill(0);
    started = undefined;
    return { kind: 'ended', tags: expectedTags };
  }
  if (!started) throw new Error('The scan was not started.');
  const { list, scan } = started;
  if (request.kind === 'counts') return { kind: 'counted', counts: list.counts() };
  if (request.kind === 'scan') {
    const found: number[] = [];
    const add: Found = (rule, offset) => void found.push(numberOf.get(rule) as number, offset);
    scan(request.bytes, request.framing, add, request.phoneColumns);
    return { kind: 'scanned', found };
  }
  const { bytes, length } = request;
  const fits = length <= list.values.length;
  if (fits) list.values.set(length === bytes.length ? bytes : bytes.subarray(0, length));
  readValues(fits ? list.values : bytes, length, list.add);
  // Real values do not stay in memory that is handed around.
  request.bytes.fill(0, 0, request.length);
  return { kind: 'added', bytes: request.bytes };
}

parentPort?.on('message', (request: ScanRequest) => {
  const given = answer(request);
  parentPort?.postMessage(given, given.kind === 'added' ? [given.bytes.buffer] : []);
});
