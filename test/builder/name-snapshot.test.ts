import { describe, expect, it } from 'vitest';
import { nameSnapshot } from '../../builder/name-snapshot.ts';
import { DynDataError, digestOf, type JobEvent } from '../../core/index.ts';
import { createCatalog, createMemoryObjects } from '../../storage/index.ts';

const repository = 'shop';
const { signal } = new AbortController();

async function open() {
  const catalog = createCatalog(createMemoryObjects(), { clock: () => new Date() });
  const store = async (name: string, takenAt: string) => {
    const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, annotations: { name } }));
    const digest = digestOf(bytes);
    await catalog.putManifest(repository, { digest, mediaType: 'application/vnd.oci.image.manifest.v1+json', bytes });
    const provenance = { takenAt, durationMs: 1, skewMs: 0, sources: [] };
    await catalog.putSnapshot({
      version: 1,
      repository,
      digest,
      environment: 'prod',
      manifestDigest: digest,
      sizeBytes: 1,
      rows: 1,
      sources: [],
      provenance,
    });
    return { digest, takenAt: new Date(takenAt) };
  };
  const monday = await store('monday', '2024-05-06T02:00:00.000Z');
  const tuesday = await store('tuesday', '2024-05-07T02:00:00.000Z');
  return { catalog, monday, tuesday, digestOfTag: async (tag: string) => (await catalog.tag(repository, tag))?.digest };
}

describe('a snapshot', () => {
  it('gets its tag, and its alias if that names no newer one', async () => {
    const { catalog, monday, tuesday, digestOfTag } = await open();
    const events: JobEvent[] = [];
    const ports = { catalog, onEvent: (event: JobEvent) => void events.push(event) };
    await nameSnapshot(monday.digest, monday.takenAt, { repository, tag: 'monday', alias: 'latest' }, ports, signal);
    await nameSnapshot(tuesday.digest, tuesday.takenAt, { repository, tag: 'tuesday', alias: 'latest' }, ports, signal);
    expect([await digestOfTag('monday'), await digestOfTag('tuesday'), await digestOfTag('latest')]).toEqual([
      monday.digest,
      tuesday.digest,
      tuesday.digest,
    ]);
    expect(events).toEqual([]);
    // Monday's build is done again, late.
    await nameSnapshot(monday.digest, monday.takenAt, { repository, tag: 'monday-again', alias: 'latest' }, ports, signal);
    expect([await digestOfTag('monday-again'), await digestOfTag('latest')]).toEqual([monday.digest, tuesday.digest]);
    expect(events).toMatchObject([{ event: 'alias-kept' }]);
  });

  it('gets no name once the build is no longer its worker’s', async () => {
    const { catalog, monday, digestOfTag } = await open();
    const confirm = () => Promise.reject(new DynDataError('CANCELLED', 'The job is somebody else’s.'));
    const named = nameSnapshot(monday.digest, monday.takenAt, { repository, tag: 'monday', alias: 'latest' }, { catalog, confirm }, signal);
    await expect(named).rejects.toMatchObject({ code: 'CANCELLED' });
    expect([await digestOfTag('monday'), await digestOfTag('latest')]).toEqual([undefined, undefined]);
  });

  it('does not overwrite what another worker named after this one was last sure', async () => {
    const { catalog, monday, tuesday, digestOfTag } = await open();
    let confirmations = 0;
    const confirm = async (): Promise<void> => {
      confirmations += 1;
      // Right after the first word the lease is over, and the other worker is done.
      if (confirmations === 1) await catalog.moveTag(repository, 'night', tuesday.digest);
      else throw new DynDataError('CANCELLED', 'The job is somebody else’s.');
    };
    const named = nameSnapshot(monday.digest, monday.takenAt, { repository, tag: 'night' }, { catalog, confirm }, signal);
    await expect(named).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await digestOfTag('night')).toBe(tuesday.digest);
  });
});
