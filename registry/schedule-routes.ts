import type { Request, Response } from 'express';
import { DynDataError, isScheduleName, type JobQueue, parseValue, routePath, routes, type Schedules } from '../core/index.ts';
import { readPage } from './paging.ts';

type ScheduleRoute = (typeof routes)[
  | 'listSchedules'
  | 'createSchedule'
  | 'showSchedule'
  | 'updateSchedule'
  | 'removeSchedule'
  | 'pauseSchedule'
  | 'resumeSchedule'
  | 'runSchedule'];
type On = (route: ScheduleRoute, handler: (request: Request, response: Response) => Promise<void>) => void;

/** @param schedules absent where none are kept */
export function addScheduleRoutes(on: On, schedules: Schedules | undefined, jobs: JobQueue): void {
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
    const created = await kept().create(name, definition);
    response.location(routePath(routes.showSchedule.path, { name })).json(created);
  });

  on(routes.showSchedule, async (request, response) => {
    response.json(await kept().get(nameOf(request)));
  });

  on(routes.updateSchedule, async (request, response) => {
    const definition = parseValue(routes.updateSchedule.body, request.body, 'The request body', 'REQUEST_INVALID');
    response.json(await kept().update(nameOf(request), definition));
  });

  on(routes.removeSchedule, async (request, response) => {
    await kept().remove(nameOf(request));
    response.end();
  });

  on(routes.pauseSchedule, async (request, response) => {
    response.json(await kept().pause(nameOf(request)));
  });

  on(routes.resumeSchedule, async (request, response) => {
    response.json(await kept().resume(nameOf(request)));
  });

  on(routes.runSchedule, async (request, response) => {
    const id = await kept().run(nameOf(request));
    response.location(routePath(routes.showJob.path, { id })).json(await jobs.get(id));
  });
}

/** A name that none can have would be a place of its own in the store. */
function nameOf(request: Request): string {
  const { name } = request.params;
  if (typeof name === 'string' && isScheduleName(name)) return name;
  throw new DynDataError('SCHEDULE_UNKNOWN', 'There is no schedule of that name. List them with `dyn-data schedule list`.');
}
