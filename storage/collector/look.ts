import { digestOfKey } from '../keys.ts';
import type { createCandidateWriter } from './candidates.ts';
import { createDigestSet, type DigestSet } from './digest-set.ts';
import { fateOf, listOf, type Run, sweptKinds } from './run.ts';

/**
 * Looks at every link, layer and blob, and puts what is unreached and old on the next list of candidates.
 * @returns blobs and layers that are stored unreached and stay for now, and how many of them, links included, wait.
 */
export async function look(
  run: Run,
  next: ReturnType<typeof createCandidateWriter> | undefined,
): Promise<{ readonly unreached: DigestSet; readonly waiting: number }> {
  const unreached = createDigestSet();
  let waiting = 0;
  for (const kind of sweptKinds) {
    for await (const state of listOf(run, kind)) {
      const fate = fateOf(run, kind, state);
      if (kind !== 'links' && (fate === 'young' || fate === 'waiting')) unreached.add(digestOfKey(state.key));
      if (fate === 'reached' || fate === 'young') run.tally.add(kind, 'kept', state.sizeBytes);
      if (fate !== 'waiting') continue;
      run.tally.add(kind, 'waiting', state.sizeBytes);
      waiting += 1;
      await next?.add(state.key, run.signal);
    }
  }
  return { unreached, waiting };
}
