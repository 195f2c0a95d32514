import { PassThrough } from 'node:stream';
import type { ServiceContainer } from '../service-container.ts';
import { restoreFailed } from './data-service.ts';
import { defineClient, errorCode, sessionStart } from './mysql-client.ts';

/**
 * One client program for many statements: its statements come through one pipe and the rows of LOAD DATA through another, both out of the
 * standard input of a single `docker exec`, since starting one for each table costs more than loading a small one. Each part of the input
 * is announced by a line with its kind and size. When the client ends, the whole group of processes does: the shell may be waiting for it.
 */
const multiplex = `${defineClient}
pipes="$(mktemp -d)" && mkfifo "$pipes/sql" "$pipes/rows" || exit 1
{
  client --default-character-set=utf8mb4 --batch --skip-column-names --unbuffered --binary-mode --comments --local-infile=1 --init-command="$1" < "$pipes/sql"
  echo "dyn-data ended $?"
  rm -rf "$pipes"
  kill -TERM 0
} &
exec 3> "$pipes/sql"
echo "dyn-data rows $pipes/rows"
while read -r kind size; do
  case "$kind" in
    sql) head -c "$size" >&3 ;;
    rows) head -c "$size" > "$pipes/rows" ;;
  esac || break
done
exec 3>&-
wait`;

const loadFromStdin = /^LOAD DATA LOCAL INFILE '\/dev\/stdin' /;

/** A session in the server, in a transaction until `COMMIT`. Its methods are called one after another. */
export type MysqlSession = {
  /** The lines that the statements print. Each statement ends with its delimiter. @throws RESTORE_FAILED */
  query(what: string, sql: string): Promise<string[]>;
  /** A table's `load` with these bytes, `sizeBytes` in all. Gives the lines of SHOW WARNINGS. @throws RESTORE_FAILED */
  load(what: string, load: string, sizeBytes: number, pieces: AsyncIterable<Uint8Array>): Promise<string[]>;
  /** Undoes what is not committed. */
  close(): Promise<void>;
};

type Answer = { readonly lines: string[]; readonly end: string; resolve(lines: string[]): void; reject(error: unknown): void };

/** @param number sessions that are open at the same time have different ones */
export function openMysqlSession(container: ServiceContainer, number: number, signal: AbortSignal): MysqlSession {
  const input = new PassThrough();
  // A pipe that broke is seen by the end of the process.
  input.on('error', () => undefined);
  let waiting: Answer | undefined;
  let doing = 'Opening a session';
  let asked = 0;
  let tellPath: (path: string) => void = () => undefined;
  const rowsPath = new Promise<string>((resolve) => {
    tellPath = resolve;
  });
  const onLine = (line: string): void => {
    const [, word, value = ''] = /^dyn-data (rows|ended) (.*)$/.exec(line) ?? [];
    if (word === 'rows') tellPath(value);
    else if (waiting && line === waiting.end) waiting.resolve(waiting.lines);
    else waiting?.lines.push(line);
  };
  const ended = container
    .exec(['sh', '-c', multiplex, 'sh', `${sessionStart(container, number)}, autocommit = 0`], { input, signal, onLine })
    .then((result): never => {
      const status = /^dyn-data ended (\d+)$/m.exec(result.stdout)?.[1];
      throw restoreFailed(container, doing, errorCode({ ...result, exitCode: status === undefined ? result.exitCode : Number(status) }));
    });
  ended.catch((error: unknown) => {
    waiting?.reject(error);
    input.destroy();
  });

  const send = (bytes: string | Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      input.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  const sendSql = (sql: string): Promise<void> => send(`sql ${Buffer.byteLength(sql)}\n${sql}`);
  /** Whatever else fails when the process is gone, why it is gone says more. */
  const orEnded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await Promise.race([work, ended]);
    } catch (error) {
      return input.destroyed ? await ended : Promise.reject(error);
    }
  };
  const request = async (what: string, sql: string, rows?: () => Promise<void>): Promise<string[]> => {
    doing = what;
    asked += 1;
    const end = `dyn-data done ${asked}`;
    const answer = new Promise<string[]>((resolve, reject) => {
      waiting = { lines: [], end, resolve, reject };
    });
    answer.catch(() => undefined);
    await orEnded(sendSql(`${sql}\nSELECT '${end}';\n`));
    if (rows) await orEnded(rows());
    const lines = await orEnded(answer);
    waiting = undefined;
    return lines;
  };

  return {
    query: (what, sql) => request(what, sql),
    async load(what, load, sizeBytes, pieces) {
      if (!loadFromStdin.test(load)) throw restoreFailed(container, what, 'its load statement does not read /dev/stdin');
      const path = await orEnded(rowsPath);
      const statement = load.replace(loadFromStdin, () => `LOAD DATA LOCAL INFILE '${path}' `);
      return request(what, `${statement};\nSHOW WARNINGS;`, async () => {
        await send(`rows ${sizeBytes}\n`);
        for await (const piece of pieces) await send(piece);
      });
    },
    async close() {
      input.end();
      await ended.catch(() => undefined);
    },
  };
}
