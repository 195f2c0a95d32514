import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChunkSizes } from '../../builder/pack.ts';
import { timed } from '../measure.ts';
import type { Server } from '../servers.ts';
import { database } from './large-database.ts';
import { password, withConnection } from './server.ts';
import { snapshot } from './snapshot.ts';

/** What one snapshot cost: its time, the growth of the store, and what docker pull transfers to one who has the nights before. */
export type Night = { readonly seconds: number; readonly storedBytes: number; readonly pulledBytes: number };

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

/** Takes the snapshots of nights that follow each other, into one store. */
export function nightsInto(store: string, source: Server, chunkSizes?: ChunkSizes): () => Promise<Night> {
  const had = new Set<string>();
  return async () => {
    const before = await bytesIn(store);
    let layers: Awaited<ReturnType<typeof snapshot>> = [];
    const seconds = await timed(async () => {
      layers = await snapshot(store, { ...source.address, password }, chunkSizes && { chunkSizes });
    });
    const fresh = layers.filter(({ digest }) => !had.has(digest));
    for (const { digest } of fresh) had.add(digest);
    return { seconds, storedBytes: (await bytesIn(store)) - before, pulledBytes: fresh.reduce((bytes, { size }) => bytes + size, 0) };
  };
}

/** A column of each table, and its share of the rows. */
const tables = { users: ['score', 1 / 8], contacts: ['position', 3 / 8], calls: ['duration', 4 / 8] } as const;
type Table = keyof typeof tables;

/** Changes the rows that a condition holds for, so that their text differs. */
async function update(source: Server, table: Table, condition: string): Promise<void> {
  const [column] = tables[table];
  await withConnection(source, (connection) =>
    connection.query(`UPDATE ${database}.${table} SET ${column} = ${column} + 1 WHERE ${condition}`),
  );
}

/** Changes as many rows as 1 % of all there are, one after the other, in the table with the most: from the place `at` of it on, between 0 and 1. */
export async function changeOneRange(source: Server, rows: number, at: number): Promise<void> {
  const first = Math.round(rows * tables.calls[1] * at);
  await update(source, 'calls', `id > ${first} AND id <= ${first + Math.round(rows / 100)}`);
}

/** Changes 1 % of the rows of each table, one after the other. */
export async function changeRangeOfEach(source: Server, rows: number, at: number): Promise<void> {
  for (const [table, [, share]] of Object.entries(tables) as [Table, (typeof tables)[Table]][]) {
    const first = Math.round(rows * share * at);
    await update(source, table, `id > ${first} AND id <= ${first + Math.round((rows * share) / 100)}`);
  }
}

/** Changes one row in a thousand, here and there; other rows for each `salt`. */
export async function changeScattered(source: Server, salt: number): Promise<void> {
  for (const table of Object.keys(tables) as Table[]) await update(source, table, `CRC32(CONCAT(id, ' ', ${salt})) % 1000 = 7`);
}
