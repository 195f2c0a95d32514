import { createCompose, requireStack } from '../compose.ts';
import type { Context } from '../context.ts';
import { helperOwner } from '../data-image.ts';
import { createEngine } from '../engine.ts';
import { lockProject } from '../lock.ts';
import { openProject, type Project } from '../project.ts';

/** `dyn-data down [-v]`: ends the stack; with `volumes` its data too, and what was restored with it. */
export async function down(context: Context, options: { readonly volumes: boolean }): Promise<void> {
  const project = await openProject(context);
  const engine = createEngine(context.processes);
  const compose = createCompose({ processes: context.processes, project, env: placeholders(project, context.env) });
  const stack = await requireStack(engine, compose);
  await using _lock = await lockProject(project, context.process, { makesRoom: true });
  await engine.removeHelpers(helperOwner(context, project));
  await compose.down(options);
  const text = options.volumes
    ? `${stack.project} is down and its data is removed.`
    : `${stack.project} is down. Its data is kept; \`dyn-data up\` brings it back.`;
  context.output.result(text, { version: 1, project: stack.project, volumesRemoved: options.volumes });
}

/** The stack's file may demand its configuration folders even where nothing starts; any folder does then. */
export function placeholders(project: Project, env: Context['env']): Record<string, string> {
  const unset = project.config.stack.configDirs.filter((name) => (env[name] ?? '') === '');
  return Object.fromEntries(unset.map((name) => [name, project.folder]));
}
