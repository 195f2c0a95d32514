import { resolve } from 'node:path';
import { DynDataError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';
import { writeNew } from '../writing.ts';

export type PolicySuggestOptions = { readonly environment: string; readonly out: string | undefined };

/** `dyn-data policy suggest ENV`: a starting policy to standard output or into a new file. */
export async function policySuggest(context: Context, { environment, out }: PolicySuggestOptions): Promise<void> {
  const { config } = await openProject(context);
  const api = openRegistry(context, config.registry);
  const suggestion = await api.suggestPolicy(environment);
  const counts = `${suggestion.decided} places decided, ${suggestion.undecided} left to you`;
  if (out === undefined) {
    context.output.result(suggestion.text.trimEnd(), suggestion);
    context.output.note(`${counts}. Save it with --out FILE.`);
    return;
  }
  const file = resolve(context.folder, out);
  // A policy that somebody has worked on is never overwritten.
  await writeNew(file, suggestion.text).catch((cause: NodeJS.ErrnoException | DynDataError) => {
    if (cause instanceof DynDataError) throw cause;
    const reason = cause.code === 'EEXIST' ? 'it exists already' : `${cause.code}`;
    throw new DynDataError('USAGE', `The policy was not written to ${out}: ${reason}. Name another file.`, { cause });
  });
  context.output.result(`${out}: ${counts}. Read every line, decide what stands as a comment, then: dyn-data policy check ${environment}`, {
    ...suggestion,
    file,
  });
}
