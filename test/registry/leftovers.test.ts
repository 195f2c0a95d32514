import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { digestOf } from '../../core/index.ts';
import { removeLeftovers } from '../../registry/leftovers.ts';
import { createLog } from '../../registry/log.ts';
import { createBlobStore, createMemoryObjects, createRequestKeys, createUploads } from '../../storage/index.ts';

const hourMs = 60 * 60 * 1000;

it('uploads and keys of requests in which nothing happened for a day are removed when a registry starts, and no others', async () => {
  const clock = (): Date => new Date(nowMs);
  const objects = createMemoryObjects({ clock });
  const requestKeys = createRequestKeys(objects, { clock, newId: randomUUID, keptForMs: 24 * hourMs });
  const uploads = createUploads(objects, createBlobStore(objects), { clock, newId: randomUUID });
  const stop = new AbortController();
  let nowMs = Date.UTC(2027, 0, 1);
  const old = await uploads.begin('team/app');
  const request = digestOf('request');
  const oldClaim = await requestKeys.claim(digestOf('old'), request);
  nowMs += 20 * hourMs;
  const young = await uploads.begin('team/app');
  const youngClaim = await requestKeys.claim(digestOf('young'), request);
  nowMs += 5 * hourMs;
  let written = '';
  const logger = createLog({
    write: (line) => {
      written += line;
    },
  });
  removeLeftovers({ uploads, requestKeys, clock, logger, signal: stop.signal });
  await expect.poll(() => written).toContain('"uploads":1');
  expect(await uploads.find('team/app', old.id)).toBeUndefined();
  expect(await uploads.find('team/app', young.id)).toMatchObject({ id: young.id });
  await expect.poll(() => written).toContain('"requestKeys":1');
  expect(await requestKeys.claim(digestOf('young'), request)).toEqual({ ...youngClaim, isRepeated: true });
  expect(await requestKeys.claim(digestOf('old'), request)).toMatchObject({
    isRepeated: false,
    id: expect.not.stringContaining(oldClaim.id),
  });
  stop.abort();
});
