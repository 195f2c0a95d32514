import { randomUUID } from 'node:crypto';
import { type Job, parseDigest, routes } from '../../core/index.ts';
import { filledPath, type GuardedRegistry, type places, type RouteBodies, type RouteName } from './guarded-registry.ts';
import { publishImage } from './published-image.ts';

export type Place = (typeof places)[number];

export type RouteRequests = {
  /** A path and a body that the route accepts, of a thing made for it where it needs one. */
  requestOf(
    name: RouteName,
    place: Place,
  ): Promise<{ readonly path: string; readonly parameters: Readonly<Record<string, string>>; readonly body: object | undefined }>;
  bodyOf(name: RouteName, place: Place): object | undefined;
  newJob(place: Place): Promise<Job>;
  /** The name of a new schedule. */
  newSchedule(place: Place): Promise<string>;
  /** The id of a new pin. */
  newPin(place: Place): Promise<string>;
};

/** A valid request for every route of the contract. */
export function createRouteRequests(registry: GuardedRegistry): RouteRequests {
  let schedules = 0;
  let images = 0;
  const bodiesAt = ({ environment, repository }: Place): RouteBodies => ({
    createJob: { kind: 'verify', repository },
    createSchedule: { ...definitionOf(environment), name: `new-${++schedules}` },
    updateSchedule: definitionOf(environment),
    createSnapshot: { environment },
    moveTag: { digest: registry.digests[repository] },
    pinSnapshot: { why: 'a test' },
    removeSnapshot: { tags: [], pins: [] },
    applyRetention: { dryRun: true },
    collect: { dryRun: true },
    previewPolicy: { rows: 1 },
    createToken: { name: 'one more', role: 'reader', repositories: ['x'] },
    rotateToken: { overlapSeconds: 0 },
  });
  const newJob = (place: Place): Promise<Job> => registry.jobs.create({ kind: 'build', ...place });
  const definitionOf = (environment: string) => ({
    environment,
    cron: '0 3 * * *',
    timeZone: 'Europe/Paris',
    tag: `${environment}-{yyyy}`,
  });
  const newSchedule = async (place: Place): Promise<string> => {
    const name = `some-${++schedules}`;
    await registry.schedules.create(name, { ...definitionOf(place.environment), catchUp: false });
    return name;
  };
  /** One that may be asked for again. */
  const endedJob = async (place: Place): Promise<Job> => {
    for (;;) {
      // One behind another of the same environment waits, unless that one was very fast.
      await newJob(place);
      const job = await registry.jobs.cancel((await newJob(place)).id);
      if (job.state === 'cancelled') return job;
    }
  };
  /** One that nothing names. */
  const newSnapshot = async ({ environment, repository }: Place): Promise<string> => {
    const layers = [[{ path: 'snapshot/some', bytes: Buffer.from(`rows ${++images}`) }]];
    return (await publishImage(registry, { repository, environment, layers })).digest;
  };
  const newPin = async ({ repository }: Place): Promise<string> => {
    const pin = {
      version: 1,
      id: randomUUID(),
      repository,
      digest: parseDigest(registry.digests[repository] ?? ''),
      by: 'qa',
      why: 'a test',
    } as const;
    await registry.operators.pins.put({ ...pin, createdAt: new Date().toISOString() });
    return pin.id;
  };
  const bodyOf = (name: RouteName, place: Place) => (bodiesAt(place) as Readonly<Record<string, object>>)[name];

  return {
    newJob,
    newSchedule,
    newPin,
    bodyOf,
    async requestOf(name, place) {
      const parameters = {
        ...place,
        digest: name === 'removeSnapshot' ? await newSnapshot(place) : (registry.digests[place.repository] ?? ''),
        pin: routes[name].path.includes('{pin}') ? await newPin(place) : '',
        tag: routes[name].method === 'DELETE' ? 'never-there' : 'may',
        id: routes[name].path.includes('{id}') ? (await (name === 'retryJob' ? endedJob(place) : newJob(place))).id : '',
        name: routes[name].path.includes('{name}') ? await newSchedule(place) : '',
        token: routes[name].path.includes('{token}') ? (await registry.issue('reader', ['x'])).id : '',
      };
      return { path: filledPath(name, parameters), parameters, body: bodyOf(name, place) };
    },
  };
}
