import { createServer } from 'node:net';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../core/index.ts';
import { openStorage } from '../../storage/index.ts';
import { createS3Objects, type S3ObjectsOptions } from '../../storage/s3-objects.ts';
import { auditLogContract } from '../contracts/audit-log.ts';
import { blobStoreContract } from '../contracts/blob-store.ts';
import { catalogContract } from '../contracts/catalog.ts';
import { objectStoreContract } from '../contracts/object-store.ts';
import { tokenStoreContract } from '../contracts/token-store.ts';
import { uploadsContract } from '../contracts/uploads.ts';
import { describeWithEngine } from '../support/engine.ts';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { storeInFolder } from '../support/store-in-folder.ts';
import { collect } from '../support/stream-samples.ts';

const bucket = 'dyn-data-test';

describeWithEngine('S3', () => {
  let server: S3Server;
  let client: S3Client;
  let stores = 0;
  beforeAll(async () => {
    server = await startS3();
    client = new S3Client({ endpoint: server.endpoint, region: server.region, forcePathStyle: true, credentials: server });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  });
  afterAll(async () => {
    client?.destroy();
    await server?.stop();
  });

  const options = (changes: Partial<S3ObjectsOptions> = {}): S3ObjectsOptions => ({
    endpoint: server.endpoint,
    region: server.region,
    bucket,
    prefix: '',
    pathStyle: true,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    ...changes,
  });
  /** A new prefix is a new, empty store. */
  const open = () => createS3Objects(options({ prefix: `store-${++stores}/data/` }));
  let opened: Promise<ObjectStore> | undefined;
  /** One that need not be opened: that asks the server for every right that is needed, and takes longer than most tests. */
  const openFolder = async () => {
    opened ??= open();
    return storeInFolder(await opened, `folder-${++stores}/`);
  };
  const unfinishedUploads = async (): Promise<string[]> => {
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    return (Uploads ?? []).map(({ Key }) => Key ?? '');
  };

  describe('objects in a bucket', () => objectStoreContract({ open, isOutsideThisProcess: true, leftovers: unfinishedUploads }));
  describe('blobs in a bucket', () => blobStoreContract(openFolder));
  describe('a catalog in a bucket', () => catalogContract(openFolder));
  describe('uploads in a bucket', () => uploadsContract(openFolder));
  describe('tokens in a bucket', () => tokenStoreContract(openFolder));
  describe('an audit log in a bucket', () => auditLogContract(openFolder));

  describe('a store that cannot be used', () => {
    it('is refused for a missing bucket, saying which', async () => {
      const opening = createS3Objects(options({ bucket: 'no-such-bucket' }));
      await expect(opening).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('no-such-bucket') });
    });

    it('is refused for a wrong secret or an unknown key, printing neither', async () => {
      for (const changes of [{ secretAccessKey: 'a-wrong-secret' }, { accessKeyId: 'UNKNOWNKEY' }]) {
        const error = await createS3Objects(options(changes)).catch((failure: unknown) => failure);
        expect(error).toMatchObject({ code: 'ACCESS_DENIED' });
        expect(String(error)).not.toMatch(/a-wrong-secret|UNKNOWNKEY/);
      }
    });

    it('is reported as unreachable where nothing listens', async () => {
      const unused = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => unused.once('listening', resolve));
      const address = unused.address();
      await new Promise((resolve) => unused.close(resolve));
      const endpoint = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 1}`;
      await expect(createS3Objects(options({ endpoint, openingRetryForMs: 500 }))).rejects.toMatchObject({ code: 'STORAGE_UNREACHABLE' });
    });
  });

  it('is opened from a registry configuration, its secrets from the environment', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
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
    const direct = await createS3Objects(options());
    const found = await direct.read('configured/a/b');
    expect(found && (await collect(found.bytes))).toEqual(Uint8Array.of(1, 2));
    const missing = openStorage({ s3 }, { configDirectory: '/', environment: { TEST_S3_ID: accessKeyId } });
    await expect(missing).rejects.toMatchObject({ code: 'SECRET_MISSING', message: expect.stringContaining('TEST_S3_SECRET') });
  });

  it('removes the unfinished uploads of a killed process when it is opened, and no younger ones and none of others', async () => {
    const [ours, others] = ['killed/data/blobs/a', 'killed/other/blobs/a'];
    for (const Key of [ours, others]) {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
      const part = { Bucket: bucket, Key, UploadId, PartNumber: 1, Body: new Uint8Array(5 * 1024 * 1024) };
      await client.send(new UploadPartCommand(part));
    }
    const prefix = 'killed/data/';
    await createS3Objects(options({ prefix }));
    expect(await unfinishedUploads()).toEqual(expect.arrayContaining([ours, others]));
    await createS3Objects(options({ prefix, abandonedAfterMs: -60_000 }));
    const left = await unfinishedUploads();
    expect(left).toContain(others);
    expect(left).not.toContain(ours);
  });

  it('ends a write whose large upload the store gave up, leaving nothing', async () => {
    const objects = await open();
    const piece = new Uint8Array(1024 * 1024);
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 24; count += 1) {
        yield piece;
        if (count === 20) {
          const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
          for (const { Key, UploadId } of Uploads ?? []) {
            await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
          }
        }
      }
    }
    await expect(objects.write('large/given-up', source(), { sizeBytes: 24 * piece.byteLength })).rejects.toMatchObject({
      code: expect.stringMatching(/^STORAGE_/),
    });
    expect(await objects.stat('large/given-up')).toBeUndefined();
  });
});
