import { connect, type Socket } from 'node:net';

const pieceBytes = 64 * 1024;

/** What one piece of a connection's memory was used for last. */
export type Piece = {
  readonly memory: ArrayBuffer;
  /** Its place among all that was received. */
  order: number;
  /** Who still reads it: each holder counts up and down again. */
  holders: number;
};

/**
 * What a connection receives into. Node makes memory for each piece that comes, which is outside of the engine's heap and has it collect the old each
 * time there are some tens of megabytes of it. While rows are read, pieces that nobody holds any more are received into again.
 */
export type ReceivedMemory = {
  /**
   * To be called while a row is taken, with its packet's bytes: what is received from here on is kept only while it is held or not yet taken. Gives
   * the piece that the bytes stand in; none where it is kept anyhow, or where the driver put them together in memory of their own.
   */
  reached(bytes: Uint8Array): Piece | undefined;
  /** After the last row: what comes now is kept. */
  keepAll(): void;
};

const memories = new WeakMap<Socket, ReceivedMemory>();

/** The memory of a socket that was opened with `connectReceiving`. */
export function receivedMemory(socket: Socket): ReceivedMemory | undefined {
  return memories.get(socket);
}

/** Opens a socket for the driver, as that would by itself. */
export function connectReceiving({ host, port, keepAliveAfterMs }: { host: string; port: number; keepAliveAfterMs: number }): Socket {
  let pieces: Piece[] | undefined;
  let order = 0;
  /** That the system writes into, and that the driver takes packets from. */
  let receiving: Piece | undefined;
  let taken: Piece | undefined;
  /** The driver may still hold the beginning of a packet that stands in this piece or a later one. */
  let firstInUse = 0;
  const freePiece = (from: Piece[]): Piece => {
    const free = from.find(({ order: at, holders }) => holders === 0 && at < firstInUse);
    if (free) return free;
    const made: Piece = { memory: new ArrayBuffer(pieceBytes), order: 0, holders: 0 };
    from.push(made);
    return made;
  };
  const socket: Socket = connect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveAfterMs,
    onread: {
      buffer() {
        receiving = pieces && freePiece(pieces);
        if (!receiving) return new Uint8Array(pieceBytes);
        receiving.order = order += 1;
        return new Uint8Array(receiving.memory);
      },
      callback(sizeBytes, { buffer }) {
        taken = receiving;
        socket.emit('data', Buffer.from(buffer as ArrayBuffer, 0, sizeBytes));
        return true;
      },
    },
  });
  memories.set(socket, {
    reached({ buffer }) {
      pieces ??= [];
      if (!taken) return undefined;
      firstInUse = taken.order;
      return taken.memory === buffer ? taken : undefined;
    },
    keepAll() {
      // With the piece that the system writes into: it is received into once more.
      pieces = undefined;
    },
  });
  return socket;
}
