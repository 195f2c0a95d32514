// Makes the bucket of docker-compose.dev.yml with any S3 store. Runs in the registry's image, which has the library.
// Usage: node make-bucket.mjs ENDPOINT BUCKET, with SAMPLE_S3_ACCESS_KEY and SAMPLE_S3_SECRET_KEY
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

const [endpoint, bucket] = process.argv.slice(2);
const { SAMPLE_S3_ACCESS_KEY: accessKeyId, SAMPLE_S3_SECRET_KEY: secretAccessKey } = process.env;
const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
const deadline = Date.now() + 60_000;
for (;;) {
  try {
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    break;
  } catch (error) {
    if (error.name === 'BucketAlreadyOwnedByYou') break;
    // A store that is starting answers nothing, or that it is not ready yet.
    const isStarting = error.$metadata?.httpStatusCode === undefined || error.$metadata.httpStatusCode >= 500;
    if (!isStarting || Date.now() > deadline) throw error;
    await sleep(500);
  }
}
console.log(`The bucket ${bucket} is there.`);
