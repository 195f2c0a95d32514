import type { Request, RequestHandler } from 'express';
import {
  DynDataError,
  type ErrorCode,
  everyRepository,
  isRepository,
  isScheduleName,
  type JobQueue,
  type Role,
  type Route,
  roleIncludes,
  type Schedules,
  type ScheduleView,
  scopesCover,
} from '../../core/index.ts';
import { jobUnknown } from '../jobs/job-identity.ts';
import { type Principal, principalOf } from './request-context.ts';

type Environments = readonly { readonly name: string; readonly repository: string }[];

export type AuthorizationOptions = {
  readonly environments: Environments;
  readonly jobs: Pick<JobQueue, 'get'>;
  /** Absent where none are kept. */
  readonly schedules?: Pick<Schedules, 'get'>;
};

/**
 * Whether a principal may use a route. The role is decided before the body is read, the repository after it. A repository is refused by its name
 * alone (403), whether or not it exists; what is only found by looking it up (an environment, a job, a schedule) and belongs to a repository that the
 * principal may not see does not exist for it (404, in the same words as for what really does not).
 */
export type Authorization = {
  /** @throws ACCESS_DENIED */
  requireRole(route: Pick<Route, 'access'>, principal: Principal): void;
  /** @throws ACCESS_DENIED, ENVIRONMENT_UNKNOWN, JOB_UNKNOWN, SCHEDULE_UNKNOWN */
  requireRepository(route: Pick<Route, 'access'>, principal: Principal, request: Pick<Request, 'params' | 'body'>): Promise<void>;
};

export function createAuthorization({ environments, jobs, schedules }: AuthorizationOptions): Authorization {
  const requireEnvironment = (name: string, principal: Principal): void => {
    const visible = environments.filter(({ repository }) => maySee(principal, repository));
    if (visible.some((environment) => environment.name === name)) return;
    const names = visible.map((environment) => environment.name).join(', ');
    throw new DynDataError('ENVIRONMENT_UNKNOWN', `The registry has no environment "${name}". It has: ${names || 'none'}.`);
  };
  const requireJob = async (id: string, principal: Principal): Promise<void> => {
    const job = await jobs.get(id).catch(absent('JOB_UNKNOWN'));
    if (job && maySee(principal, job.repository)) return;
    throw jobUnknown(id);
  };
  const requireSchedule = async (name: string, principal: Principal): Promise<void> => {
    // The route says itself that none are kept.
    if (!schedules) return;
    // What is no name would be a place of its own in the store.
    const schedule = isScheduleName(name) ? await schedules.get(name).catch(absent('SCHEDULE_UNKNOWN')) : undefined;
    if (schedule && maySeeSchedule(principal, schedule, environments)) return;
    throw new DynDataError('SCHEDULE_UNKNOWN', 'There is no schedule of that name. List them with `dyn-data schedule list`.');
  };

  return {
    requireRole: ({ access }, principal) => requireRole(access.role, principal),

    async requireRepository({ access }, principal, { params, body }) {
      // What is no text is refused by the route itself, which reads its body with a schema.
      if (typeof body?.environment === 'string') requireEnvironment(body.environment, principal);
      if (typeof body?.repository === 'string') requireScope(body.repository, principal);
      switch (access.within) {
        case 'repository':
          requireScope(text(params.repository), principal);
          return;
        case 'environment':
          requireEnvironment(text(params.environment), principal);
          return;
        case 'job':
          await requireJob(text(params.id), principal);
          return;
        case 'schedule':
          await requireSchedule(text(params.name), principal);
          return;
        case 'registry':
          requireWhole(principal);
          return;
        case 'body.environment':
        case 'visible':
          return;
      }
    },
  };
}

/** @param repository of what is to be seen; what is of none concerns all */
export function maySee(principal: Principal, repository: string | undefined): boolean {
  return repository === undefined ? principal.repositories.includes(everyRepository) : scopesCover(principal.repositories, repository);
}

/** One whose environment has gone from the configuration is of no repository. */
export function maySeeSchedule(
  principal: Principal,
  { environment }: Pick<ScheduleView, 'environment'>,
  environments: Environments,
): boolean {
  return maySee(principal, environments.find(({ name }) => name === environment)?.repository);
}

const absent =
  (code: ErrorCode) =>
  (error: unknown): undefined => {
    if (error instanceof DynDataError && error.code === code) return undefined;
    throw error;
  };

/** @throws ACCESS_DENIED */
export function requireRole(needed: Role, principal: Principal): void {
  if (roleIncludes(principal.role, needed)) return;
  throw new DynDataError('ACCESS_DENIED', `This needs the role ${needed}; the token "${principal.name}" has the role ${principal.role}.`);
}

/** @throws ACCESS_DENIED */
export function requireScope(repository: string, principal: Principal): void {
  if (maySee(principal, repository)) return;
  const name = isRepository(repository) ? `the repository "${repository}"` : 'this repository';
  throw new DynDataError(
    'ACCESS_DENIED',
    `The token "${principal.name}" is not for ${name}. Ask an admin of the registry for one that is.`,
  );
}

/** Lets on whoever may see all of the registry. Behind authentication only. */
export const wholeRegistryOnly: RequestHandler = (_request, response, next) => {
  requireWhole(principalOf(response));
  next();
};

function requireWhole(principal: Principal): void {
  if (principal.repositories.includes(everyRepository)) return;
  throw new DynDataError('ACCESS_DENIED', `This concerns the whole registry; the token "${principal.name}" is for some repositories only.`);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
