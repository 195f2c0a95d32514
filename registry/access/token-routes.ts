import type { Request, Response } from 'express';
import { parseValue, routePath, routes } from '../../core/index.ts';
import type { AddRoute } from '../add-route.ts';
import { readPage } from '../pages.ts';
import { untilClosed } from '../streaming.ts';
import { changeOf, principalOf } from './request-context.ts';
import type { Tokens } from './tokens.ts';

/** The routes by which tokens are made and ended, and by which a token's holder sees what it may do. */
export function addTokenRoutes(on: AddRoute, tokens: Tokens): void {
  on(routes.showIdentity, async (_request, response) => {
    response.json(principalOf(response));
  });

  on(routes.createToken, async (request, response) => {
    const wanted = parseValue(routes.createToken.body, request.body, 'The request body', 'REQUEST_INVALID');
    const issued = await tokens.create(wanted, principalOf(response).name, changeOf(response));
    issue(response)
      .location(routePath(routes.showToken.path, { token: issued.token.id }))
      .json(issued);
  });

  on(routes.listTokens, async (request, response) => {
    const signal = untilClosed(response);
    response.json(
      await readPage(
        request,
        (after) => tokens.list({ ...after, signal }),
        ({ id }) => id,
      ),
    );
  });

  on(routes.showToken, async (request, response) => {
    response.json(await tokens.show(tokenOf(request), untilClosed(response)));
  });

  on(routes.rotateToken, async (request, response) => {
    const { overlapSeconds } = parseValue(routes.rotateToken.body, request.body, 'The request body', 'REQUEST_INVALID');
    issue(response).json(await tokens.rotate(tokenOf(request), overlapSeconds, changeOf(response)));
  });

  on(routes.revokeToken, async (request, response) => {
    response.json(await tokens.revoke(tokenOf(request), changeOf(response)));
  });
}

/** An answer with a secret stays nowhere on its way. */
function issue(response: Response): Response {
  return response.set('Cache-Control', 'no-store');
}

function tokenOf(request: Request): string {
  const { token } = request.params;
  return typeof token === 'string' ? token : '';
}
