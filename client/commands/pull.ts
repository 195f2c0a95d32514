import { manifestTotals } from '../../core/manifest.ts';
import { parseReference } from '../../core/references.ts';
import type { Context } from '../context.ts';
import { helperOwner, openDataImage, pullDataImage } from '../data-image.ts';
import { createEngine } from '../engine.ts';
import { formatBytes, formatCount } from '../format.ts';
import { lockProject } from '../lock.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';
import { resolveReference, writePulled } from '../snapshot-choice.ts';

/** `dyn-data pull REF`: resolves, has the engine pull by digest, checks what came, and remembers it for `up`. */
export async function pull(context: Context, reference: string): Promise<void> {
  parseReference(reference);
  const project = await openProject(context);
  const engine = createEngine(context.processes);
  await engine.requireAvailable();
  const api = openRegistry(context, project.config.registry);
  const choice = await resolveReference(project, api, reference);
  await using _lock = await lockProject(project, context.process);
  await engine.removeHelpers(helperOwner(context, project));
  const { sizeBytes } = await pullDataImage({ context, engine, api, choice });
  await using reader = await openDataImage({ context, project, choice, image: await engine.image(choice.image) });
  const { rows, tables } = manifestTotals(reader.manifest);
  const { repository, digest, image } = choice;
  await writePulled(project, { version: 1, reference, repository, digest, image });
  const sources = reader.manifest.sources.map(({ name }) => name);
  context.output.result(
    `Pulled ${choice.reference}\n  ${digest}\n  ${formatBytes(sizeBytes)}, ${formatCount(rows)} rows in ${tables} tables of ${sources.join(', ')}\nNext: dyn-data up`,
    { version: 1, reference, repository, digest, image, sizeBytes, rows, tables, sources },
  );
}
