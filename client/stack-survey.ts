import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { parseYaml } from '../core/documents.ts';
import type { SourceKind } from '../core/manifest.ts';
import { readIfThere } from './project.ts';

/** Names under which compose itself finds a stack, in its order. */
const composeNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const sourceLabel = 'dyn-data.source';

const composeSchema = z.looseObject({
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
 * What compose files say of their services, read without Docker.
 * @throws DynDataError STACK_INVALID
 */
export async function surveyStack(folder: string, files: readonly string[]): Promise<StackSurvey> {
  const services = new Map<string, SurveyedService>();
  const configDirs = new Set<string>();
  for (const file of files) {
    const text = (await readIfThere(resolve(folder, file))) ?? '';
    for (const [, name = ''] of text.matchAll(/\$\{([A-Za-z0-9_]*CONF(?:IG)?_DIR)\b/g)) configDirs.add(name);
    const parsed = parseYaml(composeSchema, text, file, 'STACK_INVALID');
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
  }
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
