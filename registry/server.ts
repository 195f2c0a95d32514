import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { type BlobReader, type Catalog, DynDataError, digestOf, type JobQueue, type PolicyTools } from '../core/index.ts';
import { createApiRouter, type EnvironmentView } from './api.ts';
import { loopbackOnly, requireLoopback } from './loopback.ts';
import { createOciRouter } from './oci.ts';
import type { OperatorPorts } from './operator-routes.ts';
import { problemHandler, routeNotFound } from './problems.ts';
import { untilClosed } from './streaming.ts';

const defaultHeartbeatMs = 15_000;
const readinessTimeoutMs = 5_000;

export type RegistryOptions = {
  readonly blobs: BlobReader;
  readonly catalog: Catalog;
  readonly jobs: JobQueue;
  readonly environments: readonly EnvironmentView[];
  readonly policyTools?: PolicyTools;
  readonly operators?: OperatorPorts;
  readonly logger: Logger;
  readonly version: string;
  readonly newId: () => string;
  readonly heartbeatMs?: number;
};

export type Registry = {
  readonly server: Server;
  /** The base URL it is reached at; port 0 takes a free one. @throws CONFIG_INVALID where the address cannot be had, or is not a loopback address. */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
  /** Takes no more requests, ends event streams at once and cuts what else is not done after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
};

/** The registry's HTTP service: the API, the OCI endpoint, and whether it lives and is ready. */
export function createRegistry(options: RegistryOptions): Registry {
  const { blobs, catalog, jobs, environments, logger, version } = options;
  const closing = new AbortController();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', 'simple');

  app.use(requestLog(logger, options.newId), loopbackOnly);
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok', version });
  });
  app.get('/readyz', async (_request, response) => {
    // Any question that the store must answer will do.
    const signal = AbortSignal.any([untilClosed(response), AbortSignal.timeout(readinessTimeoutMs)]);
    await blobs.stat(digestOf(''), signal).catch((error: unknown) => {
      if (!signal.aborted || response.destroyed) throw error;
      const message = `The storage did not answer within ${readinessTimeoutMs / 1000} s. Check that it runs.`;
      throw new DynDataError('STORAGE_UNREACHABLE', message, { cause: error });
    });
    response.json({ status: 'ready', version });
  });
  app.use('/v2', createOciRouter({ blobs, catalog, logger }));
  const heartbeatMs = options.heartbeatMs ?? defaultHeartbeatMs;
  const policyTools = options.policyTools === undefined ? {} : { policyTools: options.policyTools };
  const operators = options.operators === undefined ? {} : { operators: options.operators };
  app.use(createApiRouter({ catalog, jobs, environments, ...policyTools, ...operators, heartbeatMs, closing: closing.signal }));
  app.use(routeNotFound);
  app.use(problemHandler(logger));

  const server = createServer(app);

  return {
    server,
    async listen({ host, port }) {
      requireLoopback(host);
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) => reject(listenError(error, host, port)));
        server.listen({ host, port }, resolve);
      });
      server.removeAllListeners('error');
      const bound = server.address() as AddressInfo;
      return `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
    },
    async close(timeoutMs) {
      closing.abort(new DynDataError('CANCELLED', 'The registry is being stopped.'));
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Gives every request an id, tells it to the client and writes one line when the answer has ended. */
function requestLog(logger: Logger, newId: () => string): RequestHandler {
  return (request, response, next) => {
    const requestId = newId();
    const startedAt = performance.now();
    // Routers change it on their way.
    const path = request.path;
    response.locals.requestId = requestId;
    response.set({ 'X-Request-Id': requestId, 'X-Content-Type-Options': 'nosniff' });
    response.once('close', () => {
      const durationMs = Math.round(performance.now() - startedAt);
      const isWhole = response.writableFinished;
      logger.info({ requestId, method: request.method, path, status: response.statusCode, durationMs, isWhole }, 'request');
    });
    next();
  };
}

function listenError(error: Error, host: string, port: number): DynDataError {
  const code = 'code' in error ? String(error.code) : '';
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${port} of ${host} is in use by another program. Stop that program, or set listen.port to another port.`,
    EACCES: `Port ${port} of ${host} may not be used by this user. Set listen.port to one above 1023.`,
    EADDRNOTAVAIL: `${host} is no address of this machine. Correct listen.host.`,
  };
  return new DynDataError(
    'CONFIG_INVALID',
    reasons[code] ?? `Cannot listen on port ${port} of ${host} (${code}). Correct listen in the configuration.`,
    {
      cause: error,
    },
  );
}
