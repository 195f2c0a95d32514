import { json, type Request, type RequestHandler, type Response, type Router } from 'express';
import { type CreatingRoute, DynDataError, type Route } from '../core/index.ts';
import type { Authorization } from './access/authorization.ts';
import { principalOf } from './access/request-context.ts';
import type { CreationHandler, Creations } from './creations.ts';

const largestBody = '64kb';

export type RouteHandler = (request: Request, response: Response) => Promise<void>;
/** Adds a route of the contract; its handler is reached only by who may use it. */
export type AddRoute = (route: Route & { readonly creates?: 'nothing' }, handler: RouteHandler) => void;
/** The same for one that creates something; its handler gives the answer and does not send it. */
export type AddCreatingRoute = (route: CreatingRoute, handler: CreationHandler) => void;

export type RouteAdder = {
  readonly on: AddRoute;
  readonly onCreate: AddCreatingRoute;
  /** To be called behind the last route: what asks for a known address in another way is told which ways there are. */
  refuseOtherMethods(): void;
};

export function createRouteAdder(router: Router, authorization: Authorization, creations: Creations): RouteAdder {
  const readBody = json({ limit: largestBody, type: 'application/json' });
  const methods = new Map<string, Set<string>>();

  const add = (route: Route, handler: RouteHandler): void => {
    const path = route.path.replace(/\{(\w+)\}/g, ':$1');
    const known = methods.get(path) ?? new Set();
    methods.set(path, known.add(route.method));
    const mayAsk: RequestHandler = (_request, response, next) => {
      authorization.requireRole(route, principalOf(response));
      next();
    };
    router[route.method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'](
      path,
      mayAsk,
      ...(route.body ? [jsonOnly, readBody] : []),
      async (request: Request, response: Response) => {
        await authorization.requireRepository(route, principalOf(response), request);
        refuseOtherConditions(route, request);
        response.status(route.status);
        await handler(request, response);
      },
    );
  };

  return {
    on: add,

    onCreate(route, handler) {
      add(route, async (request, response) => {
        const { location, body } = await creations.answer(route, request, response, handler);
        if (location !== undefined) response.location(location);
        // An answer with a secret stays nowhere on its way.
        if (route.creates === 'secret') response.set('Cache-Control', 'no-store');
        response.json(body);
      });
    },

    refuseOtherMethods() {
      for (const [path, known] of methods) {
        router.all(path, (request, response) => {
          const allowed = [...known, ...(known.has('GET') ? ['HEAD'] : [])].sort().join(', ');
          response.set('Allow', allowed);
          throw new DynDataError('METHOD_NOT_ALLOWED', `${request.method} is nothing that can be done here. What can: ${allowed}.`);
        });
      }
    },
  };
}

/** A change whose condition nobody looks at would be made whatever there is. */
function refuseOtherConditions({ method, conditions = [] }: Route, request: Request): void {
  if (method === 'GET') return;
  for (const name of ['If-Match', 'If-None-Match'] as const) {
    if (request.get(name) === undefined || conditions.includes(name)) continue;
    throw new DynDataError('REQUEST_INVALID', `This request takes no ${name}, so its condition would not be kept. Send it without.`);
  }
}

const jsonOnly: RequestHandler = (request, _response, next) => {
  if (!request.is('application/json'))
    throw new DynDataError('MEDIA_TYPE_UNSUPPORTED', 'A JSON body is expected. Send it with Content-Type: application/json.');
  next();
};
