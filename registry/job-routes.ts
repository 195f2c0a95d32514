import type { Request, Response } from 'express';
import * as z from 'zod/mini';
import { DynDataError, type JobQueue, jobKinds, jobStates, parseValue, routePath, routes } from '../core/index.ts';
import type { EnvironmentView } from './api.ts';
import { sendJobEvents } from './job-events.ts';
import { readFilteredPage, readPage } from './paging.ts';
import { untilClosed } from './streaming.ts';

const longestKey = 200;
const filters = { state: z.optional(z.enum(jobStates)), kind: z.optional(z.enum(jobKinds)), environment: z.optional(z.string()) };

export type JobRoutesOptions = {
  readonly jobs: JobQueue;
  readonly environments: readonly EnvironmentView[];
  readonly heartbeatMs: number;
  /** Ends the event streams. */
  readonly closing: AbortSignal;
};
type JobRoute = (typeof routes)[
  | 'createSnapshot'
  | 'createJob'
  | 'listJobs'
  | 'showJob'
  | 'followJob'
  | 'cancelJob'
  | 'retryJob'
  | 'jobLog'];
type On = (route: JobRoute, handler: (request: Request, response: Response) => Promise<void>) => void;

/** What makes jobs, shows and ends them. */
export function addJobRoutes(on: On, { jobs, environments, heartbeatMs, closing }: JobRoutesOptions): void {
  const location = (response: Response, id: string): Response => response.location(routePath(routes.showJob.path, { id }));

  on(routes.createSnapshot, async (request, response) => {
    const { environment: name, tag, alias } = parseValue(routes.createSnapshot.body, request.body, 'The request body', 'REQUEST_INVALID');
    const environment = environments.find((known) => known.name === name);
    if (!environment) {
      const names = environments.map((known) => known.name).join(', ');
      throw new DynDataError('ENVIRONMENT_UNKNOWN', `The registry has no environment "${name}". It has: ${names || 'none'}.`);
    }
    const named = { ...(tag === undefined ? {} : { tag }), ...(alias === undefined ? {} : { alias }) };
    const job = await jobs.create({ kind: 'build', environment: name, repository: environment.repository, ...named }, keyOf(request));
    location(response, job.id).json(job);
  });

  on(routes.createJob, async (request, response) => {
    const { kind, repository, snapshot } = parseValue(routes.createJob.body, request.body, 'The request body', 'REQUEST_INVALID');
    const job = await jobs.create({ kind, repository, ...(snapshot === undefined ? {} : { snapshot }) }, keyOf(request));
    location(response, job.id).json(job);
  });

  on(routes.listJobs, async (request, response) => {
    const page = await readFilteredPage(
      request,
      filters,
      ({ after }, { state, kind, environment }) =>
        jobs.list({
          ...(after === undefined ? {} : { after }),
          ...(state === undefined ? {} : { state }),
          ...(kind === undefined ? {} : { kind }),
          ...(environment === undefined ? {} : { environment }),
        }),
      ({ id }) => id,
    );
    response.json(page);
  });

  on(routes.showJob, async (request, response) => {
    response.json(await jobs.get(idOf(request)));
  });

  on(routes.followJob, async (request, response) => {
    const { id } = await jobs.get(idOf(request));
    const signal = AbortSignal.any([untilClosed(response), closing]);
    await sendJobEvents(response, jobs.follow(id, signal), { heartbeatMs, signal });
  });

  on(routes.cancelJob, async (request, response) => {
    response.json(await jobs.cancel(idOf(request)));
  });

  on(routes.retryJob, async (request, response) => {
    const job = await jobs.retry(idOf(request));
    location(response, job.id).json(job);
  });

  on(routes.jobLog, async (request, response) => {
    const id = idOf(request);
    await jobs.get(id);
    const page = await readPage(
      request,
      ({ after }) => jobs.log(id, after === undefined ? {} : { after: sequenceOf(after) }),
      ({ sequence }) => String(sequence),
    );
    response.json(page);
  });
}

function idOf(request: Request): string {
  const { id } = request.params;
  return typeof id === 'string' ? id : '';
}

function sequenceOf(after: string): number {
  if (/^\d{1,15}$/.test(after)) return Number(after);
  throw new DynDataError('REQUEST_INVALID', 'The query is not valid. Correct the keys named below.', {
    details: ['after: a number expected'],
  });
}

/** @throws DynDataError REQUEST_INVALID */
export function keyOf(request: Request): { idempotencyKey?: string } {
  const key = request.get('idempotency-key');
  if (key === undefined) return {};
  if (key !== '' && key.length <= longestKey) return { idempotencyKey: `request ${key}` };
  throw new DynDataError('REQUEST_INVALID', `The header Idempotency-Key is not valid. Send 1 to ${longestKey} characters.`);
}
