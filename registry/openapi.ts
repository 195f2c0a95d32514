import * as z from 'zod/mini';
import { type Condition, errorKinds, type Route, routes } from '../core/index.ts';

/** Errors that any route may give; each is a problem document. */
const commonErrors: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'No valid token was given',
  403: "The token's role or repositories do not cover this",
  404: 'There is no such thing, or none that the token may see',
  429: 'Too many requests or refused tokens; Retry-After says how many seconds to wait',
  503: 'A system that the registry depends on is out of reach',
};
const bodyErrors: Readonly<Record<number, string>> = {
  408: 'The body did not come in time',
  413: 'The body is too large',
  415: 'The body is no JSON',
};
const creationErrors: Readonly<Record<number, string>> = {
  409: 'The idempotency key belongs to another request, or what is to be made is there already; of a token: its text was given already',
};
const conditionErrors: Readonly<Record<number, string>> = {
  412: 'The condition of the request does not hold: somebody has changed or removed the thing since its ETag was given, or it is there already',
};
const conditionTexts: Readonly<Record<Condition, string>> = {
  'If-Match': 'Nothing is changed unless it still is what an answer with this ETag showed',
  'If-None-Match': '`*`: nothing is changed if there is one already',
};
const tags: Readonly<Record<string, string>> = {
  snapshots: 'Anonymized states of environments, and taking them',
  repositories: 'Snapshots and tags of a repository',
  environments: 'What snapshots are taken of, and the policies that anonymize them',
  jobs: 'Builds that are under way or have ended',
  collections: 'The collector, which frees what nothing reaches',
  identity: 'Who asks',
  tokens: 'What opens the registry',
  audit: 'Who changed what',
  service: 'The service itself',
};
const withinTexts: Readonly<Record<Route['access']['within'], string>> = {
  repository: 'of the repository',
  environment: "of the environment's repository",
  'body.environment': "of the environment's repository",
  job: "of the job's repository",
  schedule: "of the repository of the schedule's environment",
  visible: '; what the token does not cover is left out',
  registry: 'of every repository',
};

/** The contract's routes as an OpenAPI 3.1 document. It holds no state of the registry. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [operationId, route] of Object.entries<Route>(routes)) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(operationId, route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'dyn-data registry',
      version,
      summary: "Anonymized, versioned copies of a running system's data",
      description: 'Images are pulled through /v2/ as the OCI Distribution Specification says; this document is of all else.',
      license: { name: 'Not published', identifier: 'LicenseRef-Not-Published' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { tokenAsPassword: [] }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths: { ...paths, ...servicePaths() },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token made by `dyn-data token create`' },
        tokenAsPassword: { type: 'http', scheme: 'basic', description: 'Any user name, and the token as the password' },
      },
      schemas: { Problem: problemSchema() },
      responses: Object.fromEntries(
        Object.entries({ ...commonErrors, ...bodyErrors, ...creationErrors, ...conditionErrors }).map(([status, description]) => [
          `Problem${status}`,
          { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
        ]),
      ),
    },
  };
}

function operation(operationId: string, route: Route): object {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const isList = isPage(route);
  const content = route.answer
    ? { 'application/json': { schema: jsonSchema(route.answer, 'output') } }
    : route.status === 204
      ? undefined
      : { 'text/event-stream': { schema: { type: 'string' } } };
  const isCreating = 'creates' in route && route.creates !== 'nothing';
  const conditions = route.conditions ?? [];
  const errors = Object.keys({
    ...commonErrors,
    ...(route.body ? bodyErrors : {}),
    ...(isCreating ? creationErrors : {}),
    ...(conditions.length > 0 ? conditionErrors : {}),
  });
  return {
    operationId,
    summary: route.summary,
    description: `Needs the role ${route.access.role} ${withinTexts[route.access.within]}.`.replace(' ;', ';'),
    tags: [route.path.split('/')[3] ?? 'service'],
    parameters: [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...(isList ? pageParameters : []),
      ...(isCreating ? [keyParameter] : []),
      ...conditions.map((name) => ({ name, in: 'header', description: conditionTexts[name], schema: { type: 'string' } })),
    ],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } } }
      : {}),
    responses: {
      [route.status]: { description: route.summary, ...(route.etag ? { headers: etagHeader } : {}), ...(content ? { content } : {}) },
      ...Object.fromEntries(errors.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }])),
    },
  };
}

const pageParameters = [
  { name: 'limit', in: 'query', description: 'Items of a page', schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } },
  { name: 'after', in: 'query', description: '`next` of the page before', schema: { type: 'string' } },
];

const keyParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'For a day the same request of the same token with the same key creates nothing again and gets the answer of the first time; an answer with the text of a token is given once (TOKEN_ALREADY_ISSUED)',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
};

const etagHeader = {
  ETag: { description: 'For the condition If-Match of a change of what is shown', schema: { type: 'string' } },
};

function isPage({ answer }: Route): boolean {
  const shape = answer === undefined ? undefined : (jsonSchema(answer, 'output') as { properties?: object }).properties;
  return shape !== undefined && 'items' in shape && 'next' in shape;
}

function servicePaths(): object {
  const status = {
    type: 'object',
    required: ['status', 'version'],
    properties: { status: { type: 'string' }, version: { type: 'string' } },
  };
  const path = (operationId: string, summary: string, schema: object) => ({
    get: {
      operationId,
      summary,
      tags: ['service'],
      security: [],
      responses: {
        200: { description: summary, content: { 'application/json': { schema } } },
        400: { $ref: '#/components/responses/Problem400' },
        503: { $ref: '#/components/responses/Problem503' },
      },
    },
  });
  return {
    '/healthz': path('showHealth', 'Say that the service lives', status),
    '/readyz': path('showReadiness', 'Say that the service and its storage are ready', status),
    '/openapi.json': path('showOpenApi', 'This document', { type: 'object' }),
    '/policy.schema.json': path('showPolicySchema', 'The JSON Schema of a policy file, where a builder is in the same process', {
      type: 'object',
    }),
  };
}

function problemSchema(): object {
  return {
    type: 'object',
    description: 'An error (RFC 9457) with a stable code',
    required: ['type', 'title', 'status', 'code', 'detail', 'details'],
    properties: {
      type: { const: 'about:blank' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { enum: Object.keys(errorKinds) },
      detail: { type: 'string', description: 'What is wrong and what to do next' },
      details: { type: 'array', items: { type: 'string' } },
    },
  };
}

function jsonSchema(schema: z.ZodMiniType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
