import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStorage } from '../../storage/index.ts';
import { createS3Objects } from '../../storage/s3-objects.ts';
import { blobStoreContract } from '../contracts/blob-store.ts';
import { objectStoreContract } from '../contracts/object-store.ts';
import { uploadsContract } from '../contracts/uploads.ts';
import { describeWithEngine } from '../support/engine.ts';
import { type S3Fixture, s3Stores, startS3Fixture } from '../support/s3-store.ts';
import { collect } from '../support/stream-samples.ts';
import { s3OpeningSuite } from './s3-opening-suite.ts';

const bucket = 'dyn-data-test';

describeWithEngine('S3', () => {
  let fixture: S3Fixture;
  const stores = s3Stores(() => fixture);
  beforeAll(async () => {
    fixture = await startS3Fixture(bucket);
  });
  afterAll(() => fixture?.stop());

  const unfinishedUploads = async (): Promise<string[]> => {
    const { Uploads } = await fixture.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    return (Uploads ?? []).map(({ Key }) => Key ?? '');
  };

  describe('objects in a bucket', () =>
    objectStoreContract({ open: stores.open, isOutsideThisProcess: true, leftovers: unfinishedUploads }));
  // What else is kept in objects: test/long/s3-contracts.test.ts.
  describe('blobs in a bucket', () => blobStoreContract(stores.openFolder));
  describe('uploads in a bucket', () => uploadsContract(stores.openFolder));

  it('is opened from a registry configuration, its secrets from the environment', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey } = fixture.server;
    const s3 = {
      endpoint,
      region,
      bucket,
      prefix: 'configured/',
      pathStyle: true,
      accessKeyId: { env: 'TEST_S3_ID' },
      secretAccessKey: { env: 'TEST_S3_SECRET' },
    };
    const environment = { TEST_S3_ID: accessKeyId, TEST_S3_SECRET: secretAccessKey };
    const objects = await openStorage({ s3 }, { configDirectory: '/', environment });
    await objects.write('a/b', Uint8Array.of(1, 2), { sizeBytes: 2 });
    const direct = await createS3Objects(fixture.options());
    const found = await direct.read('configured/a/b');
    expect(found && (await collect(found.bytes))).toEqual(Uint8Array.of(1, 2));
    const missing = openStorage({ s3 }, { configDirectory: '/', environment: { TEST_S3_ID: accessKeyId } });
    await expect(missing).rejects.toMatchObject({ code: 'SECRET_MISSING', message: expect.stringContaining('TEST_S3_SECRET') });
  });

  it('removes the unfinished uploads of a killed process when it is opened, and no younger ones and none of others', async () => {
    const [ours, others] = ['killed/data/blobs/a', 'killed/other/blobs/a'];
    for (const Key of [ours, others]) {
      const { UploadId } = await fixture.client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
      const part = { Bucket: bucket, Key, UploadId, PartNumber: 1, Body: new Uint8Array(5 * 1024 * 1024) };
      await fixture.client.send(new UploadPartCommand(part));
    }
    const prefix = 'killed/data/';
    await createS3Objects(fixture.options({ prefix }));
    expect(await unfinishedUploads()).toEqual(expect.arrayContaining([ours, others]));
    await createS3Objects(fixture.options({ prefix, abandonedAfterMs: -60_000 }));
    const left = await unfinishedUploads();
    expect(left).toContain(others);
    expect(left).not.toContain(ours);
  });

  it('ends a write whose large upload the store gave up, leaving nothing', async () => {
    const objects = await stores.open();
    const piece = new Uint8Array(1024 * 1024);
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 24; count += 1) {
        yield piece;
        if (count === 20) {
          const { Uploads } = await fixture.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
          for (const { Key, UploadId } of Uploads ?? []) {
            await fixture.client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
          }
        }
      }
    }
    await expect(objects.write('large/given-up', source(), { sizeBytes: 24 * piece.byteLength })).rejects.toMatchObject({
      code: expect.stringMatching(/^STORAGE_/),
    });
    expect(await objects.stat('large/given-up')).toBeUndefined();
  });

  s3OpeningSuite(() => fixture);
});
