import { join } from 'node:path';
import { bundleClient, type ClientBundle } from '../../scripts/bundle-client.ts';
import { projectFolder } from '../../scripts/project-paths.ts';

/** Where the client is that {@link bundledClient} makes: a file for each worker that runs tests. */
export const clientBundle = join(projectFolder, 'dist', `test-client-${process.env.VITEST_POOL_ID ?? '0'}.mjs`);
let bundled: Promise<ClientBundle> | undefined;

/** The client as it ships, bundled once for all test files of this process. */
export function bundledClient(): Promise<ClientBundle> {
  bundled ??= bundleClient(clientBundle);
  return bundled;
}
