import type { Client, Submittable } from 'pg';
import { postgresError } from './connection.ts';
import { type CopyRow, malformedRow } from './copy-rows.ts';

const bytesPerBatch = 256 * 1024;
/** Batches read ahead of the consumer; beyond it the socket is paused, so the server waits. */
const batchesAhead = 2;

/** Messages of the server: a letter, then the length of what follows in four bytes that count themselves. */
const headBytes = 5;
const copyData = 0x64;
const lineFeed = 0x0a;
/** What may come between the rows, and says nothing of them: CopyOutResponse, NoticeResponse, ParameterStatus, NotificationResponse. */
const skipped: ReadonlySet<number> = new Set([0x48, 0x4e, 0x53, 0x41]);

type DataListener = (piece: Buffer) => void;
type Socket = {
  listeners(event: 'data'): DataListener[];
  on(event: 'data', listener: DataListener): void;
  removeListener(event: 'data', listener: DataListener): void;
  pause(): void;
  resume(): void;
  destroy(): void;
};
type RawConnection = { readonly stream: Socket; query(sql: string): void };

/** What the driver tells of the query that runs. */
type CopyQuery = Submittable & {
  handleError(error: unknown): void;
  handleCommandComplete(): void;
  handleReadyForQuery(): void;
};

/**
 * The rows of one COPY … TO STDOUT as the server sent them, in batches; memory is bounded by `batchesAhead`. In text format a message holds
 * one row, so no byte of a row is looked at. Leaving the loop early or aborting destroys the connection.
 * @throws DynDataError see postgresError
 */
export async function* readCopy(client: Client, sql: string, sourceName: string, signal: AbortSignal): AsyncGenerator<readonly CopyRow[]> {
  signal.throwIfAborted();
  const ready: CopyRow[][] = [];
  let filling: CopyRow[] = [];
  let fillingBytes = 0;
  /** The driver has the connection back. */
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let socket: Socket | undefined;
  let wake: () => void = () => undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    wake();
  };
  const handOn = (): void => {
    if (filling.length > 0) ready.push(filling);
    filling = [];
    fillingBytes = 0;
    wake();
  };
  const takeRow: RowSink = (bytes, at, end) => {
    if (bytes[end - 1] !== lineFeed) return fail(malformedRow(sourceName));
    filling.push({ bytes, at, end: end - 1 });
    fillingBytes += end - at;
    if (fillingBytes >= bytesPerBatch) handOn();
  };

  const query: CopyQuery = {
    submit(driver) {
      const connection = driver as unknown as RawConnection;
      socket = connection.stream;
      takeRows(socket, takeRow, () => ready.length >= batchesAhead);
      connection.query(sql);
    },
    handleError(error) {
      ended = true;
      fail(error);
    },
    handleCommandComplete: () => undefined,
    handleReadyForQuery() {
      handOn();
      ended = true;
      wake();
    },
  };
  const onAbort = (): void => fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  client.query(query);
  try {
    for (;;) {
      if (failure) throw failure.error;
      const batch = ready.shift();
      if (batch) {
        if (ready.length < batchesAhead) socket?.resume();
        yield batch;
      } else if (ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } catch (error) {
    throw signal.aborted ? error : postgresError(sourceName, error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!ended) socket?.destroy();
  }
}

type RowSink = (bytes: Uint8Array, at: number, end: number) => void;

/** Takes the messages with rows off the socket in place of the driver, which gets everything from the first other message on. */
function takeRows(socket: Socket, take: RowSink, isFull: () => boolean): void {
  const [driver] = socket.listeners('data');
  if (!driver) return;
  // The beginning of a message that has not come whole, in pieces: joined once, since a row can have hundreds of megabytes.
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  /** Of the message with its head; of the head alone as long as that has not come. */
  let wantedBytes = headBytes;

  const begin = (rest: Buffer): void => {
    pieces = [rest];
    pieceBytes = rest.length;
    wantedBytes = rest.length < headBytes ? headBytes : 1 + rest.readUInt32BE(1);
  };
  /** Adds what is missing. Gives where the rest of the piece begins, or -1 where the message wants more. */
  const complete = (piece: Buffer): number => {
    let at = 0;
    while (pieceBytes < wantedBytes) {
      const next = piece.subarray(at, at + wantedBytes - pieceBytes);
      if (next.length === 0) return -1;
      pieces.push(next);
      pieceBytes += next.length;
      at += next.length;
      if (pieceBytes === headBytes) wantedBytes = 1 + Buffer.concat(pieces).readUInt32BE(1);
    }
    return at;
  };
  const giveBack = (rest: Buffer): void => {
    socket.removeListener('data', onData);
    socket.on('data', driver);
    driver(rest);
  };
  const onData: DataListener = (piece) => {
    let at = 0;
    if (pieceBytes > 0) {
      at = complete(piece);
      if (at < 0) return;
      const message = Buffer.concat(pieces, pieceBytes);
      pieces = [];
      pieceBytes = 0;
      const kind = message[0] as number;
      if (kind === copyData) take(bytesOf(message), headBytes, message.length);
      else if (!skipped.has(kind)) return giveBack(Buffer.concat([message, piece.subarray(at)]));
    }
    const bytes = bytesOf(piece);
    while (at + headBytes <= bytes.length) {
      const end = at + 1 + piece.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      const kind = bytes[at] as number;
      if (kind === copyData) take(bytes, at + headBytes, end);
      else if (!skipped.has(kind)) return giveBack(piece.subarray(at));
      at = end;
    }
    if (at < bytes.length) begin(piece.subarray(at));
    if (isFull()) socket.pause();
  };
  socket.removeListener('data', driver);
  socket.on('data', onData);
}

/** A plain array of bytes, not a Buffer: the engine then reads it without asking which of the two it is. */
function bytesOf(piece: Buffer): Uint8Array {
  return new Uint8Array(piece.buffer as ArrayBuffer, piece.byteOffset, piece.length);
}
