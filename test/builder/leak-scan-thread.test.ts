import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { parseKey, phoneCountries } from '../../anonymizers/index.ts';
import { createKeptThread } from '../../builder/leak-scan/kept-thread.ts';
import { createScanThread } from '../../builder/leak-scan/scan-thread-client.ts';
import { watchKeys } from '../../builder/leak-scan/watch-list.ts';

const country = phoneCountries.find(({ iso }) => iso === 'FR');
if (!country) throw new Error('There is no France.');
const settings = {
  keys: watchKeys(parseKey('01'.repeat(32))),
  country,
  common: new Set<string>(),
  phonePermutations: [],
  accountPermutations: [],
  literals: [],
};
const name = Buffer.from('Perpetua Vandersmissen');

async function findingsIn(text: string, watched: readonly Buffer[]): Promise<readonly string[]> {
  await using thread = createScanThread();
  thread.start(settings);
  for (const value of watched) thread.sink.watch('name', value);
  return (await thread.scan(Buffer.from(text), 'text')).map(({ rule }) => rule);
}

test('what one build has watched the next one does not know', async () => {
  expect(await findingsIn(`by ${name} herself`, [name])).toEqual(['known-name']);
  expect(await findingsIn(`by ${name} herself`, [])).toEqual([]);
  expect(await findingsIn(`by ${name} herself`, [name])).toEqual(['known-name']);
});

/** Threads are numbered as they start. */
async function nextThreadId(): Promise<number> {
  const thread = new Worker('', { eval: true });
  const { threadId } = thread;
  await thread.terminate();
  return threadId;
}

test('one build after the other has the same thread', async () => {
  await findingsIn('', []);
  const before = await nextThreadId();
  await findingsIn('', []);
  await findingsIn('', []);
  expect(await nextThreadId()).toBe(before + 1);
});

test('two builds at once know nothing of each other', async () => {
  const found = await Promise.all([findingsIn(`by ${name}`, [name]), findingsIn(`by ${name}`, [])]);
  expect(found).toEqual([['known-name'], []]);
});

test('a build that ends while the scan is busy does not disturb the next one', async () => {
  const busy = createScanThread();
  busy.start(settings);
  const text = Buffer.from(`by ${name}, `.repeat(10_000));
  busy.scan(text, 'text').catch(() => undefined);
  await busy[Symbol.asyncDispose]();
  expect(await findingsIn(`by ${name} herself`, [name])).toEqual(['known-name']);
});

const start = (): Worker => new Worker('require("node:worker_threads").parentPort.on("message", () => process.exit(3))', { eval: true });

test('one thread is kept, and a second one is ended', async () => {
  const kept = createKeptThread(start);
  const [first, second] = [kept.take(), kept.take()];
  onTestFinished(async () => void (await first.terminate()));
  expect(second).not.toBe(first);
  await kept.giveBack(first);
  await kept.giveBack(second);
  expect([first, second].map(({ threadId }) => threadId > 0)).toEqual([true, false]);
  expect(kept.take()).toBe(first);
});

test('a thread that ended while nobody had it is not given', async () => {
  const kept = createKeptThread(start);
  const first = kept.take();
  await kept.giveBack(first);
  const ended = new Promise((resolve) => first.once('exit', resolve));
  first.postMessage('end');
  await ended;
  const second = kept.take();
  onTestFinished(async () => void (await second.terminate()));
  expect(second).not.toBe(first);
});
