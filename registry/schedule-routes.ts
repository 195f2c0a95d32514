import type { Request } from 'express';
import { DynDataError, isScheduleName, type JobQueue, parseValue, routePath, routes, type Schedules } from '../core/index.ts';
import { changeOf } from './access/request-context.ts';
import type { AddRoute } from './add-route.ts';
import { readPage } from './pages.ts';

/** @param schedules absent where none are kept */
export function addScheduleRoutes(on: AddRoute, schedules: Schedules | undefined, jobs: JobQueue): void {
  const kept = (): Schedules => {
    if (schedules) return schedules;
    throw new DynDataError('NOT_FOUND', 'This registry keeps no schedules. Ask one that does.');
  };

  on(routes.listSchedules, async (request, response) => {
    const page = await readPage(
      request,
      async function* ({ after }) {
        for await (const schedule of kept().list()) if (after === undefined || schedule.name > after) yield schedule;
      },
      ({ name }) => name,
    );
    response.json(page);
  });

  on(routes.createSchedule, async (request, response) => {
    const { name, ...definition } = parseValue(routes.createSchedule.body, request.body, 'The request body', 'REQUEST_INVALID');
    const to = definition.environment;
    const created = await changeOf(response)({ action: 'schedule.create', target: name, to }, () => kept().create(name, definition));
    response.location(routePath(routes.showSchedule.path, { name })).json(created);
  });

  on(routes.showSchedule, async (request, response) => {
    response.json(await kept().get(nameOf(request)));
  });

  on(routes.updateSchedule, async (request, response) => {
    const definition = parseValue(routes.updateSchedule.body, request.body, 'The request body', 'REQUEST_INVALID');
    const name = nameOf(request);
    response.json(await changeOf(response)({ action: 'schedule.update', target: name }, () => kept().update(name, definition)));
  });

  on(routes.removeSchedule, async (request, response) => {
    const name = nameOf(request);
    await changeOf(response)({ action: 'schedule.remove', target: name }, () => kept().remove(name));
    response.end();
  });

  on(routes.pauseSchedule, async (request, response) => {
    const name = nameOf(request);
    response.json(await changeOf(response)({ action: 'schedule.pause', target: name }, () => kept().pause(name)));
  });

  on(routes.resumeSchedule, async (request, response) => {
    const name = nameOf(request);
    response.json(await changeOf(response)({ action: 'schedule.resume', target: name }, () => kept().resume(name)));
  });

  on(routes.runSchedule, async (request, response) => {
    const name = nameOf(request);
    const id = await changeOf(response)({ action: 'schedule.run', target: name }, () => kept().run(name));
    response.location(routePath(routes.showJob.path, { id })).json(await jobs.get(id));
  });
}

/** A name that none can have would be a place of its own in the store. */
function nameOf(request: Request): string {
  const { name } = request.params;
  if (typeof name === 'string' && isScheduleName(name)) return name;
  throw new DynDataError('SCHEDULE_UNKNOWN', 'There is no schedule of that name. List them with `dyn-data schedule list`.');
}
