import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printResult, timed } from '../measure.ts';
import { database } from './large-database.ts';
import { fill, password, sourceOptions, startMysql, withConnection } from './server.ts';
import { snapshot } from './snapshot.ts';

const usage = `Usage: node bench/mysql/nightly.ts --rows N

What the next night costs: a snapshot into the store that holds the one before, after 1 % of the rows changed in a range of keys, and after
0.1 % changed all over. Bytes stored and bytes that docker pull transfers, as shares of the first night's.`;

const { values } = parseArgs({ options: { rows: { type: 'string', default: '8000000' } } });
const rows = Number(values.rows);
if (!Number.isInteger(rows) || rows < 8) {
  console.error(usage);
  process.exit(2);
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

type Night = { readonly seconds: number; readonly storedBytes: number; readonly pulledBytes: number };

/** Takes a snapshot; `had` are the layers that the puller has already, and gets the new ones. */
async function night(store: string, port: number, had: Set<string>): Promise<Night> {
  const before = await bytesIn(store);
  let layers: Awaited<ReturnType<typeof snapshot>> = [];
  const seconds = await timed(async () => {
    layers = await snapshot(store, { port, password });
  });
  const fresh = layers.filter(({ digest }) => !had.has(digest));
  for (const { digest } of fresh) had.add(digest);
  return { seconds, storedBytes: (await bytesIn(store)) - before, pulledBytes: fresh.reduce((bytes, { size }) => bytes + size, 0) };
}

const folder = await mkdtemp(join(tmpdir(), 'dyn-data-nightly-'));
try {
  await using source = await startMysql('dyn-data-bench-mysql', sourceOptions);
  await fill(source, rows);
  const store = join(folder, 'store');
  await mkdir(store);
  const had = new Set<string>();
  const change = (condition: (count: number) => string): Promise<void> =>
    withConnection(source, async (connection) => {
      const tables = {
        users: ['score = score + 1', 1 / 8],
        contacts: ['position = position + 1', 3 / 8],
        calls: ['duration = duration + 1', 4 / 8],
      } as const;
      for (const [name, [assignment, share]] of Object.entries(tables))
        await connection.query(`UPDATE ${database}.${name} SET ${assignment} WHERE ${condition(Math.round(rows * share))}`);
    });

  // The first build of a process pays for compiling the program.
  await mkdir(join(folder, 'warm-up'));
  await night(join(folder, 'warm-up'), source.port, new Set());
  const first = await night(store, source.port, had);
  await change((count) => `id > ${Math.round(count * 0.4)} AND id <= ${Math.round(count * 0.41)}`);
  const contiguous = await night(store, source.port, had);
  await change(() => 'id % 1000 = 7');
  const scattered = await night(store, source.port, had);
  const print = (name: string, ours: number, peer: number, aim: string): void =>
    printResult({ name, value: ours / peer, unit: "of the first night's", aim, ours, peer });
  print('nightly-contiguous-bytes-stored', contiguous.storedBytes, first.storedBytes, '<= 0.03');
  print('nightly-contiguous-bytes-pulled', contiguous.pulledBytes, first.pulledBytes, '<= 0.03');
  print('nightly-scattered-bytes-stored', scattered.storedBytes, first.storedBytes, '<= 0.03');
  print('nightly-time', contiguous.seconds, first.seconds, '<= 0.7');
} finally {
  await rm(folder, { recursive: true, force: true });
}
