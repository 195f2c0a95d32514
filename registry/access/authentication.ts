import type { RequestHandler, Response } from 'express';
import { type AuditLog, DynDataError, everyRepository } from '../../core/index.ts';
import type { Authenticator } from './authenticator.ts';
import { createChange } from './change.ts';
import { addressKey } from './client-address.ts';
import { tokenOfAuthorization } from './credentials.ts';
import type { RequestRate } from './limits.ts';
import { actorOf, contextOf, type Principal } from './request-context.ts';

export type AuthenticationOptions = {
  /** Absent where the registry asks for no token: everybody who reaches it is its admin. */
  readonly authenticate?: Authenticator;
  readonly rate?: RequestRate;
  readonly audit: AuditLog;
  /**
   * What a client is told to answer a refusal with. `Basic` makes docker, crane, skopeo, oras and containerd send the user's token as the
   * password with every request; a token service (`Bearer` with a realm) would hand out tickets that outlive a revocation.
   */
  readonly challenge: 'Basic' | 'Bearer';
};

const local: Principal = { kind: 'local', name: 'local', role: 'admin', repositories: [everyRepository] };

/** Lets a request on only if it is known who asks. @throws UNAUTHENTICATED, TOO_MANY_REQUESTS, and what the token store throws. */
export function authentication({ authenticate, rate, audit, challenge }: AuthenticationOptions): RequestHandler {
  const enter = (response: Response, principal: Principal): void => {
    const context = contextOf(response);
    const { address, requestId } = context;
    context.principal = principal;
    context.change = createChange(audit, { actor: actorOf(principal), address, requestId });
  };
  const countRequest = (response: Response, key: string): void => {
    const waitMs = rate?.takeMs(key) ?? 0;
    if (waitMs > 0) throw tooMany(response, waitMs, 'More requests come from here than the registry allows.');
  };
  const refuse = (response: Response, message: string): never => {
    response.set('WWW-Authenticate', `${challenge} realm="dyn-data"${challenge === 'Basic' ? ', charset="UTF-8"' : ''}`);
    throw new DynDataError('UNAUTHENTICATED', message);
  };

  return async (request, response, next) => {
    if (!authenticate) {
      enter(response, local);
      next();
      return;
    }
    const { address } = contextOf(response);
    const text = tokenOfAuthorization(request.headers.authorization);
    if (text === undefined) {
      countRequest(response, `address ${addressKey(address)}`);
      refuse(response, 'The registry asks for a token. Log in with `dyn-data login`, or `docker login` with the token as the password.');
      return;
    }
    const known = await authenticate(text, address);
    if ('waitMs' in known) throw tooMany(response, known.waitMs, 'Too many tokens that are not valid came from here, or with this id.');
    if ('refused' in known) {
      countRequest(response, `address ${addressKey(address)}`);
      refuse(response, known.refused);
      return;
    }
    countRequest(response, `token ${known.principal.id}`);
    enter(response, known.principal);
    next();
  };
}

function tooMany(response: Response, waitMs: number, what: string): DynDataError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  response.set('Retry-After', String(seconds));
  return new DynDataError('TOO_MANY_REQUESTS', `${what} Try again in ${seconds} s.`);
}
