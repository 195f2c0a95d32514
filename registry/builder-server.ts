import { createServer } from 'node:http';
import express from 'express';
import type { Logger } from 'pino';
import type { Access } from './access/access.ts';
import { entrance, metricsAuthorization, requestTimeoutMs } from './entrance.ts';
import { createHealthRouter, type HealthOptions } from './health.ts';
import { closeWithin, listenOn } from './listening.ts';
import { requireLoopback } from './loopback.ts';
import { problemHandler, routeNotFound } from './problems.ts';
import { limitConnections, requestWithin } from './slow-clients.ts';

export type BuilderServerOptions = HealthOptions & {
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly access: Pick<Access, 'guard' | 'audit' | 'readClient'>;
  readonly logger: Logger;
  readonly newId: () => string;
};

/** A builder's own small service, where an address is configured for it: its health, and for whoever has a token its metrics. */
export function openBuilder(options: BuilderServerOptions) {
  const { listen, access, logger, newId } = options;
  const app = express();
  app.disable('x-powered-by');
  app.use(entrance({ access, logger, newId, requestTimeoutMs }), requestWithin(requestTimeoutMs));
  app.use('/metrics', metricsAuthorization(access));
  app.use(createHealthRouter(options));
  app.use(routeNotFound);
  app.use(problemHandler(logger));
  const server = createServer(app);
  limitConnections(server);
  return {
    /** @throws CONFIG_INVALID where the address cannot be had, or is not a loopback address and no token is asked for. */
    async listen(): Promise<string | undefined> {
      if (!listen) return undefined;
      if (!access.guard) requireLoopback(listen.host, 'builder.listen.host');
      return listenOn(server, listen, 'http');
    },
    close: (timeoutMs: number): Promise<void> => closeWithin(server, timeoutMs),
  };
}
