import type { Socket } from 'node:net';
import type { Client } from 'pg';
import { watchSilence } from '../silence-watch.ts';

type Inside = { readonly connection: { readonly stream: Socket }; readonly readyForQuery: boolean; readonly processID: number };

/** Ends the connection where it has fallen silent. @param createAnother for asking the server what it does for this one */
export function watchServer(client: Client, limitMs: number, createAnother: () => Client): void {
  const inside = client as unknown as Inside;
  const { stream } = inside.connection;
  watchSilence(stream, {
    limitMs,
    // A paused socket, and what has come and is not taken yet, are back-pressure: the server is stuck with sending because of us.
    isWaiting: () => !inside.readyForQuery && !stream.isPaused() && stream.readableLength === 0,
    async isAtWork() {
      const other = createAnother();
      other.on('error', () => undefined);
      try {
        await other.connect();
        const { rows } = await other.query<{ state: string; waits: string | null }>(
          'SELECT state, wait_event AS waits FROM pg_stat_activity WHERE pid = $1',
          [inside.processID],
        );
        return rows[0]?.state === 'active' && rows[0].waits !== 'ClientWrite';
      } finally {
        await other.end().catch(() => undefined);
      }
    },
  });
}
