import * as z from 'zod/mini';
import { type ErrorCode, errorKinds } from '../../core/errors.ts';
import { identitySchema } from '../../core/tokens.ts';

// What the commands for a project and its stack print with --json.

const version = z.literal(1);
const text = z.string();
const count = z.int();
const chosen = { reference: text, repository: text, digest: text };

const service = z.strictObject({
  service: text,
  source: z.optional(text),
  state: z.enum(['healthy', 'running', 'ended']),
  healthyMs: count,
  restored: z.optional(z.strictObject({ outcome: z.enum(['restored', 'already']), tables: count, rows: count, durationMs: count })),
  steps: z.array(
    z.strictObject({
      step: z.enum(['wait', 'start', 'health', 'look', 'schema', 'rows', 'keys', 'restart', 'count']),
      durationMs: count,
    }),
  ),
  addresses: z.array(text),
});

const brought = z.strictObject({
  version,
  project: text,
  ...chosen,
  image: text,
  empty: z.boolean(),
  durationMs: count,
  pullMs: count,
  services: z.array(service),
});

const restoredService = z.strictObject({
  version,
  project: text,
  service: text,
  ...chosen,
  empty: z.boolean(),
  replaced: text,
  durationMs: count,
  services: z.array(service),
});

const restoredElsewhere = z.strictObject({
  version,
  to: text,
  source: text,
  ...chosen,
  empty: z.boolean(),
  replaced: z.array(text),
  tables: count,
  rows: count,
  durationMs: count,
});

const planned = z.strictObject({
  version,
  dryRun: z.literal(true),
  empty: z.boolean(),
  project: text,
  ...chosen,
  from: z.enum(['argument', 'lock', 'pulled', 'config']),
  image: text,
  dataImage: z.union([
    z.strictObject({ pull: z.literal(false) }),
    z.strictObject({ pull: z.literal(true), layers: count, sizeBytes: count }),
  ]),
  services: z.array(
    z.strictObject({
      service: text,
      step: count,
      state: text,
      image: text,
      imageIsHere: z.boolean(),
      source: z.optional(text),
      data: z.optional(z.enum(['keep', 'restore', 'resume', 'replace', 'unknown'])),
      holds: z.optional(text),
      rows: z.optional(count),
      sizeBytes: z.optional(count),
    }),
  ),
  hooks: z.array(
    z.strictObject({
      moment: z.enum(['before-restore', 'after-restore', 'after-up']),
      service: text,
      name: text,
      kind: z.enum(['sql', 'ldif', 'command']),
    }),
  ),
});

export const stackResults = {
  pull: z.strictObject({
    version,
    ...chosen,
    image: text,
    sizeBytes: count,
    transferredBytes: count,
    rows: count,
    tables: count,
    sources: z.array(text),
  }),
  pin: z.strictObject({
    version,
    file: text,
    changed: z.boolean(),
    differences: z.array(text),
    lock: z.strictObject({
      version: z.literal(2),
      ...chosen,
      policy: text,
      key: text,
      images: z.record(text, z.strictObject({ image: text, digest: text })),
    }),
  }),
  up: z.union([brought, planned]),
  status: z.strictObject({
    version,
    project: text,
    services: z.array(
      z.strictObject({
        service: text,
        state: text,
        health: z.optional(text),
        addresses: z.array(text),
        source: z.optional(text),
        snapshot: z.optional(
          z.union([
            z.strictObject({
              state: z.enum(['restoring', 'restored']),
              digest: text,
              reference: text,
              empty: z.boolean(),
              changed: z.enum(['yes', 'no', 'unknown']),
            }),
            z.strictObject({ state: z.enum(['none', 'unknown']) }),
          ]),
        ),
      }),
    ),
  }),
  restore: z.union([restoredService, restoredElsewhere]),
  reset: z.strictObject({ version, project: text, reference: text, digest: text, durationMs: count, services: z.array(service) }),
  verify: z.strictObject({
    version,
    reference: text,
    digest: text,
    tables: count,
    chunks: count,
    files: count,
    sizeBytes: count,
    durationMs: count,
    restored: z.optional(
      z.array(
        z.strictObject({
          service: text,
          source: text,
          state: z.enum(['same', 'changed', 'other-snapshot', 'restoring', 'none', 'not-running']),
          tables: count,
          differences: z.array(text),
        }),
      ),
    ),
  }),
  /** Of each line. */
  logs: z.strictObject({ version, service: text, line: text }),
  down: z.strictObject({ version, project: text, volumesRemoved: z.boolean() }),
  init: z.strictObject({
    version,
    written: z.array(text),
    registry: text,
    repository: text,
    files: z.array(text),
    configDirs: z.array(text),
    labels: z.array(z.strictObject({ service: text, source: text, why: text })),
    pushServers: z.array(text),
  }),
  doctor: z.strictObject({
    version,
    healthy: z.boolean(),
    checks: z.array(
      z.strictObject({
        name: text,
        state: z.enum(['ok', 'warn', 'fail']),
        found: text,
        cure: z.optional(text),
        code: z.optional(z.enum(Object.keys(errorKinds) as ErrorCode[])),
      }),
    ),
  }),
  completion: z.strictObject({ version, shell: z.enum(['bash', 'zsh', 'fish']), script: text }),
  login: z.strictObject({ version, registry: text, identity: identitySchema, stored: z.boolean(), docker: z.boolean() }),
  logout: z.strictObject({ version, registry: text, wasLoggedIn: z.boolean() }),
  version: z.strictObject({ name: z.literal('dyn-data'), version: text, node: text }),
};
