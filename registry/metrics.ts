import type { RequestHandler } from 'express';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type Job, type JobQueue, jobKinds, jobStates, routes } from '../core/index.ts';

const jobSeconds = [1, 10, 60, 300, 900, 1800, 3600, 7200, 14_400, 43_200];
const requestSeconds = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600];

export type Metrics = {
  /** Jobs are counted when the metrics are asked for; left out where this process only works. */
  countJobsOf(jobs: Pick<JobQueue, 'counts'>): void;
  /** Text of the exposition format. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Counts requests and their times, by route and never by what stands in its place. */
  readonly observeRequests: RequestHandler;
  jobEnded(job: Job): void;
  scheduleRan(schedule: string, lagMs: number): void;
  slotMissed(schedule: string): void;
  webhookTried(webhook: string, isDelivered: boolean): void;
  blobDamaged(): void;
};

/**
 * What Prometheus may read. Labels have few values: kinds, states, routes, and names of the configuration.
 */
export function createMetrics({ version }: { readonly version: string }): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  new Gauge({ name: 'dyn_data_info', help: 'The version that runs.', labelNames: ['version'], registers }).set({ version }, 1);
  const durations = new Histogram({
    name: 'dyn_data_job_duration_seconds',
    help: 'Time from the start of the last attempt to the end of jobs that ended here.',
    labelNames: ['kind', 'state'],
    buckets: jobSeconds,
    registers,
  });
  const rows = new Counter({
    name: 'dyn_data_build_rows_total',
    help: 'Rows read by builds that succeeded here.',
    labelNames: ['environment'],
    registers,
  });
  const bytes = new Counter({
    name: 'dyn_data_build_bytes_total',
    help: 'Bytes written, before compression, by builds that succeeded here.',
    labelNames: ['environment'],
    registers,
  });
  const lag = new Gauge({
    name: 'dyn_data_schedule_lag_seconds',
    help: 'How long after its time the last slot got its job.',
    labelNames: ['schedule'],
    registers,
  });
  const missed = new Counter({
    name: 'dyn_data_schedule_missed_total',
    help: 'Slots that got no job in time.',
    labelNames: ['schedule'],
    registers,
  });
  const deliveries = new Counter({
    name: 'dyn_data_webhook_deliveries_total',
    help: 'Tries to deliver something to a webhook.',
    labelNames: ['webhook', 'outcome'],
    registers,
  });
  const damaged = new Counter({
    name: 'dyn_data_damaged_blob_reads_total',
    help: 'Blobs that were read for a client and found damaged.',
    registers,
  });
  const requests = new Counter({
    name: 'dyn_data_http_requests_total',
    help: 'Requests.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const requestTimes = new Histogram({
    name: 'dyn_data_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer.',
    labelNames: ['method', 'route'],
    buckets: requestSeconds,
    registers,
  });

  return {
    countJobsOf(jobs) {
      new Gauge({
        name: 'dyn_data_jobs',
        help: 'Jobs that are remembered, by kind and state.',
        labelNames: ['kind', 'state'],
        registers,
        async collect() {
          // A queue that is out of reach must not take the other metrics with it.
          const counts = await jobs.counts().catch(() => undefined);
          if (!counts) return this.reset();
          for (const kind of jobKinds) for (const state of jobStates) this.set({ kind, state }, 0);
          for (const { kind, state, count } of counts) this.set({ kind, state }, count);
        },
      });
    },
    async expose() {
      return { contentType: register.contentType, text: await register.metrics() };
    },
    observeRequests(request, response, next) {
      const startedAt = performance.now();
      const { method, path } = request;
      response.once('close', () => {
        const labels = { method: knownMethods.has(method) ? method : 'other', route: routeOf(path) };
        requests.inc({ ...labels, status: String(response.statusCode) });
        requestTimes.observe(labels, (performance.now() - startedAt) / 1000);
      });
      next();
    },
    jobEnded({ kind, state, environment = '', startedAt, endedAt, progress }) {
      if (startedAt && endedAt) durations.observe({ kind, state }, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
      if (kind !== 'build' || state !== 'succeeded' || !progress) return;
      rows.inc({ environment }, progress.rowsDone);
      bytes.inc({ environment }, progress.bytesDone);
    },
    scheduleRan: (schedule, lagMs) => lag.set({ schedule }, lagMs / 1000),
    slotMissed: (schedule) => missed.inc({ schedule }),
    webhookTried: (webhook, isDelivered) => deliveries.inc({ webhook, outcome: isDelivered ? 'delivered' : 'failed' }),
    blobDamaged: () => damaged.inc(),
  };
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const ociRoutes: readonly (readonly [RegExp, string])[] = [
  [/^\/v2\/?$/, '/v2/'],
  [/^\/v2\/.+\/(blobs\/uploads)(?:\/|$)/, '/v2/{name}/blobs/uploads'],
  [/^\/v2\/.+\/(manifests|blobs|tags|referrers)\/[^/]+$/, '/v2/{name}/$1'],
];
const apiRoutes = [...new Set(Object.values(routes).map(({ path }) => path))].map(
  (path) => [new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`), path] as const,
);
const ownRoutes = new Set(['/healthz', '/readyz', '/metrics', '/openapi.json', '/policy.schema.json']);

/** The route that a path belongs to, `other` for any that is none. */
function routeOf(path: string): string {
  if (ownRoutes.has(path)) return path;
  const api = apiRoutes.find(([pattern]) => pattern.test(path));
  if (api) return api[1];
  for (const [pattern, name] of ociRoutes) {
    const match = pattern.exec(path);
    if (match) return name.replace('$1', match[1] ?? '');
  }
  return 'other';
}
