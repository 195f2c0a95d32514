import * as z from 'zod/mini';
import { parseYaml } from './documents.ts';
import { isRepository } from './names.ts';

export const clientConfigFile = 'dyn-data.yaml';

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
  /** Reference taken by `up` where neither an argument, a lock nor an earlier pull says another. */
  snapshot: z.optional(z.string()),
});

/** `dyn-data.yaml`, the file a project keeps beside its stack. */
export type ClientConfig = z.infer<typeof schema>;

/** @throws DynDataError CONFIG_INVALID */
export function parseClientConfig(text: string, fileName: string): ClientConfig {
  return parseYaml(schema, text, fileName);
}
