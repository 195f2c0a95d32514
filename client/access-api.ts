import type { AuditEntryView, AuditVerification } from '../core/audit.ts';
import { routePath, routes } from '../core/contract.ts';
import type { CreateToken, Identity, IssuedToken, TokenView } from '../core/tokens.ts';
import type { RegistryApi } from './registry-api.ts';

/** Tokens and the audit log of a registry. */
export type AccessApi = {
  identity(): Promise<Identity>;
  createToken(request: CreateToken): Promise<IssuedToken>;
  tokens(): AsyncGenerator<TokenView>;
  token(id: string): Promise<TokenView>;
  rotateToken(id: string, overlapSeconds: number): Promise<IssuedToken>;
  revokeToken(id: string): Promise<TokenView>;
  /** Newest first. */
  auditEntries(): AsyncGenerator<AuditEntryView>;
  /** @param head `NUMBER:DIGEST` that was kept elsewhere */
  verifyAudit(head: string | undefined): Promise<AuditVerification>;
};

export function createAccessApi({ call, create, pages }: Pick<RegistryApi, 'call' | 'create' | 'pages'>): AccessApi {
  return {
    identity: () => call(routes.showIdentity.answer, routes.showIdentity.path),
    createToken: (body) => create(routes.createToken, { body }),
    tokens: () => pages(routes.listTokens.answer, routes.listTokens.path),
    token: (token) => call(routes.showToken.answer, routePath(routes.showToken.path, { token })),
    rotateToken: (token, overlapSeconds) => create(routes.rotateToken, { parameters: { token }, body: { overlapSeconds } }),
    revokeToken: (token) => call(routes.revokeToken.answer, routePath(routes.revokeToken.path, { token }), { method: 'DELETE' }),
    auditEntries: () => pages(routes.listAudit.answer, routes.listAudit.path),
    verifyAudit(head) {
      const query = head === undefined ? '' : `?head=${encodeURIComponent(head)}`;
      // Endless: how long it takes depends on the length of the log.
      return call(routes.verifyAudit.answer, `${routes.verifyAudit.path}${query}`, { endless: true });
    },
  };
}
