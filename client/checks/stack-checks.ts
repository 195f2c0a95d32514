import { createServer } from 'node:net';
import { dependencyLevels } from '../../core/ordering.ts';
import type { Compose, Stack } from '../compose.ts';
import type { Context } from '../context.ts';
import type { Engine } from '../engine.ts';
import { type Project, requireConfigDirs } from '../project.ts';
import { type Check, fail, failed, ok, warn } from './check.ts';
import { isLocalEngine } from './engine-checks.ts';

/** The compose file, the folders that it needs, and whether its ports are free. */
export async function checkStack(context: Context, project: Project, engine: Engine, compose: Compose): Promise<Check[]> {
  let stack: Stack;
  const folders = await checkConfigDirs(context, project);
  try {
    stack = await compose.stack();
    dependencyLevels(stack.graph);
  } catch (error) {
    return [...folders, failed('stack', error)];
  }
  return [...folders, checkLabels(stack), ...(await checkPorts(context, engine, stack))];
}

async function checkConfigDirs({ env }: Context, project: Project): Promise<Check[]> {
  const { configDirs } = project.config.stack;
  if (configDirs.length === 0) return [];
  try {
    await requireConfigDirs(project, env);
    return [ok('folders', `${configDirs.join(', ')} name folders`)];
  } catch (error) {
    return [failed('folders', error)];
  }
}

function checkLabels(stack: Stack): Check {
  const services = [...stack.services.values()];
  const labelled = services.flatMap(({ name, source }) => (source === undefined ? [] : [`${name} takes ${source}`]));
  const found = `${services.length} services of ${stack.project}`;
  if (labelled.length > 0) return ok('stack', `${found}; ${labelled.join(', ')}`);
  return warn(
    'stack',
    `${found}, none of which takes data`,
    'Give each database the label dyn-data.source: SOURCE; `dyn-data show REF` tells the sources.',
  );
}

async function checkPorts(context: Context, engine: Engine, stack: Stack): Promise<Check[]> {
  const published = [...stack.services.values()].flatMap(({ name, ports }) => ports.map((port) => ({ service: name, ...port })));
  if (published.length === 0 || !(await isLocalEngine(context))) return [];
  const own = new Set((await engine.containers(stack.project)).flatMap(({ ports }) => ports.map(({ hostPort }) => hostPort)));
  const taken: string[] = [];
  for (const { service, host, port } of published)
    if (!own.has(String(port)) && !(await isFree(host, port))) taken.push(`${port} (${service})`);
  if (taken.length === 0) return [ok('ports', `${published.map(({ port }) => port).join(', ')} are free, or this stack's own`)];
  const cure = 'See who has them (ss -ltnp, docker ps), end that, or publish other ports in the compose file.';
  return [fail('ports', 'CONFLICT', `taken by somebody else: ${taken.join(', ')}`, cure)];
}

/** Where this user may not listen, as below 1024, nothing is known, and the engine may all the same. */
function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}
