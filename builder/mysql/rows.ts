import type { Socket } from 'node:net';
import type { Connection } from 'mysql2/promise';
import { mysqlError } from './connection.ts';
import { type Piece, receivedMemory } from './received-memory.ts';
import type { WireRow } from './wire-rows.ts';

const rowsPerBatch = 1024;
const bytesPerBatch = 256 * 1024;
/** Batches read ahead of the consumer; beyond it the socket is paused, so the server waits. */
const batchesAhead = 2;

/** One packet of the server; mysql2 uses one object for all of them. */
type Packet = { readonly buffer: Buffer; readonly offset: number; readonly end: number; isEOF(): boolean };
type PacketHandler = (packet: Packet, connection: unknown) => unknown;

type Row = { -readonly [K in keyof WireRow]: WireRow[K] };
/** Rows, row objects for more, and what the rows stand in. */
type Batch = { readonly rows: Row[]; readonly spare: Row[]; readonly pieces: Piece[] };

function createBatch(): Batch {
  return { rows: [], spare: [], pieces: [] };
}

/** What the rows stood in goes. */
function empty({ rows, spare, pieces }: Batch): void {
  for (const piece of pieces) piece.holders -= 1;
  pieces.length = 0;
  for (const row of rows) {
    row.bytes = nothing;
    spare.push(row);
  }
  rows.length = 0;
}

const nothing = new Uint8Array(0);

/** The callback connection below the promise one. */
type RawConnection = {
  query(options: { sql: string }): {
    /** Takes each packet of the rows, and the one that ends them; gives what takes the next. */
    row: PacketHandler;
    on(event: 'error', listener: (error: unknown) => void): void;
    on(event: 'end', listener: () => void): void;
  };
  readonly stream: Socket;
  destroy(): void;
};

/**
 * The rows of one SELECT as the server sent them, in batches; memory is bounded by `batchesAhead`. A batch, its rows and the memory they stand in
 * are used again when the next one is asked for: as objects that wait they would grow old, and the engine collects old objects at a high price. Leaving the loop early or aborting
 * destroys the connection, since MySQL cannot stop a result half way.
 */
export async function* readRows(
  connection: Connection,
  sql: string,
  sourceName: string,
  signal: AbortSignal,
): AsyncGenerator<readonly WireRow[]> {
  const raw = (connection as unknown as { connection: RawConnection }).connection;
  const ready: Batch[] = [];
  const free: Batch[] = [];
  let filling = createBatch();
  let fillingBytes = 0;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    ended = true;
    wake();
  };

  const query = raw.query({ sql });
  const atEnd = query.row;
  const memory = receivedMemory(raw.stream);
  let received: Buffer | undefined;
  let piece: Piece | undefined;
  let bytes = new Uint8Array(0);
  // In place of the driver's own parser, which makes an object of every value.
  const takeRow: PacketHandler = (packet, from) => {
    if (packet.isEOF()) return atEnd.call(query, packet, from);
    const { buffer } = packet;
    if (buffer !== received) {
      received = buffer;
      piece = memory?.reached(buffer);
      // A plain array of bytes, not a Buffer: the engine then reads it without asking which of the two it is.
      bytes = new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.length);
    }
    if (piece && filling.pieces.at(-1) !== piece) {
      piece.holders += 1;
      filling.pieces.push(piece);
    }
    const row = filling.spare.pop();
    if (row) {
      row.bytes = bytes;
      row.at = packet.offset;
      filling.rows.push(row);
    } else filling.rows.push({ bytes, at: packet.offset });
    fillingBytes += packet.end - packet.offset;
    if (filling.rows.length < rowsPerBatch && fillingBytes < bytesPerBatch) return takeRow;
    ready.push(filling);
    filling = free.pop() ?? createBatch();
    fillingBytes = 0;
    // The socket and not the driver, which would copy every packet that is still in the piece received last.
    if (ready.length >= batchesAhead) raw.stream.pause();
    wake();
    return takeRow;
  };
  query.row = takeRow;
  query.on('error', (error) => fail(mysqlError(sourceName, error)));
  query.on('end', () => {
    if (filling.rows.length > 0) ready.push(filling);
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
        // After the last row too: the connection is used again.
        if (ready.length < batchesAhead) raw.stream.resume();
        yield batch.rows;
        empty(batch);
        free.push(batch);
      } else if (ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    memory?.keepAll();
    if (!ended || failure) raw.destroy();
  }
}
