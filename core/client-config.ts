import * as z from 'zod/mini';
import { parseYaml } from './documents.ts';
import { isRepository } from './names.ts';

export const clientConfigFile = 'dyn-data.yaml';

/** When hooks run: around each restore of a service, and when the whole stack is up. */
export const hookMoments = ['before-restore', 'after-restore', 'after-up'] as const;
export type HookMoment = (typeof hookMoments)[number];

const text = z.string().check(z.minLength(1));
const hook = z
  .strictObject({
    /** For people; else its file or command. */
    name: z.optional(text),
    service: text,
    /** A file of SQL, relative to dyn-data.yaml; run as the database's administrator. */
    sql: z.optional(text),
    /** Likewise of LDIF: entries to add, or changes. */
    ldif: z.optional(text),
    /** A program and its arguments, or a line for `sh`; run as the container's own user. */
    command: z.optional(z.union([text, z.array(text).check(z.minLength(1))])),
  })
  .check(
    z.refine(
      ({ sql, ldif, command }) => [sql, ldif, command].filter((one) => one !== undefined).length === 1,
      'exactly one of sql, ldif and command expected',
    ),
  );
const hooks = z.optional(z.array(hook));

const schema = z.strictObject({
  version: z.literal(1),
  /** Base URL of the registry, for example http://127.0.0.1:5000. */
  registry: z
    .string()
    .check(z.refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'an http:// or https:// address expected')),
  /** Repository of the data images. */
  repository: z.string().check(z.refine(isRepository, 'a repository name expected (lower-case letters, digits, ., _, - and /)')),
  stack: z.strictObject({
    /** The compose files, relative to dyn-data.yaml. */
    files: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
    /** Compose project name; the default is compose's own. */
    project: z.optional(z.string()),
    /** Environment variables that must name an existing folder before anything starts. */
    configDirs: z._default(z.array(z.string()), []),
  }),
  hooks: z.optional(z.strictObject({ 'before-restore': hooks, 'after-restore': hooks, 'after-up': hooks })),
  /** Reference taken by `up` where neither an argument, a lock nor an earlier pull says another. */
  snapshot: z.optional(z.string()),
});

/** `dyn-data.yaml`, the file a project keeps beside its stack. */
export type ClientConfig = z.infer<typeof schema>;

/** @throws DynDataError CONFIG_INVALID */
export function parseClientConfig(text: string, fileName: string): ClientConfig {
  return parseYaml(schema, text, fileName);
}
