import { realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import mysqlClient, { type RowDataPacket } from 'mysql2/promise';
import { expect } from 'vitest';
import { helperLabel } from '../../client/engine.ts';
import { type ClientProject, createClientProject, type RunningClient } from './client-project.ts';
import { type DataImage, makeDataImage, type SourceContent } from './data-image.ts';
import { imageVariables } from './engine.ts';
import { ldapBase, ldapSource, mysqlSource, postgresSource, pushDbService } from './shop-data.ts';
import { type SmallRegistry, startSmallRegistry } from './small-registry.ts';

const rootPassword = "se cret'";

/** LDAP on the image's anonymous volumes, PostgreSQL without a health check, and a reader that says what it finds when it starts. */
const composeFile = `
services:
  db:
    image: \${MYSQL_IMAGE}
    command: ["mysqld", "--skip-log-bin"]
    labels: { dyn-data.source: main }
    environment: { MYSQL_ROOT_PASSWORD: "${rootPassword}", MYSQL_DATABASE: shop }
    ports: ["127.0.0.1:0:3306"]
    volumes: ["db:/var/lib/mysql"]
    healthcheck: { test: ["CMD-SHELL", 'MYSQL_PWD="$$MYSQL_ROOT_PASSWORD" mysql -h127.0.0.1 -uroot -e "SELECT 1"'], interval: 1h, retries: 90 }
  directory:
    image: \${LDAP_IMAGE}
    labels: { dyn-data.source: directory }
    environment: { LDAP_DOMAIN: example.test, LDAP_BASE_DN: "${ldapBase}", LDAP_ADMIN_PASSWORD: geheim }
    healthcheck: { test: ["CMD-SHELL", 'ldapsearch -x -H ldap://127.0.0.1 -b "" -s base'], interval: 1h, retries: 90 }
${pushDbService}  reader:
    image: \${MYSQL_IMAGE}
    entrypoint: ["sh", "-c", 'MYSQL_PWD="$$PASSWORD" mysql -hdb -uroot -NBe "SELECT COUNT(*) FROM shop.customers" && exec sleep 1000']
    environment: { PASSWORD: "${rootPassword}" }
    init: true
    depends_on: { db: { condition: service_healthy }, directory: { condition: service_healthy }, push-db: { condition: service_started } }
volumes: { db: , push: }
`;

/** What an engine needs to start it. */
export function shopImages(): string[] {
  const { MYSQL_IMAGE = '', LDAP_IMAGE = '', POSTGRES_IMAGE = '' } = imageVariables();
  return [MYSQL_IMAGE, LDAP_IMAGE, POSTGRES_IMAGE];
}

export const people = 250;
export const installations = 1500;
export const directory = ldapSource({ people });
export const push = postgresSource({ installations });
const chunkRows = 10_000;

/** A stack with the three kinds of data services, a registry that serves images for it, and the client. */
export type ShopStack = AsyncDisposable & {
  readonly project: string;
  readonly registry: SmallRegistry;
  readonly client: ClientProject;
  publish(tag: string, sources: readonly SourceContent[]): Promise<DataImage>;
  /** What one statement answers, as text, or several of which at most one answers; nothing is one empty value. */
  mysql(sql: string): Promise<string[][]>;
  /** The last line of the reader, which is up before its program has asked. */
  readerSaw(): Promise<string | undefined>;
  isRunning(service: string): Promise<boolean>;
  /** The client's helper containers of this project alone: other clients on the machine have theirs. */
  helpers(): Promise<string>;
  stateOf(service: string): Promise<unknown>;
};

/**
 * @param env for the client and `docker`, such as another engine's address
 * @param address of this machine, where its registry listens
 */
export async function createShopStack(project: string, env: Readonly<Record<string, string>> = {}, address?: string): Promise<ShopStack> {
  const registry = await startSmallRegistry(address);
  const client = await createClientProject({ registry: registry.url, project, composeFile, env: { ...imageVariables(), ...env } });
  const publish = async (tag: string, sources: readonly SourceContent[]): Promise<DataImage> => {
    const image = await makeDataImage(sources);
    registry.add('shop', tag, image);
    return image;
  };
  let mysqlPort: number | undefined;
  const mysqlConnection = async () => {
    const open = (port: number) =>
      mysqlClient.createConnection({
        host: '127.0.0.1',
        port,
        user: 'root',
        password: rootPassword,
        multipleStatements: true,
        rowsAsArray: true,
      });
    // A container that is started again has another port.
    if (mysqlPort !== undefined) {
      const connection = await open(mysqlPort).catch(() => undefined);
      if (connection) return connection;
    }
    const port = await client.docker(['port', `${project}-db-1`, '3306']);
    if (port.exitCode !== 0) throw new Error(port.stderr);
    mysqlPort = Number(port.stdout.trim().split(':').at(-1));
    return open(mysqlPort);
  };
  const mysql = async (sql: string): Promise<string[][]> => {
    const connection = await mysqlConnection();
    try {
      const [answers] = await connection.query<RowDataPacket[][]>({ sql, typeCast: (field) => field.string() ?? 'NULL' });
      const rows = [answers].flat().filter((row) => Array.isArray(row));
      return rows.length === 0 ? [['']] : (rows as unknown as string[][]);
    } finally {
      connection.destroy();
    }
  };
  const readerSaw = async (): Promise<string | undefined> => {
    for (const deadline = Date.now() + 60_000; ; await sleep(200)) {
      const last = (await client.docker(['logs', `${project}-reader-1`])).stdout.trim().split('\n').at(-1);
      if (last !== '' || Date.now() > deadline) return last;
    }
  };
  const isRunning = async (service: string): Promise<boolean> =>
    (await client.docker(['inspect', '--format', '{{.State.Running}}', `${project}-${service}-1`])).stdout.trim() === 'true';
  const helpers = async (): Promise<string> => {
    const owner = `${hostname()}:${await realpath(client.folder)}`;
    return (await client.docker(['ps', '-aq', '--filter', `label=${helperLabel}=${owner}`])).stdout.trim();
  };
  const stateOf = async (service: string): Promise<unknown> => {
    const { stdout } = await client.run(['status', '--json']);
    return JSON.parse(stdout).services.find((one: { service: string }) => one.service === service);
  };
  return {
    project,
    registry,
    client,
    publish,
    mysql,
    readerSaw,
    isRunning,
    helpers,
    stateOf,
    async [Symbol.asyncDispose]() {
      await client.run(['down', '-v']);
      const images = await client.docker(['images', '--digests', '--format', '{{.Repository}}@{{.Digest}}', `${registry.host}/shop`]);
      for (const image of images.stdout.trim().split('\n')) if (image !== '') await client.docker(['image', 'rm', image]);
      await client[Symbol.asyncDispose]();
      await registry.close();
    },
  };
}

/** A snapshot whose restore takes long enough to be interrupted. */
export type LongRestore = {
  readonly customers: number;
  readonly image: DataImage;
  /** Resolves when MySQL is in the middle of a LOAD DATA. */
  untilLoading(client: RunningClient): Promise<void>;
  /**
   * Resolves when customers are loaded; marks one of each run of rows that is loaded, and tells how many. However long that takes, the
   * client waits before the end of the rows, from where a restore could not be gone on with, until `letEnd`.
   */
  markLoaded(client: RunningClient): Promise<number>;
  /** Ends what holds the client, or the next one, back. */
  letEnd(): Promise<void>;
  /** All customers are there, once each, with all indexes; what was marked as loaded was not loaded again. */
  expectWholeAndResumed(marked: number): Promise<void>;
};

/** Publishes it with the tag `large`. */
export async function publishLongRestore(stack: ShopStack, customers: number): Promise<LongRestore> {
  const { mysql, readerSaw, helpers, stateOf } = stack;
  const image = await stack.publish('large', [mysqlSource({ customers, chunkRows }), push, directory]);
  const untilLoading = async ({ child }: RunningClient): Promise<void> => {
    while (child.exitCode === null) {
      const loading = await mysql("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'LOAD DATA%customers%'").catch(
        () => [],
      );
      if (Number(loading[0]?.[0] ?? 0) > 0) return;
      await sleep(50);
    }
    throw new Error('the client ended before it was seen loading');
  };

  // The restore deletes this row when all rows are loaded.
  const holding = 'SELECT SLEEP(300) FROM dyn_data_restore.snapshot FOR UPDATE';
  const holdBeforeEnd = async ({ child }: RunningClient): Promise<void> => {
    while (child.exitCode === null && child.signalCode === null) {
      const held = await mysql(holding).catch(() => [['']]);
      if (held[0]?.[0] !== '') return;
      await sleep(50);
    }
  };
  const sessions = async (where: string): Promise<string[]> => {
    const found = await mysql(`SELECT ID FROM information_schema.PROCESSLIST WHERE ${where}`);
    return found.flatMap(([id = '']) => (id === '' ? [] : [id]));
  };
  const held = (): Promise<string[]> => sessions(`INFO = '${holding}'`);

  const markLoaded = async (client: RunningClient): Promise<number> => {
    // Ended by `letEnd`, or with the server.
    void holdBeforeEnd(client);
    while (client.child.exitCode === null) {
      const runs = await mysql('SELECT first_chunk FROM dyn_data_restore.chunks WHERE table_number = 0').catch(() => []);
      // Nothing is one empty line.
      const first = runs.flatMap(([chunk = '']) => (chunk === '' ? [] : [Number(chunk) * chunkRows + 1]));
      if (first.length > 0 && (await held()).length > 0) {
        // Onto the disk: while it is restored, the server keeps what is committed to itself for a while.
        await mysql(`UPDATE shop.customers SET note = 'loaded once' WHERE id IN (${first.join(', ')}); FLUSH ENGINE LOGS`);
        return first.length;
      }
      await sleep(50);
    }
    throw new Error('the client ended before it was seen loading');
  };
  const letEnd = async (): Promise<void> => {
    // What a killed client had begun goes on in the server, and would delete the row as soon as it can.
    const waiting = await sessions("INFO LIKE 'DELETE FROM `dyn_data_restore`%'");
    for (const id of [...waiting, ...(await held())]) await mysql(`KILL ${id}`).catch(() => undefined);
  };
  const expectWholeAndResumed = async (marked: number): Promise<void> => {
    expect(
      await mysql(
        "SELECT COUNT(*), COUNT(DISTINCT id), SUM(note = 'loaded once'), SUM(name = CONCAT('name ', id)), @@GLOBAL.local_infile, @@GLOBAL.innodb_flush_log_at_trx_commit, @@GLOBAL.innodb_redo_log_capacity FROM shop.customers",
      ),
    ).toEqual([[String(customers), String(customers), String(marked), String(customers - 1), '0', '1', '104857600']]);
    expect(
      await mysql('SELECT COUNT(DISTINCT TABLE_NAME, INDEX_NAME) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = "shop"'),
    ).toEqual([['6']]);
    expect(await mysql("SHOW DATABASES LIKE 'dyn%'")).toEqual([['']]);
    expect(await readerSaw()).toBe(String(customers));
    expect(await helpers()).toBe('');
    expect(await stateOf('db')).toMatchObject({ snapshot: { state: 'restored', digest: image.digest } });
  };
  return { customers, image, untilLoading, markLoaded, letEnd, expectWholeAndResumed };
}
