import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connectReceiving, type Piece, receivedMemory } from '../../builder/mysql/received-memory.ts';

const chunkBytes = 60_000;
const open: { destroy(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
});

/** A socket on which chunks come one by one, each filled with its number, and only when asked for. */
async function receiving() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connectReceiving({ host: '127.0.0.1', port, keepAliveAfterMs: 1_000 });
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as unknown as [[Socket]];
  open.push(socket, peer, { destroy: () => void server.close() });
  const memory = receivedMemory(socket);
  if (!memory) throw new Error('The socket has no memory.');
  /** Gives the pieces in which it came. */
  const next = (fill: number, take: (bytes: Buffer) => void): Promise<void> =>
    new Promise((resolve) => {
      let missing = chunkBytes;
      const onData = (bytes: Buffer): void => {
        take(bytes);
        missing -= bytes.length;
        if (missing > 0) return;
        socket.off('data', onData);
        resolve();
      };
      socket.on('data', onData);
      peer.write(Buffer.alloc(chunkBytes, fill));
    });
  return { memory, next };
}

const isFilled = (bytes: Uint8Array, fill: number): boolean => bytes.every((byte) => byte === fill);

test('while rows are taken, memory that nobody holds is received into again, and what is held stays', async () => {
  const { memory, next } = await receiving();
  const used = new Set<ArrayBufferLike>();
  const held: { readonly piece: Piece; readonly bytes: Buffer; readonly fill: number }[] = [];
  for (let fill = 1; fill <= 100; fill += 1) {
    await next(fill, (bytes) => {
      used.add(bytes.buffer);
      const piece = memory.reached(bytes);
      if (!piece || fill % 10 !== 0) return;
      piece.holders += 1;
      held.push({ piece, bytes, fill });
    });
    expect(held.every(({ bytes, fill: own }) => isFilled(bytes, own))).toBe(true);
    // Three are held at most.
    while (held.length > 3) {
      const first = held.shift();
      if (first) first.piece.holders -= 1;
    }
  }
  expect(held.length).toBeGreaterThan(0);
  expect(used.size).toBeLessThan(20);
});

test('what the driver has not taken yet stays, however much it is', async () => {
  const { memory, next } = await receiving();
  await next(1, (bytes) => void memory.reached(bytes));
  const untaken: { readonly bytes: Buffer; readonly fill: number }[] = [];
  for (let fill = 2; fill <= 40; fill += 1) await next(fill, (bytes) => void untaken.push({ bytes, fill }));
  expect(untaken.every(({ bytes, fill }) => isFilled(bytes, fill))).toBe(true);
});

test('before the first row and after the last one everything is kept', async () => {
  const { memory, next } = await receiving();
  const kept: { readonly bytes: Buffer; readonly fill: number }[] = [];
  const keep = async (fill: number): Promise<void> => next(fill, (bytes) => void kept.push({ bytes, fill }));
  for (let fill = 1; fill <= 5; fill += 1) await keep(fill);
  for (let fill = 6; fill <= 20; fill += 1) await next(fill, (bytes) => void memory.reached(bytes));
  memory.keepAll();
  for (let fill = 21; fill <= 25; fill += 1) await keep(fill);
  // Another result: what was received before is not written to.
  for (let fill = 26; fill <= 60; fill += 1) await next(fill, (bytes) => void memory.reached(bytes));
  expect(kept.every(({ bytes, fill }) => isFilled(bytes, fill))).toBe(true);
});
