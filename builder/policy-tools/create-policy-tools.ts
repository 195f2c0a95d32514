import { policyJsonSchema } from '../../anonymizers/index.ts';
import { type BlobReader, type CatalogReader, DynDataError, type PolicyTools, toDynDataError } from '../../core/index.ts';
import { type EnvironmentContext, findEnvironment } from '../environment.ts';
import { checkPolicy } from './check.ts';
import { previewPolicy } from './preview.ts';
import { suggestPolicy } from './suggest.ts';

export type PolicyToolsContext = EnvironmentContext & { readonly blobs: BlobReader; readonly catalog: CatalogReader };

/** The builder as it helps whoever writes a policy. */
export function createPolicyTools(context: PolicyToolsContext): PolicyTools {
  const guarded = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw new DynDataError('CANCELLED', 'The request was cancelled.', { cause: error });
      throw toDynDataError(error);
    }
  };
  return {
    schema: policyJsonSchema,
    async text(name) {
      const environment = findEnvironment(context, name);
      return { version: 1, environment: name, policyFile: environment.policyFile, text: await environment.policyText() };
    },
    suggest: (name, signal) => guarded(signal, () => suggestPolicy(findEnvironment(context, name), signal)),
    check: (name, signal) => guarded(signal, () => checkPolicy(findEnvironment(context, name), context, signal)),
    preview: (name, rows, signal) => guarded(signal, () => previewPolicy(findEnvironment(context, name), rows, signal)),
  };
}
