import { DynDataError } from '../../core/errors.ts';
import { createCompose, type LogsOptions, requireStack } from '../compose.ts';
import type { Context } from '../context.ts';
import { createEngine } from '../engine.ts';
import { openProject } from '../project.ts';
import { placeholders } from './down.ts';

/** `dyn-data logs [SERVICE...]`: what the services print, line by line; as JSON one document a line, because it may have no end. */
export async function logs(context: Context, options: LogsOptions): Promise<void> {
  const { output, signal } = context;
  const project = await openProject(context);
  const compose = createCompose({ processes: context.processes, project, env: placeholders(project, context.env) });
  const stack = await requireStack(createEngine(context.processes), compose);
  const unknown = options.services.filter((name) => !stack.services.has(name));
  if (unknown.length > 0) {
    throw new DynDataError(
      'NOT_FOUND',
      `The stack has no service ${unknown.join(', ')}. It has: ${[...stack.services.keys()].join(', ')}.`,
    );
  }
  try {
    await compose.logs(options, (text) => output.line(text, { version: 1, ...partsOf(text) }));
  } catch (error) {
    // Ctrl-C is how following ends.
    if (!options.follow || !signal.aborted) throw error;
  }
}

/** Compose writes `CONTAINER  | line`, where the container is the service and its number. */
function partsOf(text: string): { readonly service: string; readonly line: string } {
  const [, container, line] = /^(\S+)\s*\| ?(.*)$/s.exec(text) ?? [];
  return container === undefined ? { service: '', line: text } : { service: container.replace(/-\d+$/, ''), line: line ?? '' };
}
