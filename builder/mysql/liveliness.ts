import type { Socket } from 'node:net';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { watchSilence } from '../silence-watch.ts';

/** The callback connection below the promise one. */
type RawConnection = {
  readonly stream: Socket;
  readonly _command?: { listenerCount(event: 'error'): number; emit(event: 'error', error: unknown): void } | null;
  on(event: 'error', listener: (error: unknown) => void): void;
};

/** What a server that is stuck with sending is said to do, by MySQL and by MariaDB. */
const sending = new Set(['Sending to client', 'Writing to net']);

/**
 * Has every loss of the connection reported by what waits for it. @param openAnother for asking the server what it does for this one
 */
export async function reportLoss(
  connection: Connection,
  options: { readonly silenceLimitMs: number; readonly openAnother: () => Promise<Connection> },
): Promise<void> {
  const raw = (connection as unknown as { connection: RawConnection }).connection;
  // The driver tells a lost connection to the connection only, where the rows are read as events. And without any listener the loss of an
  // idle one would end the process.
  raw.on('error', (error) => {
    const command = raw._command;
    if (command && command.listenerCount('error') > 0) command.emit('error', error);
  });
  const [ids] = await connection.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
  const id = Number(ids[0]?.id);
  watchSilence(raw.stream, {
    limitMs: options.silenceLimitMs,
    isWaiting: () => Boolean(raw._command) && !raw.stream.isPaused(),
    async isAtWork() {
      const other = await options.openAnother();
      try {
        const question = 'SELECT COMMAND AS command, STATE AS state FROM information_schema.PROCESSLIST WHERE ID = ?';
        const [rows] = await other.query<RowDataPacket[]>(question, [id]);
        const [row] = rows;
        return row !== undefined && row.command !== 'Sleep' && !sending.has(row.state);
      } finally {
        other.destroy();
      }
    },
  });
}
