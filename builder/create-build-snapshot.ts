import { parsePolicy } from '../anonymizers/index.ts';
import { type BlobStore, type BuildSnapshot, type Catalog, type ChunkIndex, DynDataError, toDynDataError } from '../core/index.ts';
import { build } from './build.ts';
import { type EnvironmentContext, findEnvironment } from './environment.ts';

export type BuilderContext = EnvironmentContext & {
  readonly blobs: BlobStore;
  readonly index: ChunkIndex;
  readonly catalog: Catalog;
  readonly now: () => Date;
};

/**
 * The builder as the registry's jobs see it. Key, policy and passwords are read when a build starts and before anything is connected.
 * @throws DynDataError ENVIRONMENT_UNKNOWN, KEY_MISSING, KEY_INVALID, SECRET_MISSING, POLICY_INVALID and whatever `build` throws.
 */
export function createBuildSnapshot(context: BuilderContext): BuildSnapshot {
  return async ({ environment: name, tag, alias }, { signal, ...hooks }) => {
    const environment = findEnvironment(context, name);
    const key = await environment.key();
    const policy = parsePolicy(await environment.policyText(), environment.policyFile);
    const connect = await environment.connect();
    try {
      return await build(
        {
          environment: name,
          repository: environment.repository,
          ...(tag === undefined ? {} : { tag }),
          ...(alias === undefined ? {} : { alias }),
          policy,
          key,
          strict: environment.strict,
          connect,
        },
        { ...context, ...hooks },
        signal,
      );
    } catch (error) {
      if (signal.aborted) throw new DynDataError('CANCELLED', 'The build was cancelled. Nothing of it is visible.', { cause: error });
      throw toDynDataError(error);
    }
  };
}
