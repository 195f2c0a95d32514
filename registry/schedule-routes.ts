import { isDeepStrictEqual } from 'node:util';
import type { Request, Response } from 'express';
import {
  DynDataError,
  type JobQueue,
  parseValue,
  routePath,
  routes,
  type ScheduleDefinition,
  type Schedules,
  type ScheduleView,
  scheduleVersion,
} from '../core/index.ts';
import { maySeeSchedule } from './access/authorization.ts';
import { changeOf, principalOf } from './access/request-context.ts';
import type { RouteAdder } from './add-route.ts';
import type { EnvironmentView } from './api.ts';
import { asPrecondition, entityTag, expectedVersion } from './conditions.ts';
import { answerWith } from './job-routes.ts';
import { readPage } from './pages.ts';

export type ScheduleRoutesOptions = {
  /** Absent where none are kept. */
  readonly schedules: Schedules | undefined;
  readonly jobs: JobQueue;
  readonly environments: readonly EnvironmentView[];
};

export function addScheduleRoutes({ on, onCreate }: RouteAdder, { schedules, jobs, environments }: ScheduleRoutesOptions): void {
  const kept = (): Schedules => {
    if (schedules) return schedules;
    throw new DynDataError('NOT_FOUND', 'This registry keeps no schedules. Ask one that does.');
  };

  on(routes.listSchedules, async (request, response) => {
    const principal = principalOf(response);
    const page = await readPage(
      request,
      async function* ({ after }) {
        for await (const schedule of kept().list()) {
          if ((after === undefined || schedule.name > after) && maySeeSchedule(principal, schedule, environments)) yield schedule;
        }
      },
      ({ name }) => name,
    );
    response.json(page);
  });

  onCreate(routes.createSchedule, async (request, response, { isRepeated }) => {
    const { name, ...definition } = parseValue(routes.createSchedule.body, request.body, 'The request body', 'REQUEST_INVALID');
    const to = definition.environment;
    const there = isRepeated ? await sameSchedule(kept(), name, definition) : undefined;
    const create = () => changeOf(response)({ action: 'schedule.create', target: name, to }, () => kept().create(name, definition));
    return { location: routePath(routes.showSchedule.path, { name }), body: there ?? (await create()) };
  });

  on(routes.showSchedule, async (request, response) => {
    show(response, await kept().get(nameOf(request)));
  });

  on(routes.updateSchedule, async (request, response) => {
    const definition = parseValue(routes.updateSchedule.body, request.body, 'The request body', 'REQUEST_INVALID');
    show(response, await changed(request, response, 'schedule.update', (name, expected) => kept().update(name, definition, expected)));
  });

  on(routes.removeSchedule, async (request, response) => {
    await changed(request, response, 'schedule.remove', (name, expected) => kept().remove(name, expected));
    response.end();
  });

  on(routes.pauseSchedule, async (request, response) => {
    show(response, await changed(request, response, 'schedule.pause', (name, expected) => kept().pause(name, expected)));
  });

  on(routes.resumeSchedule, async (request, response) => {
    show(response, await changed(request, response, 'schedule.resume', (name, expected) => kept().resume(name, expected)));
  });

  onCreate(routes.runSchedule, async (request, response, { id: idempotencyKey, at }) => {
    const name = nameOf(request);
    const run = () => kept().run(name, { idempotencyKey, at });
    return answerWith(await jobs.get(await changeOf(response)({ action: 'schedule.run', target: name }, run)));
  });
}

/** With the ETag that a change can be made conditional on. */
function show(response: Response, view: ScheduleView): void {
  response.set('ETag', entityTag(scheduleVersion(view), view)).json(view);
}

/** A recorded change of the schedule that the path names, where it still is what the request expects. */
async function changed<T>(
  request: Request,
  response: Response,
  action: 'schedule.update' | 'schedule.remove' | 'schedule.pause' | 'schedule.resume',
  change: (name: string, expected: string | undefined) => Promise<T>,
): Promise<T> {
  const expected = expectedVersion(request, 'schedule');
  const target = nameOf(request);
  return changeOf(response)({ action, target }, () => change(target, expected)).catch(asPrecondition(expected, 'schedule'));
}

/** The one of this name, if it is what is asked for. */
async function sameSchedule(schedules: Schedules, name: string, wanted: ScheduleDefinition): Promise<ScheduleView | undefined> {
  for await (const schedule of schedules.list()) {
    const { environment, cron, timeZone, tag, alias, catchUp } = schedule;
    const definition = { environment, cron, timeZone, tag, ...(alias === undefined ? {} : { alias }), catchUp };
    if (schedule.name === name) return isDeepStrictEqual(definition, wanted) ? schedule : undefined;
  }
  return undefined;
}

/** Only the name of a schedule that is there gets here. */
function nameOf(request: Request): string {
  const { name } = request.params;
  return typeof name === 'string' ? name : '';
}
