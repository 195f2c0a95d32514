import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { removeAbandonedUploads } from '../../registry/abandoned-uploads.ts';
import { createLog } from '../../registry/log.ts';
import { createBlobStore, createMemoryObjects, createUploads } from '../../storage/index.ts';

const hourMs = 60 * 60 * 1000;

it('uploads in which nothing happened for a day are removed when a registry starts, and no others', async () => {
  const objects = createMemoryObjects();
  const uploads = createUploads(objects, createBlobStore(objects), { clock: () => new Date(nowMs), newId: randomUUID });
  const stop = new AbortController();
  let nowMs = Date.UTC(2027, 0, 1);
  const old = await uploads.begin('team/app');
  nowMs += 20 * hourMs;
  const young = await uploads.begin('team/app');
  nowMs += 5 * hourMs;
  let written = '';
  const logger = createLog({
    write: (line) => {
      written += line;
    },
  });
  removeAbandonedUploads({ uploads, clock: () => new Date(nowMs), logger, signal: stop.signal });
  await expect.poll(() => written).toContain('"uploads":1');
  expect(await uploads.find('team/app', old.id)).toBeUndefined();
  expect(await uploads.find('team/app', young.id)).toMatchObject({ id: young.id });
  stop.abort();
});
