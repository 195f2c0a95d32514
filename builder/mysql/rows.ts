import type { Connection } from 'mysql2/promise';
import type { Value } from '../../anonymizers/index.ts';
import { mysqlError } from './connection.ts';

const rowsPerBatch = 128;
const bytesPerBatch = 256 * 1024;
/** Batches read ahead of the consumer; beyond it the connection is paused, so the server waits. */
const batchesAhead = 2;

/** The callback connection below the promise one: its query emits rows as they arrive and can be paused. */
type RawConnection = {
  /** Without casts, a value is the bytes that the server sent, or null. */
  query(options: { sql: string; rowsAsArray: true; typeCast: false }): {
    on(event: 'result', listener: (row: Value[]) => void): void;
    on(event: 'error', listener: (error: unknown) => void): void;
    on(event: 'end', listener: () => void): void;
  };
  pause(): void;
  resume(): void;
  destroy(): void;
};

/**
 * The rows of one SELECT as raw values, in batches; memory is bounded by `batchesAhead`. Leaving the loop early or aborting destroys the
 * connection, since MySQL cannot stop a result half way.
 */
export async function* readRows(
  connection: Connection,
  sql: string,
  sourceName: string,
  signal: AbortSignal,
): AsyncGenerator<readonly Value[][]> {
  const raw = (connection as unknown as { connection: RawConnection }).connection;
  const ready: Value[][][] = [];
  let filling: Value[][] = [];
  let fillingBytes = 0;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    ended = true;
    wake();
  };

  const query = raw.query({ sql, rowsAsArray: true, typeCast: false });
  query.on('result', (row) => {
    filling.push(row);
    for (const value of row) if (value) fillingBytes += value.length;
    if (filling.length < rowsPerBatch && fillingBytes < bytesPerBatch) return;
    ready.push(filling);
    filling = [];
    fillingBytes = 0;
    if (ready.length >= batchesAhead) raw.pause();
    wake();
  });
  query.on('error', (error) => fail(mysqlError(sourceName, error)));
  query.on('end', () => {
    if (filling.length > 0) ready.push(filling);
    ended = true;
    wake();
  });
  const onAbort = (): void => fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });

  try {
    for (;;) {
      if (failure) throw failure.error;
      const batch = ready.shift();
      if (batch) {
        if (ready.length < batchesAhead && !ended) raw.resume();
        yield batch;
      } else if (ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!ended || failure) raw.destroy();
  }
}
