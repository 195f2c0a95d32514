import { type Catalog, type CatalogWriter, DynDataError, type TagState } from '../../core/index.ts';
import type { Change } from './change.ts';

/** Somebody else moved the tag between our reading and our writing; each time the log is told. */
const changeTries = 5;

/**
 * A catalog whose changes are in the audit log. `from` is what the change did replace, not what it was seen to be a moment before: a tag is moved and
 * removed only from there. What nothing names yet, blobs that are pushed and manifests that a build stores, is no change.
 */
export function createAuditedCatalog(catalog: Catalog, change: Change): Catalog {
  /** Does `work` on the condition that the tag still is as it was read; again where it was moved meanwhile, unless the caller expects something of it. */
  const fromWhatIsThere = async <T>(
    { repository, tag, expected, signal }: Changed,
    work: (before: TagState | undefined) => Promise<T>,
  ): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      const before = await catalog.tag(repository, tag, signal);
      if (expected !== undefined && !holds(expected, before)) throw movedMeanwhile(repository, tag);
      try {
        return await work(before);
      } catch (error) {
        const isConflict = error instanceof DynDataError && error.code === 'CONFLICT';
        if (!isConflict || expected !== undefined || attempt === changeTries) throw error;
      }
    }
  };
  // Written out, so that whoever gives the catalog another way to change something has to decide here how that is recorded.
  const audited: CatalogWriter = {
    putManifest: catalog.putManifest,
    putLink: catalog.putLink,

    async putPushedManifest(repository, manifest, signal) {
      if (await catalog.manifest(repository, manifest.digest, signal)) return;
      const event = { action: 'manifest.push', target: `${repository}@${manifest.digest}` } as const;
      await change(event, () => catalog.putPushedManifest(repository, manifest, signal));
    },

    async removeManifest(repository, digest, signal) {
      if (!(await catalog.manifest(repository, digest, signal))) return false;
      const event = { action: 'manifest.remove', target: `${repository}@${digest}` } as const;
      return change(event, () => catalog.removeManifest(repository, digest, signal));
    },

    async removeLink(repository, digest, signal) {
      const event = { action: 'blob.remove', target: `${repository}@${digest}` } as const;
      await change(event, () => catalog.removeLink(repository, digest, signal));
    },

    async putSnapshot(record, signal) {
      const target = `${record.repository}@${record.digest}`;
      await change({ action: 'snapshot.publish', target }, () => catalog.putSnapshot(record, signal));
    },

    async moveTag(repository, tag, digest, { expected, signal } = {}) {
      if (!(await catalog.manifest(repository, digest, signal)))
        return catalog.moveTag(repository, tag, digest, { ...(signal && { signal }) });
      return fromWhatIsThere({ repository, tag, expected, signal }, (before) => {
        const event = { action: 'tag.move', target: `${repository}:${tag}`, to: digest, ...(before && { from: before.digest }) } as const;
        const condition = before ? { etag: before.etag } : ('absent' as const);
        return change(event, () => catalog.moveTag(repository, tag, digest, { expected: condition, ...(signal && { signal }) }));
      });
    },

    async removeTag(repository, tag, { expected, signal } = {}) {
      await fromWhatIsThere({ repository, tag, expected, signal }, async (before) => {
        if (!before) return;
        const event = { action: 'tag.remove', target: `${repository}:${tag}`, from: before.digest } as const;
        await change(event, () => catalog.removeTag(repository, tag, { expected: before, ...(signal && { signal }) }));
      });
    },
  };
  return { ...catalog, ...audited };
}

type Expected = 'absent' | { readonly etag: string };
type Changed = {
  readonly repository: string;
  readonly tag: string;
  readonly expected: Expected | undefined;
  readonly signal: AbortSignal | undefined;
};

function holds(expected: Expected, before: TagState | undefined): boolean {
  return expected === 'absent' ? before === undefined : before?.etag === expected.etag;
}

function movedMeanwhile(repository: string, tag: string): DynDataError {
  return new DynDataError(
    'CONFLICT',
    `The tag "${tag}" of "${repository}" is not what you expect any more. Look at its present state, then try again.`,
  );
}
