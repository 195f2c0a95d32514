import { type BuildSnapshot, type ObjectStore, type PolicyTools, type Role, routes } from '../../core/index.ts';
import { createChange } from '../../registry/access/change.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { publishImage } from './published-image.ts';
import { type RunningRegistry, startRegistry } from './running-registry.ts';

/** Both environments of {@link startRegistry}, each with its repository. */
export const places = [
  { environment: 'prod', repository: 'dynamease' },
  { environment: 'test', repository: 'team/test' },
] as const;

export type GuardedRegistry = RunningRegistry & {
  /** Digest of an image that each repository has, under the tag `may`. */
  readonly digests: Readonly<Record<string, string>>;
  /** The text and the id of a new token. */
  issue(role: Role, repositories: readonly string[], expiresAt?: string): Promise<{ readonly text: string; readonly id: string }>;
  revoke(id: string): Promise<void>;
  ask(method: string, path: string, options?: { token?: string; body?: unknown; headers?: Record<string, string> }): Promise<Answer>;
};
export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string; readonly body: unknown };

const tools: PolicyTools = {
  text: async (environment) => ({ version: 1, environment, policyFile: 'prod.yaml', text: 'version: 1\n' }),
  schema: () => ({ type: 'object' }),
  suggest: async (environment) => ({ version: 1, environment, text: 'version: 1\n', decided: 0, undecided: 0 }),
  check: async (environment) => ({
    version: 1,
    environment,
    policyFile: 'prod.yaml',
    plan: [],
    invalid: [],
    undecided: [],
    patch: [],
    drift: { changes: [] },
  }),
  preview: async (environment) => ({ version: 1, environment, tables: [] }),
};

/** A registry that asks for tokens, with an image in each of its two repositories. */
export async function startGuardedRegistry(
  objects: ObjectStore,
  options: Partial<Parameters<typeof startRegistry>[0]> = {},
): Promise<GuardedRegistry> {
  const build =
    (ports: Parameters<typeof publishImage>[0]): BuildSnapshot =>
    async ({ environment, tag }) => {
      const repository = places.find((place) => place.environment === environment)?.repository ?? '';
      const layers = [[{ path: `snapshot/${environment}`, bytes: Buffer.from(`rows of ${environment}`) }]];
      return publishImage(ports, { repository, environment, layers, ...(tag === undefined ? {} : { tag }) });
    };
  const registry = await startRegistry({
    objects,
    build,
    policyTools: tools,
    limits: { failuresPerMinute: 1_000_000, requestsPerSecond: 1_000_000 },
    ...options,
  });
  const digests: Record<string, string> = {};
  for (const { environment, repository } of places) {
    const layers = [[{ path: `snapshot/${environment}`, bytes: Buffer.from(`rows of ${environment}`) }]];
    digests[repository] = (await publishImage(registry, { repository, environment, layers, tag: 'may' })).digest;
  }
  const { tokens, audit } = registry.access;
  const change = createChange(audit, { actor: { kind: 'registry', name: 'test' } });
  return {
    ...registry,
    digests,
    async issue(role, repositories, expiresAt) {
      const wanted = {
        name: `${role} of a test`,
        role,
        repositories: [...repositories],
        ...(expiresAt === undefined ? {} : { expiresAt }),
      };
      const { token, text } = await tokens.create(wanted, { by: 'test', change });
      return { text, id: token.id };
    },
    revoke: async (id) => void (await tokens.revoke(id, change)),
    async ask(method, path, { token, body, headers = {} } = {}) {
      const response = await fetch(`${registry.url}${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      return { status: response.status, headers: response.headers, text, body: isJson && text !== '' ? JSON.parse(text) : undefined };
    },
  };
}

export type RouteName = keyof typeof routes;
/** A body that each route which takes one accepts. A new route that takes one is no complete list without it. */
export type RouteBodies = {
  readonly [Name in RouteName as (typeof routes)[Name] extends { readonly body: unknown } ? Name : never]: unknown;
};
export const routeNames = Object.keys(routes) as RouteName[];

/** A route's path with these parameters; fails for a parameter that is not given. */
export function filledPath(name: RouteName, parameters: Readonly<Record<string, string>>): string {
  return routes[name].path.replace(/\{(\w+)\}/g, (_whole, key: string) => {
    const value = parameters[key];
    if (value === undefined) throw new Error(`The route ${name} has a parameter ${key} that the tests do not know: give it a value.`);
    return encodeURIComponent(value);
  });
}

type Options = Parameters<typeof startGuardedRegistry>[1];

/** Gives the work a registry and the objects under it, and stops it afterwards. */
export async function withGuardedRegistry(
  work: (registry: GuardedRegistry, objects: ObjectStore) => Promise<void>,
  options: Options = {},
  objects: ObjectStore = createMemoryObjects(),
): Promise<void> {
  const registry = await startGuardedRegistry(objects, options);
  try {
    await work(registry, objects);
  } finally {
    await registry.stop();
  }
}

/** A clock that stands until it is moved. */
export function movableClock(): { readonly clock: () => Date; readonly forward: (seconds: number) => void } {
  let nowMs = Date.UTC(2027, 0, 1);
  return {
    clock: () => new Date(nowMs),
    forward: (seconds) => {
      nowMs += seconds * 1000;
    },
  };
}

/** Of a question that every token in force may ask. */
export const statusOf = async (registry: GuardedRegistry, token: string): Promise<number> =>
  (await registry.ask('GET', routes.showIdentity.path, { token })).status;
