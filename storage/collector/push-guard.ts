import { type BlobLink, type Catalog, type ContentDigest, type Digest, DynDataError, type ObjectStore } from '../../core/index.ts';
import { gather } from '../byte-streams.ts';
import { linkKey, manifestKey } from '../keys.ts';
import { firstMissing } from './missing.ts';
import type { SweepLog, SweepPosition } from './sweep-log.ts';

/** Somebody removed the very link that was being written; each time his sweep is waited for. */
const holdTries = 5;

type Link = Omit<BlobLink, 'linkedAt'>;

/** One request of somebody who pushes. It is to be opened before he looks at what is there. */
export type Push = {
  /**
   * Links a blob that was just stored, or was found to be there, and keeps it for about a grace: before this the answer may not say that
   * the blob is there. A link that has become old is written again, which makes it, and what it names, young for the collector.
   * @returns false where the blob went meanwhile
   */
  hold(repository: string, link: Link, signal?: AbortSignal): Promise<boolean>;
  /**
   * What has gone of all that a manifest names, once it is stored: before this its pusher may not be told that it is. Asks for nothing
   * where nothing was removed since the request began. Takes no signal: a manifest that is stored must not stay unconfirmed.
   */
  missing(repository: string, manifest: ContentDigest, named: Named): Promise<ContentDigest[]>;
  /** Takes back, with `remove`, a stored manifest that `missing` found wanting, unless what it wants has come meanwhile. */
  takeBack(repository: string, manifest: ContentDigest, named: Named, remove: () => Promise<unknown>): Promise<void>;
};

/** What a manifest names in its repository. */
export type Named = { readonly links: readonly BlobLink[]; readonly manifests: readonly ContentDigest[] };

export type OpenPush = (signal?: AbortSignal) => Promise<Push>;

export type PushGuardOptions = {
  readonly objects: ObjectStore;
  readonly catalog: Pick<Catalog, 'putLink' | 'manifest'>;
  readonly log: SweepLog;
  readonly graceMs: number;
  readonly clock: () => Date;
};

/**
 * Pushes beside collectors at work, after the model of openWriterStorage: whatever one who pushes relies on he first gives a reason to stay
 * (a link that is young, a manifest), then he looks at the log of sweeps. Either the collector sees the reason, or he sees the sweep, waits
 * for its end and looks at what it left (sweep-log.ts). That the link is written again where it is old decides how often there is anything to
 * wait for.
 */
export function createPushGuard({ objects, catalog, log, graceMs, clock }: PushGuardOptions): OpenPush {
  /** What is in use all the time is not written at every request. Where the clocks disagree by hours, it may be written too late: the log then tells. */
  const isOld = ({ modifiedAt }: { readonly modifiedAt: Date }): boolean => clock().getTime() - modifiedAt.getTime() > graceMs / 2;

  const renewLink = async (repository: string, link: Link, signal?: AbortSignal): Promise<void> => {
    await catalog.putLink(repository, link, signal);
    const key = linkKey(repository, link.digest);
    const state = await objects.stat(key, signal);
    if (!state || !isOld(state)) return;
    const found = await objects.read(key, signal && { signal });
    if (!found) return;
    const bytes = await gather(found.bytes);
    const condition = { etag: found.info.etag };
    // Where somebody else has written or removed it meanwhile, that is seen below.
    await objects.write(key, bytes, { sizeBytes: bytes.byteLength, condition, ...(signal && { signal }) }).catch(ignoreConflict);
  };

  const gone = async (repository: string, manifest: ContentDigest, { links, manifests }: Named): Promise<ContentDigest[]> => {
    const missing: ContentDigest[] = [];
    if (!(await objects.stat(manifestKey(repository, manifest)))) missing.push(manifest);
    for (const link of links) {
      // A sweep that did not see the manifest may have taken the link alone.
      await catalog.putLink(repository, link);
      if ((await firstMissing(objects, [link.blob.digest])) !== undefined) missing.push(link.digest);
    }
    for (const digest of manifests) if (!(await objects.stat(manifestKey(repository, digest)))) missing.push(digest);
    return missing;
  };

  return async (opening) => {
    const begun = await log.position(opening);
    return {
      async hold(repository, link, signal) {
        const digests: readonly Digest[] = [link.blob.digest];
        let before: SweepPosition = begun;
        for (let tries = 0; tries < holdTries; tries += 1) {
          await renewLink(repository, link, signal);
          if (await log.isUnchangedSince(before, signal)) return true;
          await log.settled(signal);
          before = await log.position(signal);
          if ((await firstMissing(objects, digests, signal)) !== undefined) return false;
          if (await objects.stat(linkKey(repository, link.digest), signal)) return true;
        }
        throw new DynDataError('CONFLICT', 'The blob was being removed from the repository again and again. Send it again.');
      },

      async missing(repository, manifest, named) {
        if (await log.isUnchangedSince(begun)) return [];
        await log.settled();
        return gone(repository, manifest, named);
      },

      async takeBack(repository, manifest, named, remove) {
        const sweep = await log.open([manifestKey(repository, manifest)]);
        // Whoever is told from now on that this manifest is there has seen our sweep. One who was told before had all of it.
        if ((await gone(repository, manifest, named)).length > 0) await remove();
        await sweep.close();
      },
    };
  };
}

function ignoreConflict(error: unknown): void {
  if (!(error instanceof DynDataError && error.code === 'CONFLICT')) throw error;
}
