import { resolve } from 'node:path';
import { type HookMoment, hookMoments } from '../core/client-config.ts';
import { DynDataError } from '../core/errors.ts';
import type { Manifest, SourceKind } from '../core/manifest.ts';
import type { Stack } from './compose.ts';
import type { Context } from './context.ts';
import { formatDuration } from './format.ts';
import { lastLines, type Runner } from './process.ts';
import { type Project, readIfThere } from './project.ts';
import type { DataService } from './restore/data-service.ts';
import type { ServiceContainer } from './service-container.ts';

/** What a project has done in a service beside the restore. */
export type Hook = {
  readonly moment: HookMoment;
  readonly service: string;
  /** As a person knows it: its name, or its file or command. */
  readonly name: string;
  readonly action:
    | { readonly kind: 'sql' | 'ldif'; readonly text: string }
    /** A program and its arguments. */
    | { readonly kind: 'command'; readonly command: readonly string[] };
};

/**
 * The hooks of dyn-data.yaml, in the order in which they are written there, with the texts of their files.
 * @throws DynDataError CONFIG_INVALID naming each that does not fit the stack or whose file is not there
 */
export async function readHooks(project: Project, stack: Stack): Promise<Hook[]> {
  const hooks: Hook[] = [];
  const details: string[] = [];
  for (const moment of hookMoments) {
    for (const written of project.config.hooks?.[moment] ?? []) {
      const { service, sql, ldif, command } = written;
      const file = sql ?? ldif;
      const name = written.name ?? file ?? [command ?? ''].flat().join(' ');
      const place = `${moment} ${name}`;
      const target = stack.services.get(service);
      if (!target) details.push(`${place}: the stack has no service ${service}`);
      else if (target.source === undefined && (moment !== 'after-up' || file !== undefined))
        details.push(`${place}: the service ${service} takes no data, so only a command of after-up can run in it`);
      if (command !== undefined) {
        hooks.push({
          moment,
          service,
          name,
          action: { kind: 'command', command: typeof command === 'string' ? ['sh', '-c', command] : command },
        });
        continue;
      }
      const text = await readIfThere(resolve(project.folder, file ?? ''));
      if (text === undefined) details.push(`${place}: there is no file ${file} beside dyn-data.yaml`);
      hooks.push({ moment, service, name, action: { kind: sql === undefined ? 'ldif' : 'sql', text: text ?? '' } });
    }
  }
  if (details.length === 0) return hooks;
  throw new DynDataError('CONFIG_INVALID', 'The hooks in dyn-data.yaml cannot be run, as below. Correct them. Nothing was started.', {
    details,
  });
}

/** In what the scripts of a kind of database are written. */
const languages: Readonly<Record<SourceKind, 'sql' | 'ldif'>> = { mysql: 'sql', postgres: 'sql', ldap: 'ldif' };

/** @throws DynDataError CONFIG_INVALID where a script is in a language that its service does not speak */
export function requireSpokenHooks(hooks: readonly Hook[], stack: Stack, { sources }: Pick<Manifest, 'sources'>): void {
  const details = hooks.flatMap(({ moment, service, name, action }) => {
    const source = sources.find((one) => one.name === stack.services.get(service)?.source);
    if (!source || action.kind === 'command' || languages[source.kind] === action.kind) return [];
    return [`${moment} ${name}: the service ${service} is of kind ${source.kind}; give it ${languages[source.kind]}`];
  });
  if (details.length === 0) return;
  throw new DynDataError('CONFIG_INVALID', 'The hooks in dyn-data.yaml do not fit the snapshot. Correct them. Nothing was started.', {
    details,
  });
}

/** Where hooks run: the container of their service, and the data service in it where there is one. */
export type HookPlace = { readonly container: ServiceContainer; readonly data?: DataService | undefined };

/**
 * Runs those hooks of a moment that are for one service, one after the other; what they print is told line by line.
 * @throws DynDataError HOOK_FAILED naming the hook, with its code; those after it do not run
 */
export async function runHooks(
  { output, now }: Pick<Context, 'output' | 'now'>,
  processes: Runner,
  hooks: readonly Hook[],
  { container, data }: HookPlace,
): Promise<void> {
  for (const hook of hooks) {
    const { moment, service, name, action } = hook;
    const startedMs = now().getTime();
    const onLine = (line: string): void => {
      if (line !== '') output.note(`${service} | ${line}`);
    };
    output.live(service, `${service}: ${moment} ${name}`);
    let failed: { readonly code: string; readonly details: readonly string[] } | undefined;
    if (action.kind === 'command') {
      const { id } = await container.find();
      const result = await processes.run('docker', ['exec', id, ...action.command], { onLine, onErrorLine: onLine });
      if (result.exitCode !== 0) failed = { code: `exit code ${result.exitCode ?? 'of a signal'}`, details: lastLines(result) };
    } else {
      const code = data ? await data.runScript(action.text, onLine) : 'the snapshot does not have its source';
      if (code !== undefined) failed = { code, details: [] };
    }
    output.live(service, undefined);
    if (failed) {
      const then = {
        'before-restore': 'Nothing of the service was changed by the restore.',
        'after-restore': 'The service does not count as restored: the next `dyn-data up` restores it anew and runs its hooks again.',
        'after-up': 'All services are up and restored; the next `dyn-data up` runs the hooks of after-up again.',
      }[moment];
      throw new DynDataError('HOOK_FAILED', `The hook ${moment} ${name} failed in the service ${service} (${failed.code}). ${then}`, {
        details: failed.details,
      });
    }
    output.note(`${service}: ${moment} ${name} done in ${formatDuration(now().getTime() - startedMs)}`);
  }
}
