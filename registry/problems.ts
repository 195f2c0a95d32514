import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { DynDataError, problemOf, toDynDataError } from '../core/index.ts';
import { contextOf } from './access/request-context.ts';
import { errorFields } from './log.ts';

/** Answers with the error as `application/problem+json`. */
export function sendProblem(response: Response, error: DynDataError): void {
  response.status(error.httpStatus).setHeader('Content-Type', 'application/problem+json');
  // Not through the framework, which would give the error an ETag.
  response.end(JSON.stringify(problemOf(error)));
}

export const routeNotFound: RequestHandler = (request) => {
  throw new DynDataError('NOT_FOUND', `There is nothing at ${request.method} ${request.path}. See the registry's API: /api/v1 and /v2/.`);
};

/** Any thrown value as one of ours; what the web framework throws for a bad request is the request's fault, not ours. */
export function requestError(error: unknown): DynDataError {
  if (error instanceof DynDataError) return error;
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 0;
  if (status === 413) return new DynDataError('REQUEST_TOO_LARGE', 'The request body is too large. Send less.', { cause: error });
  if (status >= 400 && status < 500) {
    const message =
      'The request cannot be read: its address or its body is malformed. Send valid UTF-8 JSON to a properly encoded address.';
    return new DynDataError('REQUEST_INVALID', message, { cause: error });
  }
  return toDynDataError(error);
}

/**
 * Writes an error that is ours or a system's to the log. One that comes after the answer has begun can only cut the connection, which
 * tells the client that what it got is not whole.
 */
export function reportError(response: Response, error: DynDataError, logger: Logger): 'answer' | 'done' {
  const isClientGone = response.destroyed && error.code === 'CANCELLED';
  if (error.httpStatus >= 500 && !isClientGone) {
    logger.error({ requestId: contextOf(response).requestId, error: errorFields(error) }, 'request failed');
  }
  if (!response.headersSent && !response.destroyed) return 'answer';
  response.destroy();
  return 'done';
}

export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, _request, response, _next) => {
    const error = requestError(thrown);
    if (reportError(response, error, logger) === 'answer') sendProblem(response, error);
  };
}
