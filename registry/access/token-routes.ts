import type { Request } from 'express';
import { DynDataError, parseValue, routePath, routes, tokenIdFrom, tokenVersion } from '../../core/index.ts';
import type { RouteAdder } from '../add-route.ts';
import { asPrecondition, entityTag, expectedVersion } from '../conditions.ts';
import { readPage } from '../pages.ts';
import { untilClosed } from '../streaming.ts';
import { changeOf, principalOf } from './request-context.ts';
import type { Tokens } from './tokens.ts';

/** The routes by which tokens are made and ended, and by which a token's holder sees what it may do. */
export function addTokenRoutes({ on, onCreate }: RouteAdder, tokens: Tokens): void {
  on(routes.showIdentity, async (_request, response) => {
    response.json(principalOf(response));
  });

  onCreate(routes.createToken, async (request, response, creation) => {
    const wanted = parseValue(routes.createToken.body, request.body, 'The request body', 'REQUEST_INVALID');
    const id = tokenIdFrom(creation.id);
    if (creation.isRepeated && (await tokens.has(id))) throw issuedBefore(id);
    const issued = await tokens.create(wanted, { id, by: principalOf(response).name, change: changeOf(response) });
    return { location: routePath(routes.showToken.path, { token: issued.token.id }), body: issued };
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
    const view = await tokens.show(tokenOf(request), untilClosed(response));
    response.set('ETag', entityTag(tokenVersion(view), view)).json(view);
  });

  onCreate(routes.rotateToken, async (request, response, { isRepeated }) => {
    // Whether the earlier request came to its end is not known: what it made is told by the token's own view.
    if (isRepeated) throw issuedBefore(tokenOf(request));
    const { overlapSeconds } = parseValue(routes.rotateToken.body, request.body, 'The request body', 'REQUEST_INVALID');
    const expected = expectedVersion(request, 'token');
    const rotated = tokens.rotate(tokenOf(request), overlapSeconds, changeOf(response), expected);
    return { body: await rotated.catch(asPrecondition(expected, 'token')) };
  });

  on(routes.revokeToken, async (request, response) => {
    const expected = expectedVersion(request, 'token');
    response.json(await tokens.revoke(tokenOf(request), changeOf(response), expected).catch(asPrecondition(expected, 'token')));
  });
}

/** A text is given once. Whoever did not get it needs another one. */
function issuedBefore(id: string): DynDataError {
  return new DynDataError(
    'TOKEN_ALREADY_ISSUED',
    `The request was sent before with this key, for the token ${id}. Its text was in that answer and is kept nowhere. If the answer was lost, make a new text: dyn-data token rotate ${id}; or end the token: dyn-data token revoke ${id}.`,
  );
}

function tokenOf(request: Request): string {
  const { token } = request.params;
  return typeof token === 'string' ? token : '';
}
