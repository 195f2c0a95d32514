/** A process that writes to a storage folder until it is killed: the folder and the key come as arguments. */
import { randomUUID } from 'node:crypto';
import { createFolderObjects } from '../../storage/index.ts';
import { sampleBytes } from '../support/stream-samples.ts';

const [folder = '', key = '', mode = ''] = process.argv.slice(2);
const objects = await createFolderObjects({ folder, newId: randomUUID });

async function* endless(): AsyncGenerator<Uint8Array> {
  for (let count = 0; ; count += 1) {
    yield sampleBytes(1024 * 1024, count + 1);
    if (count === 8) process.stdout.write('writing\n');
    if (count > 8) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

if (mode === 'stream') await objects.write(key, endless(), { sizeBytes: 2 ** 40 });
// Counts up in one object, each step only from the state it has read: steps of several processes must never be lost.
if (mode === 'count') {
  for (let step = 0; step < 20; ) {
    const found = await objects.read(key);
    const pieces: Uint8Array[] = [];
    for await (const piece of found?.bytes ?? []) pieces.push(piece);
    const next = Buffer.from(String(Number(Buffer.concat(pieces).toString() || '0') + 1));
    const condition = found ? { etag: found.info.etag } : ('absent' as const);
    try {
      await objects.write(key, next, { sizeBytes: next.byteLength, condition });
      step += 1;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'CONFLICT')) throw error;
    }
  }
}
