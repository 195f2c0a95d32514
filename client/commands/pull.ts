import { manifestTotals } from '../../core/manifest.ts';
import { parseReference } from '../../core/references.ts';
import type { Context } from '../context.ts';
import { helperOwner, openDataImage, pullDataImage } from '../data-image.ts';
import { createEngine } from '../engine.ts';
import { formatBytes, formatCount } from '../format.ts';
import { lockProject } from '../lock.ts';
import { lockedReference, lockfileName, readLockfile } from '../lockfile.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';
import { chooseToPull, resolveReference, writePulled } from '../snapshot-choice.ts';

/** `dyn-data pull [REF]`: resolves, has the engine pull by digest, checks what came, and remembers it for `up`. */
export async function pull(context: Context, argument: string | undefined): Promise<void> {
  if (argument !== undefined) parseReference(argument);
  const project = await openProject(context);
  const engine = createEngine(context.processes);
  await engine.requireAvailable();
  const api = openRegistry(context, project.config.registry);
  const choice = argument === undefined ? await chooseToPull(project, api) : await resolveReference(project, api, argument);
  const lock = await readLockfile(project);
  await using _lock = await lockProject(project, context.process);
  await engine.removeHelpers(helperOwner(context, project));
  const { sizeBytes, transferredBytes } = await pullDataImage({ context, engine, api, choice });
  await using reader = await openDataImage({ context, project, choice, image: await engine.image(choice.image) });
  const { rows, tables } = manifestTotals(reader.manifest);
  const { repository, digest, image, reference } = choice;
  await writePulled(project, { version: 1, reference, repository, digest, image });
  const sources = reader.manifest.sources.map(({ name }) => name);
  const next =
    lock === undefined || lock.digest === digest
      ? 'Next: dyn-data up'
      : `Next: dyn-data up ${reference} (alone, up takes what ${lockfileName} pins: ${lockedReference(lock)})`;
  const came = transferredBytes === 0 ? 'all of it was here' : `${formatBytes(transferredBytes)} of it transferred`;
  context.output.result(
    `Pulled ${choice.reference}\n  ${digest}\n  ${formatBytes(sizeBytes)}, ${came}; ${formatCount(rows)} rows in ${tables} tables of ${sources.join(', ')}\n${next}`,
    { version: 1, reference, repository, digest, image, sizeBytes, transferredBytes, rows, tables, sources },
  );
}
