import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '../../core/index.ts';
import { createS3Objects, type S3Objects, type S3ObjectsOptions } from '../../storage/s3-objects.ts';
import { type S3Server, startS3 } from './s3-server.ts';
import { storeInFolder } from './store-in-folder.ts';

/** A real S3 server with one bucket, and stores in it. */
export type S3Fixture = {
  readonly server: S3Server;
  readonly bucket: string;
  /** Asks the server directly. */
  readonly client: S3Client;
  options(changes?: Partial<S3ObjectsOptions>): S3ObjectsOptions;
  /** Opened, and closed with the fixture. */
  open(changes?: Partial<S3ObjectsOptions>): Promise<S3Objects>;
  stop(): Promise<void>;
};

export async function startS3Fixture(bucket: string): Promise<S3Fixture> {
  const server = await startS3();
  const client = new S3Client({ endpoint: server.endpoint, region: server.region, forcePathStyle: true, credentials: server });
  const opened: Disposable[] = [];
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const options = (changes: Partial<S3ObjectsOptions> = {}): S3ObjectsOptions => ({
    endpoint,
    region,
    bucket,
    prefix: '',
    pathStyle: true,
    accessKeyId,
    secretAccessKey,
    ...changes,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    server,
    bucket,
    client,
    options,
    async open(changes) {
      const objects = await createS3Objects(options(changes));
      opened.push(objects);
      return objects;
    },
    async stop() {
      for (const objects of opened) objects[Symbol.dispose]();
      client.destroy();
      await server.stop();
    },
  };
}

/** New, empty stores in one bucket. */
export type S3Stores = {
  open(): Promise<S3Objects>;
  /** One that need not be opened: that asks the server for every right that is needed, and takes longer than most tests. */
  openFolder(): Promise<ObjectStore>;
};

/** @param s3 there when the first is opened */
export function s3Stores(s3: () => S3Fixture): S3Stores {
  let stores = 0;
  let opened: Promise<ObjectStore> | undefined;
  const open = () => s3().open({ prefix: `store-${++stores}/data/` });
  return {
    open,
    async openFolder() {
      opened ??= open();
      return storeInFolder(await opened, `folder-${++stores}/`);
    },
  };
}
