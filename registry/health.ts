import { Router } from 'express';
import { type BlobReader, DynDataError, digestOf } from '../core/index.ts';
import type { Metrics } from './metrics.ts';
import { untilClosed } from './streaming.ts';

const readinessTimeoutMs = 5_000;

export type HealthOptions = {
  readonly blobs: BlobReader;
  /** What must answer besides the storage. */
  readonly checks?: readonly (() => Promise<void>)[];
  readonly metrics?: Metrics;
  readonly version: string;
};

/** Whether the process lives, whether what it needs answers, and its metrics. */
export function createHealthRouter({ blobs, checks = [], metrics, version }: HealthOptions): Router {
  const router = Router({ caseSensitive: true });
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok', version });
  });
  router.get('/readyz', async (_request, response) => {
    // Any question that the store must answer will do.
    const signal = AbortSignal.any([untilClosed(response), AbortSignal.timeout(readinessTimeoutMs)]);
    await blobs.stat(digestOf(''), signal).catch((error: unknown) => {
      if (!signal.aborted || response.destroyed) throw error;
      const message = `The storage did not answer within ${readinessTimeoutMs / 1000} s. Check that it runs.`;
      throw new DynDataError('STORAGE_UNREACHABLE', message, { cause: error });
    });
    for (const check of checks) await check();
    response.json({ status: 'ready', version });
  });
  router.get('/metrics', async (_request, response) => {
    if (!metrics) throw new DynDataError('NOT_FOUND', 'This registry gives no metrics.');
    const { contentType, text } = await metrics.expose();
    response.set('Content-Type', contentType).send(text);
  });
  return router;
}
