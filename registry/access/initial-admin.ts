import type { Logger } from 'pino';
import { type AuditLog, DynDataError, everyRepository, type TokenRecord, type TokenStore, tokenHash, tokenIdOf } from '../../core/index.ts';
import { createChange } from './change.ts';
import { summary } from './tokens.ts';

export type InitialAdminOptions = {
  readonly store: TokenStore;
  readonly audit: AuditLog;
  readonly clock: () => Date;
  readonly logger: Logger;
};

/**
 * Stores the configured admin's token, the first time it is met. From then on it is a token like any other: whoever revokes or rotates it
 * has done so for good, whatever the configuration still says. Without one, the store must hold an admin's token already.
 * @throws DynDataError CONFIG_INVALID where nobody could ever get in, or the text is no token.
 */
export async function ensureAdmin(text: string | undefined, options: InitialAdminOptions): Promise<void> {
  if (text === undefined) {
    if (await hasAdmin(options.store, options.clock())) return;
    const message =
      'access is configured, but there is no token of an admin, so nobody could get in. Make one with `dyn-data token generate`, put it into a file, name that in access.initialAdmin, and start the registry again.';
    throw new DynDataError('CONFIG_INVALID', message);
  }
  const id = tokenIdOf(text);
  if (id === undefined) {
    const message =
      'What access.initialAdmin names holds no whole token. Make one with `dyn-data token generate` and put exactly what it prints there.';
    throw new DynDataError('CONFIG_INVALID', message);
  }
  const found = await options.store.get(id);
  if (!found) await storeAdmin(id, text, options);
  else if (found.record.revokedAt !== undefined)
    options.logger.warn({ tokenId: id }, 'the initial admin token is revoked and opens nothing');
  else if (!found.record.secrets.some(({ hash }) => hash === tokenHash(text))) {
    options.logger.warn({ tokenId: id }, 'the initial admin token has got another secret since; the configured one opens nothing');
  }
}

async function storeAdmin(id: string, text: string, { store, audit, clock }: InitialAdminOptions): Promise<void> {
  const createdAt = clock().toISOString();
  const record: TokenRecord = {
    version: 1,
    id,
    name: 'initial admin',
    role: 'admin',
    repositories: [everyRepository],
    createdAt,
    createdBy: 'configuration',
    secrets: [{ hash: tokenHash(text), createdAt }],
  };
  const change = createChange(audit, { actor: { kind: 'registry', name: 'registry' } });
  try {
    await change({ action: 'token.create', target: id, to: summary(record) }, () => store.create(record));
  } catch (error) {
    // Another replica that started at the same time has stored it.
    if (!(error instanceof DynDataError && error.code === 'CONFLICT' && (await store.get(id)))) throw error;
  }
}

async function hasAdmin(store: TokenStore, now: Date): Promise<boolean> {
  for await (const { role, repositories, revokedAt, expiresAt } of store.list()) {
    const isInForce = revokedAt === undefined && (expiresAt === undefined || new Date(expiresAt) > now);
    if (role === 'admin' && repositories.includes(everyRepository) && isInForce) return true;
  }
  return false;
}
