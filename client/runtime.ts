import * as zlib from 'node:zlib';
import { DynDataError } from '../core/errors.ts';

/**
 * Asks for the feature, not for a number: native zstd came with 22.15 in one line of versions and with 23.8 in another.
 * @throws DynDataError RUNTIME_TOO_OLD
 */
export function requireRuntime(nodeVersion: string): void {
  if ('zstdDecompress' in zlib) return;
  throw new DynDataError(
    'RUNTIME_TOO_OLD',
    `dyn-data needs Node.js 22.15 or newer (24 is best), because snapshots are compressed with zstd; this is Node.js ${nodeVersion}. Install a newer one, for example \`nvm install 24\` or from https://nodejs.org, and run the command again.`,
  );
}
