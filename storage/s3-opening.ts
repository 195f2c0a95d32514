import { S3ServiceException } from '@aws-sdk/client-s3';
import { DynDataError } from '../core/index.ts';
import { explainEndpoint } from './s3-endpoint.ts';
import { noBucket, s3Error, statusOf } from './s3-errors.ts';
import type { S3Permission } from './s3-probe.ts';

export type S3Place = { readonly endpoint?: string | undefined; readonly region: string; readonly bucket: string };

const purposes: Readonly<Record<S3Permission, string>> = {
  's3:GetObject': 'read objects',
  's3:PutObject': 'write objects',
  's3:DeleteObject': 'remove objects',
  's3:ListBucket': 'list the bucket',
};

/** What a start-up failure of the store comes from, and its cure. */
export async function openingError(error: unknown, place: S3Place): Promise<DynDataError> {
  if (error instanceof DynDataError) return error;
  const status = statusOf(error);
  const name = error instanceof Error ? error.name : '';
  if (status === 404 && ['NoSuchBucket', 'NotFound', '404'].includes(name)) return noBucket(place.bucket, error);
  if (name === 'InvalidAccessKeyId') {
    const message =
      'The object store does not know the access key. Correct storage.s3.accessKeyId, and see that storage.s3.endpoint is the store that it belongs to.';
    return new DynDataError('ACCESS_DENIED', message, { cause: error });
  }
  if (name === 'SignatureDoesNotMatch') {
    const message =
      'The object store does not accept the signature: storage.s3.secretAccessKey does not belong to storage.s3.accessKeyId, or a proxy before the store changes the requests. Correct the key.';
    return new DynDataError('ACCESS_DENIED', message, { cause: error });
  }
  if (isOtherRegion(name, status)) return otherRegion(error, place);
  if (name.startsWith('KMS.')) {
    const message = `The object store cannot encrypt with the key of storage.s3.encryption.keyId (${name}). Correct the key's id, and let the access key use it (kms:GenerateDataKey, kms:Decrypt).`;
    return new DynDataError('CONFIG_INVALID', message, { cause: error });
  }
  const translated = s3Error(error, place);
  const isNoAnswerOfS3 = !(error instanceof S3ServiceException) || /^(?:\d{3}|Unknown.*)$/.test(name);
  if (place.endpoint === undefined || !isNoAnswerOfS3) return translated;
  return (await explainEndpoint(place.endpoint, error)) ?? translated;
}

/** The refusals to one key of a bucket that exists, as one error that names each permission that is missing. */
export function missingPermissions(missing: ReadonlyMap<S3Permission, unknown>, bucket: string): DynDataError {
  const names = [...missing.keys()];
  const what = names.map((name) => purposes[name]).join(' or ');
  return new DynDataError(
    'ACCESS_DENIED',
    `The access key may not ${what} in the bucket "${bucket}". Grant it ${names.join(', ')}; docs/storage.md has the whole policy.`,
    { cause: missing.values().next().value, details: names.map((name) => `${name}: ${purposes[name]}`) },
  );
}

function isOtherRegion(name: string, status: number): boolean {
  return ['AuthorizationHeaderMalformed', 'PermanentRedirect', 'IllegalLocationConstraintException'].includes(name) || status === 301;
}

function otherRegion(error: unknown, { region, bucket }: S3Place): DynDataError {
  // A field of the store's answer: a region's name, or nothing.
  const said = error instanceof Error && 'Region' in error ? String(error.Region) : '';
  const right = /^[a-z0-9-]{1,40}$/.test(said) ? ` It is in "${said}".` : '';
  const message = `The bucket "${bucket}" is not in the region "${region}".${right} Correct storage.s3.region, and storage.s3.endpoint where it names a region.`;
  return new DynDataError('CONFIG_INVALID', message, { cause: error });
}
