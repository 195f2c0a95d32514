import type * as z from 'zod/mini';
import type { AuditEntryView, AuditVerification } from '../core/audit.ts';
import { routePath, routes } from '../core/contract.ts';
import type { CreateToken, Identity, IssuedToken, TokenView } from '../core/tokens.ts';

type Call = <T>(
  schema: z.ZodMiniType<T>,
  path: string,
  request?: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string; readonly endless?: boolean },
) => Promise<T>;
type Pages = <T>(schema: z.ZodMiniType<{ items: T[]; next?: string | undefined }>, path: string) => AsyncGenerator<T>;

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

export function createAccessApi(call: Call, pages: Pages): AccessApi {
  const json = (body: unknown) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return {
    identity: () => call(routes.showIdentity.answer, routes.showIdentity.path),
    createToken: (request) => call(routes.createToken.answer, routes.createToken.path, json(request)),
    tokens: () => pages(routes.listTokens.answer, routes.listTokens.path),
    token: (token) => call(routes.showToken.answer, routePath(routes.showToken.path, { token })),
    rotateToken: (token, overlapSeconds) =>
      call(routes.rotateToken.answer, routePath(routes.rotateToken.path, { token }), json({ overlapSeconds })),
    revokeToken: (token) => call(routes.revokeToken.answer, routePath(routes.revokeToken.path, { token }), { method: 'DELETE' }),
    auditEntries: () => pages(routes.listAudit.answer, routes.listAudit.path),
    verifyAudit(head) {
      const query = head === undefined ? '' : `?head=${encodeURIComponent(head)}`;
      // Endless: how long it takes depends on the length of the log.
      return call(routes.verifyAudit.answer, `${routes.verifyAudit.path}${query}`, { endless: true });
    },
  };
}
