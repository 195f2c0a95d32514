/**
 * A process that works on a storage folder as a builder (publishes snapshots and removes them) or as a collector, which kills itself at the
 * storage operation that it is told. Arguments: mode, folder, seed, how many rounds or at which operation, and the collector's
 * grace and the takeover of sweeps in milliseconds.
 */
import { randomUUID } from 'node:crypto';
import { DynDataError, type ObjectStore } from '../../../core/index.ts';
import { createFolderObjects, removeSnapshots } from '../../../storage/index.ts';
import { openCollectedStore, publishChunks, repository } from '../../support/collected-store.ts';
import { seededRandom } from '../../support/stepped-objects.ts';

const [mode = '', folder = '', seed = '1', count = '0', graceMs = '', takeoverMs = ''] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const clock = (): Date => new Date();
const objects = await createFolderObjects({ folder, newId: randomUUID });
const settings = { clock, graceMs: Number(graceMs), newId: randomUUID, takeoverMs: Number(takeoverMs) };
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

if (mode === 'collect') await openCollectedStore(killedAt(Number(count)), settings).run();
if (mode === 'build') await build(Number(count));

function killedAt(operation: number): ObjectStore {
  let operations = 0;
  const counted = <T>(work: () => T): T => {
    operations += 1;
    if (operations === operation) process.kill(process.pid, 'SIGKILL');
    return work();
  };
  return {
    stat: (key, signal) => counted(() => objects.stat(key, signal)),
    read: (key, options) => counted(() => objects.read(key, options)),
    list: (prefix, options) => counted(() => objects.list(prefix, options)),
    write: (key, bytes, options) => counted(() => objects.write(key, bytes, options)),
    remove: (key, signal) => counted(() => objects.remove(key, signal)),
  };
}

/** Each line on standard output is a snapshot that was acknowledged, or one that was removed. */
async function build(rounds: number): Promise<void> {
  const store = openCollectedStore(objects, settings);
  const chunks = Array.from({ length: 12 }, (_, index) => `${index % 2 === 0 ? 'shared' : seed}-${index}`);
  const layer = (): string[] => Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(chunks));
  const own: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    try {
      const tag = `${seed}-${round}`;
      const ports = await store.openWriter();
      const digest = await publishChunks(ports, [layer(), layer(), [`${seed} ${round}`]], { takenAt: clock().toISOString(), tag });
      own.push(digest);
      process.stdout.write(`published ${digest}\n`);
      if (own.length <= 3) continue;
      const old = own.shift() as `sha256:${string}`;
      process.stdout.write(`removing ${old}\n`);
      const tags: string[] = [];
      for await (const named of store.catalog.tags(repository)) if (named.digest === old) tags.push(named.tag);
      await removeSnapshots(store.removal, repository, [{ digest: old, tags, pins: [] }]);
    } catch (error) {
      if (!(error instanceof DynDataError && error.code === 'CONFLICT')) throw error;
      process.stdout.write('conflict\n');
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
