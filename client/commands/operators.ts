import type { Digest } from '../../core/digest.ts';
import { DynDataError } from '../../core/errors.ts';
import { parseReference, type Reference } from '../../core/references.ts';
import type { Context } from '../context.ts';
import { openRegistry } from '../open-registry.ts';
import { createOperatorsApi, type OperatorsApi } from '../operators-api.ts';
import { openProject } from '../project.ts';
import { type RegistryApi, snapshotUnknown } from '../registry-api.ts';

export type Operating = {
  readonly repository: string;
  readonly api: OperatorsApi;
  readonly registry: RegistryApi;
  /** The snapshot that a person names, in the repository that the reference says, else in this one. @throws TAG_UNKNOWN, SNAPSHOT_UNKNOWN */
  find(text: string, within?: string): Promise<{ readonly repository: string; readonly digest: Digest; readonly reference: Reference }>;
};

/** The registry of the project, for the commands of operators. */
export async function operate(context: Context): Promise<Operating> {
  const { config } = await openProject(context);
  const registry = openRegistry(context, config.registry);
  return {
    repository: config.repository,
    api: createOperatorsApi(registry),
    registry,
    async find(text, within = config.repository) {
      const reference = parseReference(text);
      const repository = reference.repository ?? within;
      const digest = await registry.resolve(repository, reference);
      if (digest !== undefined) return { repository, digest, reference };
      if ('digest' in reference) throw snapshotUnknown(repository, reference.digest);
      throw new DynDataError(
        'TAG_UNKNOWN',
        `The repository ${repository} has no tag "${reference.tag}". Run \`dyn-data tag list\` to see those it has.`,
      );
    },
  };
}
