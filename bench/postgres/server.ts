import pg from 'pg';
import { type Server, startServer } from '../servers.ts';
import { database, fillPushDatabase } from './push-database.ts';

export const password = 'bench';
export const image = process.env.POSTGRES_IMAGE ?? 'postgres:18';
export const environment = { POSTGRES_PASSWORD: password, POSTGRES_DB: database };
export const command: readonly string[] = ['postgres', '-c', 'shared_buffers=512MB'];
/** Over TCP, which the server listens to only when it is initialised. */
export const ready = `psql -h 127.0.0.1 -U postgres -d ${database} -c 'SELECT 1'`;

export const startPostgres = (name: string): Promise<Server> => startServer({ name, image, port: 5432, env: environment, command, ready });

export async function fill(server: Server, rows: number): Promise<void> {
  const client = new pg.Client({ ...server.address, user: 'postgres', password, database });
  await client.connect();
  try {
    await fillPushDatabase(client, rows, (line) => console.error(`  ${line}`));
  } finally {
    await client.end();
  }
}
