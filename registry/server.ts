import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import express from 'express';
import type { Logger } from 'pino';
import {
  type BlobReader,
  type Catalog,
  DynDataError,
  type JobQueue,
  type PolicyTools,
  type Schedules,
  type Uploads,
} from '../core/index.ts';
import type { OpenPush, RequestKeys } from '../storage/index.ts';
import type { Access } from './access/access.ts';
import { createAuditedCatalog } from './access/audited-catalog.ts';
import { authentication } from './access/authentication.ts';
import { ociAuthorization, ociVersion } from './access/oci-authorization.ts';
import { changeOf } from './access/request-context.ts';
import { createApiRouter, type EnvironmentView } from './api.ts';
import { createCreations } from './creations.ts';
import { entrance, metricsAuthorization, requestTimeoutMs } from './entrance.ts';
import { createHealthRouter } from './health.ts';
import { closeWithin, listenOn } from './listening.ts';
import { requireLoopback } from './loopback.ts';
import type { Metrics } from './metrics.ts';
import { createOciRouter } from './oci/index.ts';
import { ociErrorHandler } from './oci-errors.ts';
import { openApiDocument } from './openapi.ts';
import type { OperatorPorts } from './operator-routes.ts';
import { problemHandler, routeNotFound } from './problems.ts';
import { limitConnections, requestWithin } from './slow-clients.ts';
import type { Certificate } from './tls.ts';

const defaultHeartbeatMs = 15_000;
const defaultBodyStallTimeoutMs = 60_000;

export type RegistryOptions = {
  readonly blobs: BlobReader;
  readonly catalog: Catalog;
  readonly uploads: Uploads;
  readonly openPush: OpenPush;
  readonly jobs: JobQueue;
  readonly environments: readonly EnvironmentView[];
  readonly access: Access;
  readonly policyTools?: PolicyTools;
  /** Where it is given, the service speaks TLS only. */
  readonly certificate?: Certificate;
  readonly schedules?: Schedules;
  readonly metrics?: Metrics;
  /** What must answer besides the storage. */
  readonly checks?: readonly (() => Promise<void>)[];
  readonly operators: OperatorPorts;
  readonly requestKeys: RequestKeys;
  readonly logger: Logger;
  readonly version: string;
  readonly newId: () => string;
  readonly heartbeatMs?: number;
  /** How long one who pushes may send nothing of a body that was begun. */
  readonly bodyStallTimeoutMs?: number;
  /** Within which a request without a large body must have come. */
  readonly requestTimeoutMs?: number;
};

export type Registry = {
  readonly server: Server;
  /** The base URL it is reached at; port 0 takes a free one. @throws CONFIG_INVALID where the address cannot be had, or is not a loopback address and no token is asked for. */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
  /** For new connections, of a service that speaks TLS. */
  renewCertificate(certificate: Certificate): void;
  /** Takes no more requests, ends event streams at once and cuts what else is not done after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
};

/** The registry's HTTP service: the API, the OCI endpoint, and whether it lives and is ready. */
export function createRegistry(options: RegistryOptions): Registry {
  const { blobs, catalog, uploads, openPush, operators, requestKeys, jobs, environments, access, logger, metrics, version } = options;
  const bodyStallTimeoutMs = options.bodyStallTimeoutMs ?? defaultBodyStallTimeoutMs;
  const { guard, audit } = access;
  const closing = new AbortController();
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', 'strong');
  app.enable('case sensitive routing');
  app.set('query parser', 'simple');

  const smallRequestMs = options.requestTimeoutMs ?? requestTimeoutMs;
  app.use(entrance({ access, logger, newId: options.newId, requestTimeoutMs: smallRequestMs }));
  if (metrics) app.use(metrics.observeRequests);
  app.use('/metrics', metricsAuthorization(access));
  app.use(createHealthRouter(options));
  app.get('/openapi.json', (_request, response) => {
    response.json(openApiDocument(version));
  });
  const { policyTools } = options;
  // Nothing of the store is in it, and editors ask without a token.
  if (policyTools)
    app.get('/policy.schema.json', (_request, response) => {
      response.type('application/schema+json').json(policyTools.schema());
    });
  app.use(
    '/v2',
    ociVersion,
    authentication({ ...guard, audit, challenge: 'Basic' }),
    createOciRouter({
      blobs,
      catalog,
      uploads,
      openPush,
      changing: (response) => createAuditedCatalog(catalog, changeOf(response)),
      takingBack: (response) => createAuditedCatalog(operators.catalog, changeOf(response)),
      guard: ociAuthorization,
      bodyStallTimeoutMs,
    }),
  );
  app.use('/v2', ociErrorHandler(logger));
  app.use(requestWithin(smallRequestMs));
  app.use('/api', authentication({ ...guard, audit, challenge: 'Bearer' }));
  const creations = createCreations({ keys: requestKeys, clock: operators.clock, newId: options.newId });
  const heartbeatMs = options.heartbeatMs ?? defaultHeartbeatMs;
  const optional = {
    ...(policyTools === undefined ? {} : { policyTools }),
    ...(options.schedules === undefined ? {} : { schedules: options.schedules }),
  };
  app.use(
    createApiRouter({ catalog, jobs, operators, creations, environments, access, ...optional, heartbeatMs, closing: closing.signal }),
  );
  app.use(routeNotFound);
  app.use(problemHandler(logger));

  const server = options.certificate ? createTlsServer(options.certificate, app) : createServer(app);
  limitConnections(server);
  // An expectation that is none of ours may be left unheeded; the framework's answer to it would be no problem document.
  server.on('checkExpectation', app);

  return {
    server,
    async listen(address) {
      if (!guard) requireLoopback(address.host);
      return listenOn(server, address, options.certificate ? 'https' : 'http');
    },
    renewCertificate(certificate) {
      if ('setSecureContext' in server) server.setSecureContext(certificate);
    },
    async close(timeoutMs) {
      closing.abort(new DynDataError('CANCELLED', 'The registry is being stopped.'));
      await closeWithin(server, timeoutMs);
    },
  };
}
