import type { Context } from './context.ts';
import { readToken } from './credentials.ts';
import { createRegistryApi, type RegistryApi } from './registry-api.ts';

/** The registry at this address, as whoever is logged in to it. */
export function openRegistry(context: Pick<Context, 'env' | 'signal'>, registry: string): RegistryApi {
  return createRegistryApi({ registry, signal: context.signal, readToken: () => readToken(context.env, registry) });
}
