import mysql, { type Connection } from 'mysql2/promise';
import { expect } from 'vitest';
import { parsePolicy } from '../../anonymizers/index.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import { waitHealthy } from '../../scripts/wait-healthy.ts';
import { buildImage } from './built-image.ts';
import { type ClientProject, createClientProject } from './client-project.ts';
import type { DataImage } from './data-image.ts';
import { startSmallRegistry } from './small-registry.ts';

const password = 'round trip';

/** Two servers, of one image where no other is given: the source, and the service of a stack that the client restores. */
export type MysqlPair = AsyncDisposable & {
  readonly source: Connection;
  readonly target: Connection;
  /** Has the source's own client run a file. */
  run(file: string): Promise<void>;
  connectSource(databases: readonly string[]): ReturnType<typeof connectMysql>;
  /** Source to image to target, as the builder and the client do it. */
  copy(databases: readonly string[], policy: object): Promise<DataImage>;
};

/** @param client the server's own client program, `mysql` or `mariadb` */
export async function startMysqlPair(options: {
  readonly project: string;
  readonly image: string;
  readonly targetImage?: string;
  readonly client: 'mysql' | 'mariadb';
}): Promise<MysqlPair> {
  const { project, image, targetImage = image, client: program } = options;
  const service = (of: string, labels: object): object => ({
    image: of,
    labels,
    environment: { [program === 'mysql' ? 'MYSQL_ROOT_PASSWORD' : 'MARIADB_ROOT_PASSWORD']: password },
    ports: ['127.0.0.1:0:3306'],
    healthcheck: {
      test: ['CMD-SHELL', `MYSQL_PWD='${password}' ${program} -h127.0.0.1 -uroot -e 'SELECT 1'`],
      interval: '1h',
      timeout: '5s',
      retries: 90,
    },
  });
  const registry = await startSmallRegistry();
  // JSON is YAML.
  const composeFile = JSON.stringify({ services: { source: service(image, {}), db: service(targetImage, { 'dyn-data.source': 'main' }) } });
  const client: ClientProject = await createClientProject({ registry: registry.url, project, composeFile });
  const docker = async (args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await client.docker(args);
    if (exitCode !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const portOf = async (name: string): Promise<number> =>
    Number((await docker(['compose', '-p', project, 'port', name, '3306'])).split(':').at(-1));
  const open = async (name: string): Promise<Connection> =>
    mysql.createConnection({ host: '127.0.0.1', port: await portOf(name), user: 'root', password, charset: 'utf8mb4' });
  const opened: Connection[] = [];
  const dispose = async (): Promise<void> => {
    for (const connection of opened) connection.destroy();
    await client.run(['down', '-v']);
    const images = await docker(['images', '--digests', '--format', '{{.Repository}}@{{.Digest}}', `${registry.host}/shop`]);
    for (const name of images.split('\n')) if (name !== '') await docker(['image', 'rm', name]);
    await client[Symbol.asyncDispose]();
    await registry.close();
  };
  try {
    await docker(['compose', '-p', project, 'up', '--detach']);
    await Promise.all(['source', 'db'].map((name) => waitHealthy(`${project}-${name}-1`)));
    const [source, target] = [await open('source'), await open('db')];
    opened.push(source, target);
    const port = await portOf('source');
    const signal = new AbortController().signal;
    const connectSource: MysqlPair['connectSource'] = (databases) =>
      connectMysql(
        'main',
        { kind: 'mysql', host: '127.0.0.1', port, user: 'root', password: { env: 'none' }, databases: [...databases] },
        password,
        signal,
      );
    return {
      source,
      target,
      async run(file) {
        const container = `${project}-source-1`;
        await docker(['cp', file, `${container}:/tmp/script.sql`]);
        const command = `MYSQL_PWD='${password}' ${program} -uroot --default-character-set=utf8mb4 --binary-mode --comments < /tmp/script.sql`;
        await docker(['exec', container, 'sh', '-c', command]);
      },
      connectSource,
      async copy(databases, policy) {
        const made = await buildImage(parsePolicy(JSON.stringify(policy), 'policy.yaml'), [() => connectSource(databases)]);
        registry.add('shop', 'copied', made);
        for (const args of [
          ['pull', 'copied'],
          ['up', '--replace', 'copied'],
        ]) {
          const { exitCode, stderr } = await client.run(args);
          expect(exitCode, stderr).toBe(0);
        }
        return made;
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
