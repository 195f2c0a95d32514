import { type Catalog, type Digest, DynDataError, type JobHooks, type TagState } from '../core/index.ts';

/** Somebody else moves the same name at the same moment now and then, not again and again. */
const attempts = 5;

type Names = { readonly repository: string; readonly tag?: string; readonly alias?: string };
type Ports = { readonly catalog: Catalog } & Partial<Pick<JobHooks, 'confirm' | 'onEvent'>>;

/**
 * Gives a stored snapshot its tag, and then its alias. A name is moved only from what it was when `confirm` said that the build is still
 * ours: a build that is run a second time elsewhere, because this one seemed lost, cannot be overtaken by what this one does late.
 * @throws DynDataError CANCELLED where the build is no longer ours; CONFLICT where others move the name all the time.
 */
export async function nameSnapshot(
  digest: Digest,
  takenAt: Date,
  { repository, tag, alias }: Names,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const { catalog } = ports;
  const move = async (name: string, isWanted: (state: TagState | undefined) => Promise<boolean>): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      const before = await catalog.tag(repository, name, signal);
      if (!(await isWanted(before))) return;
      await ports.confirm?.();
      try {
        await catalog.moveTag(repository, name, digest, { expected: before ? { etag: before.etag } : 'absent', signal });
        return;
      } catch (error) {
        if (!(error instanceof DynDataError && error.code === 'CONFLICT') || attempt === attempts) throw error;
      }
    }
  };
  if (tag !== undefined) await move(tag, async () => true);
  if (alias === undefined) return;
  await move(alias, async (before) => {
    if (before === undefined) return true;
    const named = await catalog.snapshot(repository, before.digest, signal);
    if (!named || new Date(named.provenance.takenAt) <= takenAt) return true;
    ports.onEvent?.({ event: 'alias-kept', detail: `${alias} names a newer snapshot, ${before.digest}, and stays there.` });
    return false;
  });
}
