import { createServer } from 'node:http';
import express from 'express';
import type { Logger } from 'pino';
import { createClientReader } from './access/client-address.ts';
import { createHealthRouter, type HealthOptions } from './health.ts';
import { closeWithin, listenOn } from './listening.ts';
import { requireLoopback } from './loopback.ts';
import { problemHandler, routeNotFound } from './problems.ts';
import { requestLog } from './server.ts';

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
    close: (timeoutMs: number): Promise<void> => closeWithin(server, timeoutMs),
  };
}
