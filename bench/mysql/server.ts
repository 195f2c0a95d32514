import { type Connection, createConnection } from 'mysql2/promise';
import { type Server, startServer } from '../servers.ts';
import { fillLargeDatabase } from './large-database.ts';

export const password = 'bench';
export const image = process.env.MYSQL_IMAGE ?? 'mysql:9.7';
export const serverOptions = ['--innodb-buffer-pool-size=1G', '--max-allowed-packet=64M'];
/** A source is a production server: with a binary log and GTIDs. */
export const sourceOptions = ['--local-infile=1', '--gtid-mode=ON', '--enforce-gtid-consistency=ON'];

/** What the targets are started with, ours and theirs: a copy is restored again and never replicated. */
export const targetOptions = ['--skip-log-bin', '--local-infile=1'];
/** The same, as the service of a stack. */
export const targetService = {
  image,
  command: ['mysqld', ...serverOptions, ...targetOptions],
  labels: { 'dyn-data.source': 'mysql' },
  environment: { MYSQL_ROOT_PASSWORD: password },
  healthcheck: { test: ['CMD-SHELL', `MYSQL_PWD=${password} mysql -h127.0.0.1 -uroot -e 'SELECT 1'`], interval: '1s', retries: 90 },
};

export const startMysql = (name: string, options: readonly string[]): Promise<Server> =>
  startServer({
    name,
    image,
    port: 3306,
    env: { MYSQL_ROOT_PASSWORD: password },
    command: ['mysqld', ...serverOptions, ...options],
    ready: `MYSQL_PWD=${password} mysql -h127.0.0.1 -uroot -e 'SELECT 1'`,
  });

export async function withConnection<T>(server: Server, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection({ ...server.address, user: 'root', password });
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}

export async function fill(server: Server, rows: number): Promise<void> {
  await withConnection(server, (connection) => fillLargeDatabase(connection, rows, (line) => console.error(`  ${line}`)));
}
