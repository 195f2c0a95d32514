import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RequestHandler } from 'express';
import { DynDataError, type ErrorCode, problemOf } from '../core/index.ts';
import { sendProblem } from './problems.ts';

const headersTimeoutMs = 15_000;
const keepAliveTimeoutMs = 65_000;
const stalledTimeoutMs = 60_000;
const maxConnections = 10_000;
const maxHeaders = 100;

/**
 * Bounds what a client costs that is slow, silent or no HTTP client at all. How long an upload of gigabytes takes is no business of these
 * limits, nor how long an answer is being worked out: only that the client goes on sending, or taking.
 */
export function limitConnections(server: Server): void {
  server.headersTimeout = headersTimeoutMs;
  // Counts from the first byte to the last of a body, so it would cut large uploads; bodies are limited below and by their routes.
  server.requestTimeout = 0;
  // Longer than what proxies keep connections for, so that they close them and not we while they send.
  server.keepAliveTimeout = keepAliveTimeoutMs;
  server.maxConnections = maxConnections;
  server.maxHeadersCount = maxHeaders;

  server.on('clientError', (error: Error & { code?: string }, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const [code, message] = clientErrors[error.code ?? ''] ?? ['REQUEST_INVALID', 'This is no HTTP request that can be understood.'];
    socket.end(rawProblem(new DynDataError(code, message)));
  });

  const responses = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request, response) => responses.set(request.socket, response));
  server.setTimeout(stalledTimeoutMs, (socket) => {
    const response = responses.get(socket);
    const isSending = response !== undefined && !response.req.complete;
    const isTaking = socket.writableLength > 0;
    if (isSending || isTaking || response?.writableFinished !== false) socket.destroy();
  });
}

const clientErrors: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['REQUEST_TOO_LARGE', 'The headers of the request are too large. Send less.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'The request did not come in time. Send it again.'],
};

function rawProblem(error: DynDataError): string {
  const body = JSON.stringify(problemOf(error));
  const head = [`HTTP/1.1 ${error.httpStatus} ${error.code}`, 'Content-Type: application/problem+json', 'Connection: close'];
  return `${[...head, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`;
}

/** The whole request must have come within this time: for routes whose bodies are small or none. */
export function requestWithin(timeoutMs: number): RequestHandler {
  return (request, response, next) => {
    const timer = setTimeout(() => {
      if (request.complete || request.destroyed) return;
      if (response.headersSent) {
        request.socket.destroy();
        return;
      }
      response.set('Connection', 'close').once('finish', () => request.socket.destroy());
      sendProblem(response, new DynDataError('REQUEST_TIMEOUT', `The request did not come within ${timeoutMs / 1000} s. Send it again.`));
    }, timeoutMs);
    request.once('close', () => clearTimeout(timer));
    next();
  };
}

/** A request that is answered before its body was read may run out for this time: a client needs a moment to see that it was answered. */
export function cutUnreadBody(timeoutMs: number): RequestHandler {
  return (request, response, next) => {
    response.once('finish', () => {
      if (request.complete) return;
      const timer = setTimeout(() => request.socket.destroy(), timeoutMs);
      request.once('close', () => clearTimeout(timer));
      request.once('end', () => clearTimeout(timer));
    });
    next();
  };
}
