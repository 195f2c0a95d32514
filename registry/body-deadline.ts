import type { RequestHandler } from 'express';

/** Cuts requests whose body has not come whole in time, so that nobody holds connections by sending next to nothing. */
export function bodyDeadline(timeoutMs: number): RequestHandler {
  return (request, _response, next) => {
    if (!request.complete) {
      const timer = setTimeout(() => {
        if (!request.complete) request.destroy();
      }, timeoutMs);
      request.once('close', () => clearTimeout(timer));
    }
    next();
  };
}
