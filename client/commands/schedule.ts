import { routePath, routes } from '../../core/contract.ts';
import { DynDataError } from '../../core/errors.ts';
import { type ScheduleDefinition, type ScheduleView, scheduleViewSchema } from '../../core/schedule.ts';
import type { Context } from '../context.ts';
import { fitTable } from '../fitted-table.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';
import type { RegistryApi } from '../registry-api.ts';

async function apiOf(context: Context): Promise<RegistryApi> {
  const { config } = await openProject(context);
  return openRegistry(context, config.registry);
}

const pathOf = (route: { readonly path: string }, name: string): string => routePath(route.path, { name });

const columns = [
  { header: 'NAME' },
  { header: 'ENVIRONMENT', dispensable: 3 },
  { header: 'CRON', dispensable: 1 },
  { header: 'TIME ZONE', dispensable: 4 },
  { header: 'TAG', dispensable: 2 },
  { header: 'NEXT' },
  { header: 'MISSED', dispensable: 5 },
];

/** `dyn-data schedule list` */
export async function scheduleList(context: Context): Promise<void> {
  const api = await apiOf(context);
  const schedules = await Array.fromAsync(api.pages(routes.listSchedules.answer, routes.listSchedules.path));
  const rows = schedules.map(({ name, environment, cron, timeZone, tag, enabled, next, missed }) => [
    name,
    environment,
    cron,
    timeZone,
    tag,
    enabled ? (next[0] ?? '-') : 'paused',
    String(missed.length),
  ]);
  const text =
    rows.length === 0
      ? "No schedules. Make one with: dyn-data schedule create NAME --environment prod --cron '30 2 * * *' --tag 'prod-{yyyy}-{MM}-{dd}'"
      : fitTable(columns, rows, context.output.columns);
  context.output.result(text, { version: 1, schedules });
}

/** `dyn-data schedule create NAME` */
export async function scheduleCreate(context: Context, name: string, definition: ScheduleDefinition): Promise<void> {
  const api = await apiOf(context);
  const view = await api.create(routes.createSchedule, { body: { name, ...definition } });
  context.output.result(describe(view), view);
}

/**
 * `dyn-data schedule change NAME`: gives one that is there another definition.
 * @param unchangedSince when it was changed last as far as the operator knows; as it is now where that is left out
 * @throws DynDataError PRECONDITION_FAILED where somebody else has changed it meanwhile: it stays as he made it.
 */
export async function scheduleChange(
  context: Context,
  name: string,
  definition: ScheduleDefinition,
  unchangedSince: Date | undefined,
): Promise<void> {
  const api = await apiOf(context);
  const { view: before, etag } = await api.read(routes.showSchedule, pathOf(routes.showSchedule, name));
  if (unchangedSince !== undefined && Date.parse(before.updatedAt) !== unchangedSince.getTime()) throw changedMeanwhile(name);
  const update = { method: 'PUT', headers: { 'content-type': 'application/json', 'if-match': etag }, body: JSON.stringify(definition) };
  const view = await api.call(scheduleViewSchema, pathOf(routes.updateSchedule, name), update).catch((error: unknown) => {
    throw error instanceof DynDataError && error.code === 'PRECONDITION_FAILED' ? changedMeanwhile(name, error) : error;
  });
  context.output.result(describe(view), view);
}

function changedMeanwhile(name: string, cause?: unknown): DynDataError {
  return new DynDataError(
    'PRECONDITION_FAILED',
    `Somebody else has changed the schedule ${name} meanwhile, so it was left as it is. Look at it with \`dyn-data schedule show ${name}\`, then change it again.`,
    { cause },
  );
}

/** `dyn-data schedule show NAME` */
export async function scheduleShow(context: Context, name: string): Promise<void> {
  const api = await apiOf(context);
  const view = await api.call(scheduleViewSchema, pathOf(routes.showSchedule, name));
  context.output.result(describe(view), view);
}

/** `dyn-data schedule pause|resume NAME` */
export async function scheduleEnable(context: Context, name: string, isEnabled: boolean): Promise<void> {
  const api = await apiOf(context);
  const view = await api.call(scheduleViewSchema, pathOf(isEnabled ? routes.resumeSchedule : routes.pauseSchedule, name), {
    method: 'POST',
  });
  context.output.result(describe(view), view);
}

/** `dyn-data schedule run NAME`: a job as for a slot now. */
export async function scheduleRun(context: Context, name: string): Promise<void> {
  const api = await apiOf(context);
  const job = await api.create(routes.runSchedule, { parameters: { name } });
  context.output.result(
    `The snapshot ${job.tag ?? ''} is ${job.state} as job ${job.id}. Follow it with: dyn-data jobs follow ${job.id}`,
    job,
  );
}

/** `dyn-data schedule rm NAME` */
export async function scheduleRemove(context: Context, name: string): Promise<void> {
  const api = await apiOf(context);
  await api.act(pathOf(routes.removeSchedule, name), { method: 'DELETE' });
  context.output.result(`The schedule ${name} is removed. Its snapshots and tags stay.`, { version: 1, name, removed: true });
}

function describe(view: ScheduleView): string {
  const { name, environment, cron, timeZone, tag, alias, catchUp, enabled, updatedAt, next, missed, lastRun } = view;
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['schedule', name],
    ['environment', environment],
    ['cron', `${cron} (${timeZone})`],
    ['tag', [tag, alias].filter((part) => part !== undefined).join(', ')],
    ['catch up', catchUp ? 'yes' : 'no'],
    ['state', enabled ? 'enabled' : 'paused'],
    ['changed', updatedAt],
    ['last run', lastRun && `${lastRun.slot} as job ${lastRun.job}`],
    ['next', next.length === 0 ? undefined : next.join('\n              ')],
    [
      'missed',
      missed.length === 0
        ? undefined
        : missed
            .map(({ slot, reason, job }) => `${slot} ${reason}${job === undefined ? '' : `, made up for by job ${job}`}`)
            .join('\n              '),
    ],
  ];
  return fields.flatMap(([label, value]) => (value === undefined ? [] : [`${label.padEnd(12)}  ${value}`])).join('\n');
}
