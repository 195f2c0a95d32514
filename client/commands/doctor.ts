import { DynDataError, errorKinds } from '../../core/errors.ts';
import { type Check, failed, ok } from '../checks/check.ts';
import { checkEngine } from '../checks/engine-checks.ts';
import { checkRegistry } from '../checks/registry-checks.ts';
import { checkStack } from '../checks/stack-checks.ts';
import { createCompose } from '../compose.ts';
import type { Context } from '../context.ts';
import { createEngine } from '../engine.ts';
import { openProject, type Project } from '../project.ts';

/**
 * `dyn-data doctor`: everything that the other commands need, a line each with what to do about it.
 * @returns the exit code: that of the first failure, 0 where there are warnings only
 */
export async function doctor(context: Context, nodeVersion: string): Promise<number> {
  const engine = createEngine(context.processes);
  const { project, configuration } = await readProject(context);
  // Without a project there is no stack, but Compose itself can be asked all the same.
  const compose = createCompose({ processes: context.processes, project: project ?? nowhere(context.folder) });
  const machine = await checkEngine(context, engine, compose);
  const isUsable = machine.every(({ name, state }) => state !== 'fail' || (name !== 'engine' && name !== 'compose'));
  const checks: Check[] = [
    ok('client', `Node.js ${nodeVersion}`),
    configuration,
    ...machine,
    ...(project && isUsable ? await checkStack(context, project, engine, compose) : []),
    ...(project ? await checkRegistry(context, project) : []),
  ];
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ state, name, found, cure }) => [
    `${state.padEnd(4)}  ${name.padEnd(width)}  ${found}`,
    ...(cure === undefined ? [] : [`${' '.repeat(width + 8)}→ ${cure}`]),
  ]);
  const count = (state: Check['state']): number => checks.filter((check) => check.state === state).length;
  const [fails, warns] = [count('fail'), count('warn')];
  const summary = fails + warns === 0 ? 'All is well.' : `${fails} to be mended, ${warns} to be looked at, ${count('ok')} well.`;
  context.output.result([...lines, '', summary].join('\n'), { version: 1, healthy: fails === 0, checks });
  const code = checks.find(({ state }) => state === 'fail')?.code;
  return code === undefined ? 0 : errorKinds[code].exitCode;
}

async function readProject(context: Context): Promise<{ project?: Project; configuration: Check }> {
  try {
    const project = await openProject(context);
    return { project, configuration: ok('project', project.configPath) };
  } catch (error) {
    if (error instanceof DynDataError && error.code === 'CONFIG_NOT_FOUND') {
      const { code, message } = error;
      const found = `${message.split('. ')[0]}`;
      return {
        configuration: {
          name: 'project',
          state: 'fail',
          code,
          found,
          cure: 'Go to the folder of your project, or make one: dyn-data init',
        },
      };
    }
    return { configuration: failed('project', error) };
  }
}

function nowhere(folder: string): Project {
  const stack = { files: [], configDirs: [] };
  return {
    config: { version: 1, registry: '', repository: '', stack },
    folder,
    configPath: '',
    stateFolder: '',
    ownName: undefined,
    registryHost: '',
  };
}
