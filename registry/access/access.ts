import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { AuditLog, ObjectStore, TokenStore } from '../../core/index.ts';
import { createAuditLog, createTokenStore } from '../../storage/index.ts';
import { type Authenticator, createAuthenticator } from './authenticator.ts';
import { type Client, createClientReader } from './client-address.ts';
import { createRequestRate, type RequestRate } from './limits.ts';
import { createTokens, type Tokens } from './tokens.ts';

const maxRateKeys = 20_000;

/** Who may do what, and the record of what was done. */
export type Access = {
  /** Absent where the registry asks for no token and so serves this machine only. */
  readonly guard?: { readonly authenticate: Authenticator; readonly rate: RequestRate };
  readonly tokens: Tokens;
  readonly store: TokenStore;
  readonly audit: AuditLog;
  readonly readClient: (request: IncomingMessage) => Client;
};

export type AccessOptions = {
  /** Of the configuration; without them no token is asked for. */
  readonly limits?: { readonly failuresPerMinute: number; readonly requestsPerSecond: number } | undefined;
  readonly trustedProxies?: readonly string[];
  readonly clock: () => Date;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly logger: Logger;
};

export function createAccess(objects: ObjectStore, options: AccessOptions): Access {
  const { limits, trustedProxies = [], clock, random, logger } = options;
  const store = createTokenStore(objects);
  return {
    store,
    tokens: createTokens({ store, clock, random }),
    audit: createAuditLog(objects, { clock, random: () => Buffer.from(random(4)).readUInt32BE() / 2 ** 32 }),
    readClient: createClientReader(trustedProxies),
    ...(limits && {
      guard: {
        authenticate: createAuthenticator({ tokens: store, failuresPerMinute: limits.failuresPerMinute, clock, logger }),
        rate: createRequestRate({ perSecond: limits.requestsPerSecond, maxKeys: maxRateKeys, nowMs: () => clock().getTime() }),
      },
    }),
  };
}
