import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';

/**
 * Ends uploads in parts that were begun before `before` and never finished: a killed process leaves them, nobody sees them, and the store
 * keeps them for ever. Of younger ones somebody may still be sending the rest.
 * Stores that do not know such a list, and access keys that may not ask for it, are left as they are.
 */
export async function removeUnfinishedUploads(
  client: S3Client,
  { bucket, prefix, before }: { readonly bucket: string; readonly prefix: string; readonly before: Date },
): Promise<void> {
  let after: Pick<ListMultipartUploadsCommandOutput, 'KeyMarker' | 'UploadIdMarker'> | undefined = {};
  while (after) {
    const page: ListMultipartUploadsCommandOutput | undefined = await client
      .send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after }))
      .catch(ignoreRefusal);
    for (const { Key, UploadId, Initiated } of page?.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined || Initiated === undefined || Initiated >= before) continue;
      await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId })).catch(ignoreRefusal);
    }
    after = page?.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
  }
}

/** Not allowed, not known, or gone in the meantime: the store is as good as before. */
function ignoreRefusal(error: unknown): undefined {
  const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;
  if ((status >= 400 && status < 500) || status === 501) return undefined;
  throw error;
}
