import type { Response } from 'express';
import type { AuditActor, Role } from '../../core/index.ts';
import type { Change } from './change.ts';

/** Who asks. `local`: whoever reaches the loopback interface of a registry that asks for no token. */
export type Principal = {
  readonly kind: 'token' | 'local';
  /** Of the token. */
  readonly id?: string;
  readonly name: string;
  readonly role: Role;
  readonly repositories: readonly string[];
  readonly expiresAt?: string;
};

/** What is known of a request before anything is done for it. */
export type RequestContext = {
  readonly requestId: string;
  /** Of the client, as trusted proxies tell it. */
  readonly address: string;
  /** Whether it came over TLS, to us or to a trusted proxy. */
  readonly isSecure: boolean;
  principal?: Principal;
  /** Records a change in the audit log under the principal's name, then makes it. */
  change?: Change;
};

export function contextOf(response: Response): RequestContext {
  return response.locals.context as RequestContext;
}

/** Behind authentication only. */
export function principalOf(response: Response): Principal {
  const { principal } = contextOf(response);
  if (!principal) throw new Error('a route was reached without authentication');
  return principal;
}

/** Behind authentication only. */
export function changeOf(response: Response): Change {
  const { change } = contextOf(response);
  if (!change) throw new Error('a route was reached without authentication');
  return change;
}

export function actorOf(principal: Principal): AuditActor {
  return { kind: principal.kind, name: principal.name, ...(principal.id === undefined ? {} : { tokenId: principal.id }) };
}
