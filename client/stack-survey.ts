import { dirname, relative, resolve } from 'node:path';
import * as z from 'zod/mini';
import { parseYaml } from '../core/documents.ts';
import type { SourceKind } from '../core/manifest.ts';
import { readIfThere } from './project.ts';

/** Names under which compose itself finds a stack, in its order. */
const composeNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const sourceLabel = 'dyn-data.source';

const paths = z.union([z.string(), z.array(z.string())]);
const composeSchema = z.looseObject({
  include: z.optional(
    z.array(z.union([z.string(), z.looseObject({ path: z.optional(paths), project_directory: z.optional(z.string()) })])),
  ),
  services: z.optional(
    z.nullable(
      z.record(
        z.string(),
        z.nullable(
          z.looseObject({
            image: z.optional(z.unknown()),
            labels: z.optional(z.unknown()),
          }),
        ),
      ),
    ),
  ),
});

/** A service as its file has it, before compose has merged and filled in anything. */
export type SurveyedService = {
  readonly name: string;
  /** The kind of database that image or name speak of. */
  readonly kind: SourceKind | undefined;
  /** Value of the label, where it has one already. */
  readonly source: string | undefined;
  /** Its image is one of AeroGear UnifiedPush Server. */
  readonly isPushServer: boolean;
};

export type StackSurvey = {
  readonly files: readonly string[];
  readonly services: readonly SurveyedService[];
  /** Variables in the files whose name says that they are folders of configuration. */
  readonly configDirs: readonly string[];
};

/** The compose files of a folder: the first that compose would take, and its override. */
export async function findComposeFiles(folder: string): Promise<string[]> {
  for (const name of composeNames) {
    if ((await readIfThere(resolve(folder, name))) === undefined) continue;
    const override = name.replace(/(\.ya?ml)$/, '.override$1');
    return (await readIfThere(resolve(folder, override))) === undefined ? [name] : [name, override];
  }
  return [];
}

/**
 * What compose files, and the files that they include, say of their services, read without Docker.
 * @throws DynDataError STACK_INVALID
 */
export async function surveyStack(folder: string, files: readonly string[]): Promise<StackSurvey> {
  const services = new Map<string, SurveyedService>();
  const configDirs = new Set<string>();
  const read = new Set<string>();
  /** @param base what the file's own includes are relative to */
  const survey = async (file: string, base: string): Promise<void> => {
    if (read.has(file)) return;
    read.add(file);
    const text = await readIfThere(file);
    if (text === undefined) return;
    for (const [, name = ''] of text.matchAll(/\$\{([A-Za-z0-9_]*CONF(?:IG)?_DIR)\b/g)) configDirs.add(name);
    const parsed = parseYaml(composeSchema, text, relative(folder, file), 'STACK_INVALID');
    for (const included of parsed.include ?? []) {
      const { path = [], project_directory } = typeof included === 'string' ? { path: included } : included;
      // Those with variables, and of other machines, are known to compose alone.
      const [first, ...more] = [path].flat().filter((one) => !/[$]|:\/\/|^[^/]+@/.test(one));
      if (first === undefined) continue;
      const own = project_directory === undefined ? dirname(resolve(base, first)) : resolve(base, project_directory);
      for (const one of [first, ...more]) await survey(resolve(base, one), own);
    }
    for (const [name, service] of Object.entries(parsed.services ?? {})) {
      const before = services.get(name);
      const image = typeof service?.image === 'string' ? service.image : undefined;
      services.set(name, {
        name,
        kind: kindOf(image) ?? before?.kind ?? (image === undefined ? kindOf(name) : undefined),
        source: labelOf(service?.labels) ?? before?.source,
        isPushServer: image === undefined ? (before?.isPushServer ?? false) : /unifiedpush/i.test(image),
      });
    }
  };
  const stackFolder = dirname(resolve(folder, files[0] ?? '.'));
  for (const file of files) await survey(resolve(folder, file), stackFolder);
  return { files, services: [...services.values()], configDirs: [...configDirs].sort() };
}

/** By the last part of the image's name: what only looks at databases, or copies them, is none. */
export function kindOf(image: string | undefined): SourceKind | undefined {
  const name = (image ?? '')
    .replace(/@.*$/, '')
    .replace(/:[^:/]*$/, '')
    .toLowerCase();
  const last = name.slice(name.lastIndexOf('/') + 1);
  if (/admin|exporter|backup|proxy|client|operator|router/.test(last)) return undefined;
  if (/mysql|mariadb|percona/.test(last)) return 'mysql';
  if (/ldap|slapd/.test(last)) return 'ldap';
  return /postgres|postgis|pgvector|timescale/.test(last) ? 'postgres' : undefined;
}

/** Labels are a map or a list of `name=value`. */
function labelOf(labels: unknown): string | undefined {
  if (Array.isArray(labels)) {
    const found = labels.map(String).find((label) => label.startsWith(`${sourceLabel}=`));
    return found?.slice(sourceLabel.length + 1);
  }
  if (typeof labels !== 'object' || labels === null) return undefined;
  const value = Object.entries(labels).find(([name]) => name === sourceLabel)?.[1];
  return typeof value === 'string' ? value : undefined;
}
