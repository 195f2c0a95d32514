import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { createS3Objects, type S3Objects, type S3ObjectsOptions } from '../../storage/s3-objects.ts';
import { type S3Server, startS3 } from './s3-server.ts';

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
