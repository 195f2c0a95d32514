import type { Request, Response } from 'express';
import {
  type Catalog,
  type Digest,
  DynDataError,
  isRepository,
  type JobQueue,
  type JobRequest,
  type Pin,
  type Pins,
  parseDigest,
  parseValue,
  routes,
} from '../core/index.ts';
import { type KeptAnswer, type RemovalPorts, removeSnapshots } from '../storage/index.ts';
import { createAuditedCatalog } from './access/audited-catalog.ts';
import { changeOf, principalOf } from './access/request-context.ts';
import type { RouteAdder } from './add-route.ts';
import type { EnvironmentView } from './api.ts';
import type { Creation } from './creations.ts';
import { answerWith } from './job-routes.ts';
import { readPage } from './pages.ts';
import type { Retention } from './retention.ts';
import { untilClosed } from './streaming.ts';

export type OperatorPorts = RemovalPorts & {
  readonly catalog: Catalog;
  readonly pins: Pins;
  readonly retention: Retention;
  readonly newId: () => string;
};

export type OperatorRoutesOptions = {
  readonly operators: OperatorPorts;
  readonly jobs: Pick<JobQueue, 'create'>;
  readonly environments: readonly EnvironmentView[];
};

/**
 * Pins, removal, retention and the collector. What removes something goes on when its client is gone: a removal that stops in the middle
 * would keep others waiting.
 */
export function addOperatorRoutes({ on, onCreate }: RouteAdder, { operators: ports, jobs, environments }: OperatorRoutesOptions): void {
  const { pins, retention, clock } = ports;

  const makeJob = async (response: Response, { id: idempotencyKey }: Creation, wanted: JobRequest, target: string): Promise<KeptAnswer> => {
    const event = { action: 'job.create', target: wanted.dryRun ? `${target}, dry run` : target } as const;
    return answerWith(await changeOf(response)(event, () => jobs.create(wanted, { idempotencyKey })));
  };

  on(routes.listPins, async (request, response) => {
    const repository = repositoryOf(request);
    const signal = untilClosed(response);
    const page = await readPage(
      request,
      (after) => pins.list(repository, { ...after, signal }),
      ({ digest, id }) => `${digest}/${id}`,
    );
    response.json(page);
  });

  onCreate(routes.pinSnapshot, async (request, response, { id, isRepeated }) => {
    const { why, until } = parseValue(routes.pinSnapshot.body, request.body, 'The request body', 'REQUEST_INVALID');
    const now = clock();
    if (until !== undefined && Date.parse(until) <= now.getTime())
      throw new DynDataError('REQUEST_INVALID', 'The pin would be over before it began. Give a time that is still to come, or none.');
    const pin: Pin = {
      version: 1,
      id,
      repository: repositoryOf(request),
      digest: digestOf(request),
      why,
      ...(until === undefined ? {} : { until }),
      by: principalOf(response).name,
      createdAt: now.toISOString(),
    };
    const event = { action: 'pin.create', target: `${pin.repository}@${pin.digest}`, to: pin.id } as const;
    const there = isRepeated ? await pins.get(pin.repository, pin.digest, id) : undefined;
    if (!there) await changeOf(response)(event, () => pins.put(pin));
    return { body: there ?? pin };
  });

  on(routes.unpinSnapshot, async (request, response) => {
    const [repository, digest, id] = [repositoryOf(request), digestOf(request), parameter(request, 'pin')];
    const event = { action: 'pin.remove', target: `${repository}@${digest}`, from: id } as const;
    const isKnown = /^[0-9A-Za-z-]{1,64}$/.test(id) && (await pins.has(repository, digest, id));
    const isRemoved = isKnown && (await changeOf(response)(event, () => pins.remove(repository, digest, id)));
    if (!isRemoved)
      throw new DynDataError('PIN_UNKNOWN', `The snapshot has no pin "${id}". Ask for its pins: dyn-data snapshot show ${digest}`);
    response.end();
  });

  on(routes.removeSnapshot, async (request, response) => {
    const named = parseValue(routes.removeSnapshot.body, request.body, 'The request body', 'REQUEST_INVALID');
    const [repository, digest] = [repositoryOf(request), digestOf(request)];
    const [outcome] = await removeSnapshots(audited(ports, response), repository, [{ digest, ...named }]);
    if (outcome?.fate === 'gone') throw new DynDataError('SNAPSHOT_UNKNOWN', `The repository "${repository}" has no snapshot ${digest}.`);
    if (outcome?.fate === 'held') {
      const { tags, pins: held, indexes } = outcome.holds;
      const details = [
        ...tags.map((tag) => `tag ${tag}`),
        ...held.map(({ id, by, why, until }) => `pin ${id} by ${by}${until === undefined ? '' : ` until ${until}`}: ${why}`),
        ...indexes.map((index) => `image index ${index}`),
      ];
      throw new DynDataError('SNAPSHOT_HELD', 'The snapshot is held by what is named below. Name each of them too, or leave it.', {
        details,
      });
    }
    response.end();
  });

  on(routes.planRetention, async (request, response) => {
    response.json(await retention.plan(parameter(request, 'environment'), untilClosed(response)));
  });

  onCreate(routes.applyRetention, async (request, response, creation) => {
    const { dryRun, plan } = parseValue(routes.applyRetention.body, request.body, 'The request body', 'REQUEST_INVALID');
    const environment = parameter(request, 'environment');
    // Only a known one gets here.
    const repository = environments.find(({ name }) => name === environment)?.repository ?? '';
    const wanted = { kind: 'retention', environment, repository, dryRun, ...(plan === undefined ? {} : { plan }) } as const;
    return makeJob(response, creation, wanted, `retention ${environment}`);
  });

  onCreate(routes.collect, async (request, response, creation) => {
    const { dryRun } = parseValue(routes.collect.body, request.body, 'The request body', 'REQUEST_INVALID');
    return makeJob(response, creation, { kind: 'collect', dryRun }, 'collect');
  });
}

/** Whose removals are recorded in the name of who asks. */
function audited(ports: OperatorPorts, response: Response): RemovalPorts {
  return { ...ports, catalog: createAuditedCatalog(ports.catalog, changeOf(response)) };
}

function parameter(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === 'string' ? value : '';
}

function repositoryOf(request: Request): string {
  const repository = parameter(request, 'repository');
  if (isRepository(repository)) return repository;
  throw new DynDataError('REFERENCE_INVALID', 'The address has no valid repository name (its / encoded as %2F). Correct it.');
}

function digestOf(request: Request): Digest {
  return parseDigest(parameter(request, 'digest'));
}
