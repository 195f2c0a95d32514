import type { Request, Response } from 'express';
import * as z from 'zod/mini';
import {
  type Catalog,
  DynDataError,
  isEnded,
  type Job,
  type JobQueue,
  jobKinds,
  jobStates,
  parseValue,
  routePath,
  routes,
} from '../core/index.ts';
import type { KeptAnswer } from '../storage/index.ts';
import { maySee } from './access/authorization.ts';
import { changeOf, principalOf } from './access/request-context.ts';
import type { RouteAdder } from './add-route.ts';
import type { EnvironmentView } from './api.ts';
import { sendJobEvents } from './job-events.ts';
import { readFilteredPage, readPage } from './pages.ts';
import { untilClosed } from './streaming.ts';

const filters = { state: z.optional(z.enum(jobStates)), kind: z.optional(z.enum(jobKinds)), environment: z.optional(z.string()) };

export type JobRoutesOptions = {
  readonly jobs: JobQueue;
  readonly environments: readonly EnvironmentView[];
  readonly catalog: Pick<Catalog, 'hasRepository'>;
  readonly heartbeatMs: number;
  /** Ends the event streams. */
  readonly closing: AbortSignal;
};

/** What makes jobs, shows and ends them. */
export function addJobRoutes({ on, onCreate }: RouteAdder, { jobs, environments, catalog, heartbeatMs, closing }: JobRoutesOptions): void {
  onCreate(routes.createSnapshot, async (request, response, { id: idempotencyKey }) => {
    const { environment: name, tag, alias } = parseValue(routes.createSnapshot.body, request.body, 'The request body', 'REQUEST_INVALID');
    // Only a known one gets here.
    const repository = environments.find((known) => known.name === name)?.repository ?? '';
    const named = { ...(tag === undefined ? {} : { tag }), ...(alias === undefined ? {} : { alias }) };
    const wanted = { kind: 'build', environment: name, repository, ...named } as const;
    const event = { action: 'snapshot.create', target: name, ...(tag === undefined ? {} : { to: `${repository}:${tag}` }) } as const;
    return answerWith(await changeOf(response)(event, () => jobs.create(wanted, { idempotencyKey })));
  });

  onCreate(routes.createJob, async (request, response, { id: idempotencyKey }) => {
    const { kind, repository, snapshot } = parseValue(routes.createJob.body, request.body, 'The request body', 'REQUEST_INVALID');
    // One of an environment that has no snapshot yet is right, and empty.
    const isKnown = environments.some((environment) => environment.repository === repository) || (await catalog.hasRepository(repository));
    if (!isKnown) throw new DynDataError('NOT_FOUND', `The registry has no repository "${repository}". Correct its name, then try again.`);
    const wanted = { kind, repository, ...(snapshot === undefined ? {} : { snapshot }) };
    const event = { action: 'job.create', target: `${kind} ${repository}` } as const;
    return answerWith(await changeOf(response)(event, () => jobs.create(wanted, { idempotencyKey })));
  });

  on(routes.listJobs, async (request, response) => {
    const page = await readFilteredPage(
      request,
      filters,
      ({ after }, { state, kind, environment }) =>
        seen(
          jobs.list({
            ...(after === undefined ? {} : { after }),
            ...(state === undefined ? {} : { state }),
            ...(kind === undefined ? {} : { kind }),
            ...(environment === undefined ? {} : { environment }),
          }),
          response,
        ),
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
    const job = await jobs.get(idOf(request));
    const cancel = () => jobs.cancel(job.id);
    response.json(isEnded(job.state) ? job : await changeOf(response)({ action: 'job.cancel', target: job.id, from: job.state }, cancel));
  });

  onCreate(routes.retryJob, async (request, response, { id: idempotencyKey }) => {
    const { id, state } = await jobs.get(idOf(request));
    const event = { action: 'job.retry', target: id, from: state } as const;
    return answerWith(await changeOf(response)(event, () => jobs.retry(id, { idempotencyKey })));
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

/** With a job that was made. */
export function answerWith(job: Job): KeptAnswer {
  return { location: routePath(routes.showJob.path, { id: job.id }), body: job };
}

/** Those of repositories that the asker may see. */
async function* seen(jobs: AsyncIterable<Job>, response: Response): AsyncGenerator<Job> {
  const principal = principalOf(response);
  for await (const job of jobs) if (maySee(principal, job.repository)) yield job;
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
