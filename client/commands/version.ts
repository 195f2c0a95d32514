import { toolVersion } from '../../core/version.ts';
import type { Context } from '../context.ts';

export function version(context: Context, nodeVersion: string): void {
  context.output.result(`dyn-data ${toolVersion}`, { name: 'dyn-data', version: toolVersion, node: nodeVersion });
}
