import { type Catalog, isDigest } from '../core/index.ts';

/**
 * Links what the snapshots of an older version's store name, which knew no links; does nothing where a repository has one. Gives the
 * number of the snapshots.
 */
export async function linkOlderSnapshots(catalog: Catalog, signal?: AbortSignal): Promise<number> {
  const options = signal ? { signal } : {};
  let linked = 0;
  for await (const repository of catalog.repositories(signal)) {
    const links = catalog.links(repository, options)[Symbol.asyncIterator]();
    const first = await links.next();
    await links.return?.();
    if (!first.done) continue;
    for await (const { digest } of catalog.snapshots(repository, options)) {
      const manifest = await catalog.manifest(repository, digest, signal);
      if (!manifest || !isDigest(manifest.digest)) continue;
      await catalog.putManifest(repository, { ...manifest, digest: manifest.digest }, signal);
      linked += 1;
    }
  }
  return linked;
}
