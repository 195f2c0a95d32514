import { createServer } from 'node:http';
import express from 'express';
import type { Logger } from 'pino';
import { createClientReader } from './access/client-address.ts';
import { createHealthRouter, type HealthOptions } from './health.ts';
import { requireLoopback } from './loopback.ts';
import { problemHandler, routeNotFound } from './problems.ts';
import { listenOn, requestLog } from './server.ts';

export type BuilderServerOptions = HealthOptions & {
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly logger: Logger;
  readonly newId: () => string;
};

/** A builder's own small service: its health and its metrics, where an address is configured for them. */
export function openBuilder(options: BuilderServerOptions) {
  const { listen, logger } = options;
  const app = express();
  app.disable('x-powered-by');
  app.use(requestLog({ readClient: createClientReader([]), logger, newId: options.newId }));
  app.use(createHealthRouter(options));
  app.use(routeNotFound);
  app.use(problemHandler(logger));
  const server = createServer(app);
  return {
    async listen(): Promise<string | undefined> {
      if (!listen) return undefined;
      requireLoopback(listen.host);
      return listenOn(server, listen, 'http');
    },
    async close(timeoutMs: number): Promise<void> {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
