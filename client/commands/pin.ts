import { parseReference } from '../../core/references.ts';
import { createCompose, requireStack } from '../compose.ts';
import type { Context } from '../context.ts';
import { createEngine } from '../engine.ts';
import { shortDigest } from '../format.ts';
import { lockDifferences } from '../locked-environment.ts';
import { formatLockfile, lockfileName, readLockfile, type StackLock, writeLockfile } from '../lockfile.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';
import { chooseSnapshot } from '../snapshot-choice.ts';
import { readSnapshotManifest } from '../snapshot-manifest.ts';
import { findStackImages } from '../stack-images.ts';
import { placeholders } from './down.ts';

/** `dyn-data pin [REF]`: writes `dyn-data.lock`, to be committed: the data, and the digest of every image of the stack. */
export async function pin(context: Context, reference: string | undefined): Promise<void> {
  if (reference !== undefined) parseReference(reference);
  const project = await openProject(context);
  const engine = createEngine(context.processes);
  const compose = createCompose({ processes: context.processes, project, env: placeholders(project, context.env) });
  const stack = await requireStack(engine, compose);
  const api = openRegistry(context, project.config.registry);
  const before = await readLockfile(project);
  const choice = await chooseSnapshot(project, api, reference);
  const { manifest } = await readSnapshotManifest(api, choice.repository, choice.digest);
  const images = await findStackImages(context, engine, stack);
  const lock: StackLock = {
    version: 2,
    repository: choice.repository,
    digest: choice.digest,
    reference: choice.reference,
    policy: manifest.policy.digest,
    key: manifest.key.id,
    images,
  };
  const changed = before?.version !== 2 || formatLockfile(before) !== formatLockfile(lock);
  const differences = before?.version === 2 ? lockDifferences(before, { choice, images }) : [];
  if (changed) await writeLockfile(project, lock);
  const title = `${choice.reference} (${shortDigest(choice.digest)}) with ${stack.services.size} images`;
  const text = changed
    ? [
        `Pinned ${title} in ${lockfileName}`,
        ...differences.map((line) => `  ${line.replace(': locked ', ': was ').replace(', here ', ', now ')}`),
        'Commit it. `dyn-data up` takes it from now on; `dyn-data up --locked` refuses anything else.',
        `It does not hold the snapshot in the registry; that does: dyn-data snapshot pin ${choice.digest} --why TEXT`,
      ].join('\n')
    : `${lockfileName} pins ${title} already; it is unchanged.`;
  context.output.result(text, { version: 1, file: lockfileName, changed, differences, lock });
}
