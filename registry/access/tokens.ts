import {
  type CreateToken,
  DynDataError,
  type IssuedToken,
  newToken,
  type TokenRecord,
  type TokenState,
  type TokenStore,
  type TokenView,
  tokenIdPattern,
  tokenVersion,
} from '../../core/index.ts';
import type { Change } from './change.ts';

/** Somebody else changed the token between reading and writing. */
const replaceTries = 5;
/** Secrets that may be in force at once; a rotation beyond them ends the oldest. */
const mostSecrets = 4;

export type TokensOptions = {
  readonly store: TokenStore;
  readonly clock: () => Date;
  readonly random: (sizeBytes: number) => Uint8Array;
};

/** Makes, shows and ends tokens. What issues one is the only thing that ever holds its text. @throws TOKEN_UNKNOWN, REQUEST_INVALID, CONFLICT */
export type Tokens = {
  /** @param issue the id of the new token, a random one where it is left out, and the name of who makes it */
  create(request: CreateToken, issue: { readonly id?: string; readonly by: string; readonly change: Change }): Promise<IssuedToken>;
  has(id: string): Promise<boolean>;
  show(id: string, signal?: AbortSignal): Promise<TokenView>;
  list(options: { readonly after?: string; readonly signal?: AbortSignal }): AsyncGenerator<TokenView>;
  /**
   * @param overlapSeconds how long the secrets up to now still open
   * @param expected the version (tokenVersion) of the token that is meant; CONFLICT where it is another one by now
   */
  rotate(id: string, overlapSeconds: number, change: Change, expected?: string): Promise<IssuedToken>;
  /** Of a token that is revoked already nothing changes. `expected` as above. */
  revoke(id: string, change: Change, expected?: string): Promise<TokenView>;
};

export function createTokens({ store, clock, random }: TokensOptions): Tokens {
  const now = (): string => clock().toISOString();

  const find = async (id: string, signal?: AbortSignal): Promise<TokenState> => {
    // What is no id is no key of the store either.
    const found = tokenIdPattern.test(id) ? await store.get(id, signal) : undefined;
    if (found) return found;
    throw new DynDataError('TOKEN_UNKNOWN', `There is no token "${id}". See which there are: dyn-data token list.`);
  };
  const view = async (record: TokenRecord, signal?: AbortSignal): Promise<TokenView> => {
    const { version: _version, secrets, ...shown } = record;
    const lastUsedAt = await store.lastUse(record.id, signal);
    const isExpired = record.expiresAt !== undefined && new Date(record.expiresAt) <= clock();
    return {
      ...shown,
      state: record.revokedAt === undefined ? (isExpired ? 'expired' : 'active') : 'revoked',
      ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
      secrets: secrets.map(({ hash: _hash, ...times }) => times),
    };
  };
  /** Replaces the record by what `next` makes of its latest state, or leaves it where that is undefined. */
  const replace = async (
    id: string,
    expected: string | undefined,
    next: (record: TokenRecord) => { record: TokenRecord; write: (put: () => Promise<void>) => Promise<void> } | undefined,
  ) => {
    for (let attempt = 1; ; attempt += 1) {
      const found = await find(id);
      if (expected !== undefined && tokenVersion(found.record) !== expected)
        throw new DynDataError('CONFLICT', 'Somebody has changed the token meanwhile. Look at its present state, then try again.');
      const wanted = next(found.record);
      if (!wanted) return found.record;
      try {
        await wanted.write(() => store.replace(wanted.record, found.etag));
        return wanted.record;
      } catch (error) {
        if (!(error instanceof DynDataError && error.code === 'CONFLICT') || attempt === replaceTries) throw error;
      }
    }
  };

  return {
    async create({ name, role, repositories, expiresAt }, { id: wantedId, by, change }) {
      if (expiresAt !== undefined && new Date(expiresAt) <= clock())
        throw new DynDataError('REQUEST_INVALID', 'The token would have expired already. Give it a later end.');
      const { id, text, hash } = newToken(random, wantedId);
      const createdAt = now();
      const record: TokenRecord = {
        version: 1,
        id,
        name,
        role,
        repositories,
        createdAt,
        createdBy: by,
        ...(expiresAt === undefined ? {} : { expiresAt }),
        secrets: [{ hash, createdAt }],
      };
      await change({ action: 'token.create', target: id, to: summary(record) }, () => store.create(record));
      return { token: await view(record), text };
    },

    has: async (id) => (await store.get(id)) !== undefined,

    show: async (id, signal) => view((await find(id, signal)).record, signal),

    async *list(options) {
      for await (const record of store.list(options)) yield await view(record, options.signal);
    },

    async rotate(id, overlapSeconds, change, expected) {
      const { text, hash } = newToken(random, id);
      const record = await replace(id, expected, (before) => {
        if (before.revokedAt !== undefined)
          throw new DynDataError('REQUEST_INVALID', `The token "${before.name}" is revoked, and stays so. Make a new one.`);
        const createdAt = now();
        const endsAt = new Date(clock().getTime() + overlapSeconds * 1000).toISOString();
        const inForce = before.secrets.filter(({ expiresAt }) => overlapSeconds > 0 && (expiresAt === undefined || expiresAt > createdAt));
        const overlapping = inForce.slice(1 - mostSecrets).map((secret) => ({
          ...secret,
          expiresAt: secret.expiresAt !== undefined && secret.expiresAt < endsAt ? secret.expiresAt : endsAt,
        }));
        const after = { ...before, secrets: [...overlapping, { hash, createdAt }] };
        const to = overlapping.length === 0 ? 'a new secret' : `a new secret; the earlier ones until ${endsAt}`;
        return { record: after, write: (put) => change({ action: 'token.rotate', target: id, to }, put) };
      });
      return { token: await view(record), text };
    },

    async revoke(id, change, expected) {
      const record = await replace(id, expected, (before) =>
        before.revokedAt === undefined
          ? {
              record: { ...before, revokedAt: now() },
              write: (put) => change({ action: 'token.revoke', target: id, from: summary(before), to: 'revoked' }, put),
            }
          : undefined,
      );
      return view(record);
    },
  };
}

/** For the audit log. */
export function summary({ name, role, repositories, expiresAt }: TokenRecord): string {
  return `${name}: ${role} of ${repositories.join(', ')}${expiresAt === undefined ? '' : ` until ${expiresAt}`}`;
}
