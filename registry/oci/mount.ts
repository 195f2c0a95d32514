import type { Request } from 'express';
import { type BlobLink, type ContentDigest, isRepository } from '../../core/index.ts';
import { type OciPorts, queryValue } from './handling.ts';

/**
 * The blob that a client wants to have in another repository without sending it, where it may be had: from the repository named, or, where
 * none is, from any. Only repositories that the client may pull from count: else knowing a digest were enough to read a blob.
 */
export async function findMountable(
  { blobs, catalog, guard }: Pick<OciPorts, 'blobs' | 'catalog' | 'guard'>,
  digest: ContentDigest,
  request: Request,
  signal: AbortSignal,
): Promise<BlobLink | undefined> {
  const linkIn = async (repository: string): Promise<BlobLink | undefined> => {
    if (!isRepository(repository) || !guard.mayPull(repository, request)) return undefined;
    const link = await catalog.link(repository, digest, signal);
    return link && (await blobs.stat(link.blob.digest, signal)) ? link : undefined;
  };
  const from = queryValue(request, 'from');
  if (from !== undefined) return linkIn(from);
  for await (const repository of catalog.repositories(signal)) {
    const link = await linkIn(repository);
    if (link) return link;
  }
  return undefined;
}
