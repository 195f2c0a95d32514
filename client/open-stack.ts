import { createCompose, requireStack, type Stack } from './compose.ts';
import type { Context } from './context.ts';
import { createEngine, type Engine } from './engine.ts';
import { type Hook, readHooks } from './hooks.ts';
import { openRegistry } from './open-registry.ts';
import { type Project, requireConfigDirs } from './project.ts';
import type { RegistryApi } from './registry-api.ts';

/** A project's stack, its hooks and the registry of its snapshots, as `up`, `reset` and `restore` need them. */
export type OpenStack = {
  readonly engine: Engine;
  readonly stack: Stack;
  readonly hooks: readonly Hook[];
  readonly api: RegistryApi;
};

/** @throws DynDataError ENGINE_UNAVAILABLE, STACK_INVALID, CONFIG_INVALID and what else the files of the project are refused for */
export async function openStack(context: Context, project: Project): Promise<OpenStack> {
  const engine = createEngine(context.processes);
  await requireConfigDirs(project, context.env);
  const stack = await requireStack(engine, createCompose({ processes: context.processes, project }));
  const hooks = await readHooks(project, stack);
  return { engine, stack, hooks, api: openRegistry(context, project.config.registry) };
}
