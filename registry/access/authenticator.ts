import { timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import { type Digest, DynDataError, type TokenRecord, type TokenStore, tokenHash, tokenIdOf } from '../../core/index.ts';
import { errorFields } from '../log.ts';
import { addressKey } from './client-address.ts';
import { createFreshReads } from './fresh-reads.ts';
import { createFailureLimit, createRecentKeys } from './limits.ts';
import type { Principal } from './request-context.ts';

const readTimeoutMs = 10_000;
const failureWindowMs = 60_000;
const maxKeys = 20_000;
/** A client that a token worked for goes on working while others fail from its address, or with its token. */
const rememberedClientMs = 3_600_000;
/** A token's use is noted at most so often by each replica. */
const useEveryMs = 3_600_000;

export type AuthenticatorOptions = {
  readonly tokens: TokenStore;
  readonly failuresPerMinute: number;
  readonly clock: () => Date;
  readonly logger: Logger;
};

/** `refused` says why, to whom has a token's right secret; to others only that it is not valid. */
export type Authentication = { readonly principal: Principal } | { readonly refused: string } | { readonly waitMs: number };

/** @throws what the token store throws: without its answer nobody gets in. */
export type Authenticator = (text: string, address: string) => Promise<Authentication>;

const notValid =
  'The token is not valid. See that it is whole; if it is, it was never one of this registry, or has got a new secret since.';

/** Tells who holds a token. The store is asked every time, so that a revocation holds as soon as it is written, on every replica. */
export function createAuthenticator({ tokens, failuresPerMinute, clock, logger }: AuthenticatorOptions): Authenticator {
  const nowMs = (): number => clock().getTime();
  const failures = createFailureLimit({ failures: failuresPerMinute, windowMs: failureWindowMs, maxKeys, nowMs });
  const clients = createRecentKeys({ forMs: rememberedClientMs, maxKeys, nowMs });
  const uses = createRecentKeys({ forMs: useEveryMs, maxKeys, nowMs });
  const readToken = createFreshReads((id) => readInTime(tokens, id));

  const noteUse = (id: string): void => {
    if (uses.has(id)) return;
    uses.add(id);
    tokens.noteUse(id, clock().toISOString()).catch((error: unknown) => {
      uses.forget(id);
      logger.warn({ tokenId: id, error: errorFields(error) }, 'use of a token not noted');
    });
  };

  return async (text, address) => {
    const from = addressKey(address);
    const id = tokenIdOf(text);
    const client = `${from} ${id ?? ''}`;
    const keys = [`address ${from}`, ...(id === undefined ? [] : [`token ${id}`])];
    const waitMs = clients.has(client) ? 0 : Math.max(...keys.map((key) => failures.waitMs(key)));
    if (waitMs > 0) return { waitMs };
    const record = id === undefined ? undefined : (await readToken(id))?.record;
    const refused = record ? refusalOf(record, tokenHash(text), clock()) : notValid;
    if (refused === undefined && record) {
      clients.add(client);
      noteUse(record.id);
      return { principal: principalOf(record) };
    }
    clients.forget(client);
    for (const key of keys) failures.add(key);
    return { refused: refused ?? notValid };
  };
}

function refusalOf(record: TokenRecord, hash: Digest, now: Date): string | undefined {
  const given = Buffer.from(hash);
  const isOver = (expiresAt: string | undefined): boolean => expiresAt !== undefined && new Date(expiresAt) <= now;
  let isRight = false;
  // All are compared, each in the same time: how long it takes tells nothing.
  for (const secret of record.secrets) {
    const isEqual = timingSafeEqual(Buffer.from(secret.hash), given);
    isRight = isRight || (isEqual && !isOver(secret.expiresAt));
  }
  if (!isRight) return notValid;
  if (record.revokedAt !== undefined) return `The token "${record.name}" was revoked on ${record.revokedAt}. Ask for a new one.`;
  return isOver(record.expiresAt) ? `The token "${record.name}" expired on ${record.expiresAt}. Ask for a new one.` : undefined;
}

function principalOf({ id, name, role, repositories, expiresAt }: TokenRecord): Principal {
  return { kind: 'token', id, name, role, repositories, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

async function readInTime(tokens: TokenStore, id: string) {
  const signal = AbortSignal.timeout(readTimeoutMs);
  try {
    return await tokens.get(id, signal);
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new DynDataError('STORAGE_UNREACHABLE', 'The storage did not answer in time, so the token could not be checked. Try again.', {
      cause,
    });
  }
}
