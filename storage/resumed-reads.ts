import { setTimeout as sleep } from 'node:timers/promises';
import { type ByteRange, DynDataError, type ObjectInfo, type ObjectReader } from '../core/index.ts';
import { cancellation, throwIfCancelled } from './cancellation.ts';
import { jitteredDelayMs } from './s3-retries.ts';
import { conflict } from './storage-errors.ts';

/** A read that breaks so often while it brings less than `progressBytes` is given up. */
const maxBreaks = 10;
const progressBytes = 1024 * 1024;

/**
 * The same store, whose reads go on where they broke: cut, silent for too long, or ended before the last byte. The rest is asked for of the
 * same object only; where the key has another one by then, the read ends with CONFLICT, because the two halves do not belong together.
 */
export function resumedReads<T extends ObjectReader>(objects: T, random: () => number): T {
  return {
    ...objects,
    async read(key, options = {}) {
      const found = await objects.read(key, options);
      if (!found) return undefined;
      const { info } = found;
      const start = Math.min(options.range?.start ?? 0, info.sizeBytes);
      const end = Math.max(start, Math.min(options.range?.end ?? info.sizeBytes, info.sizeBytes));
      const rest = { info, bytes: found.bytes, range: { start, end }, signal: options.signal };
      return { info, bytes: { [Symbol.asyncIterator]: () => resumed(objects, rest, random) } };
    },
  };
}

type Rest = {
  readonly info: ObjectInfo;
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly range: ByteRange;
  readonly signal?: AbortSignal | undefined;
};

async function* resumed(objects: ObjectReader, { info, bytes, range, signal }: Rest, random: () => number): AsyncGenerator<Uint8Array> {
  let at = range.start;
  let breaks = 0;
  let progressedAt = at;
  for (let current = bytes; ; current = await reopened(objects, info, { start: at, end: range.end }, signal)) {
    try {
      for await (const piece of current) {
        at += piece.byteLength;
        if (at > range.end) throw otherLength(info.key);
        yield piece;
      }
      if (at === range.end) return;
      throw new DynDataError('STORAGE_UNREACHABLE', `The object store ended its answer before the end of ${info.key}. Try again.`);
    } catch (error) {
      throwIfCancelled(signal);
      if (!(error instanceof DynDataError && error.code === 'STORAGE_UNREACHABLE')) throw error;
      // All that was asked for has come: how the connection ended does not matter.
      if (at === range.end) return;
      if (at - progressedAt >= progressBytes) breaks = 0;
      progressedAt = at;
      breaks += 1;
      if (breaks > maxBreaks) throw error;
      await pause(jitteredDelayMs(breaks - 1, random), signal);
    }
  }
}

async function reopened(objects: ObjectReader, info: ObjectInfo, range: ByteRange, signal: AbortSignal | undefined) {
  // Releases an answer that is not wanted.
  const leaving = new AbortController();
  const found = await objects.read(info.key, {
    range,
    etag: info.etag,
    signal: signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal,
  });
  // A store that heeds no condition is caught by what it says it gave.
  if (found && found.info.etag === info.etag && found.info.sizeBytes === info.sizeBytes) return found.bytes;
  leaving.abort();
  throw conflict(info.key);
}

async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(delayMs, undefined, signal && { signal }).catch((error: unknown) => {
    throw signal?.aborted ? cancellation(signal) : error;
  });
}

function otherLength(key: string): DynDataError {
  return new DynDataError('STORAGE_FAILED', `The object store gave more bytes of ${key} than were asked for. Look at the store's log.`);
}
