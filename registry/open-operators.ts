import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog, ChunkIndex, Collect, ObjectStore, RegistryConfig, Uploads } from '../core/index.ts';
import {
  createCollector,
  createGuardedCatalog,
  createPins,
  createPushGuard,
  createSweepLog,
  type OpenPush,
  openWriterStorage,
  type WriterPorts,
} from '../storage/index.ts';
import type { OperatorPorts } from './operator-routes.ts';
import { createRetention } from './retention.ts';

const hourMs = 60 * 60 * 1000;

export type OperatorOptions = {
  readonly objects: ObjectStore;
  readonly catalog: Catalog;
  readonly uploads: Pick<Uploads, 'removeAbandoned'>;
  readonly config: Pick<RegistryConfig, 'environments' | 'collector'>;
  /** The same catalog, whose changes are recorded in the builder's name. */
  readonly recorded: (catalog: Catalog) => Catalog;
  readonly clock: () => Date;
  readonly newId: () => string;
};

/**
 * Pins, retention and the collector over one store, and what keeps everybody else safe from them: a catalog for those who move tags, and
 * storage for those who write.
 */
export function openOperators({ objects, catalog: unguarded, uploads, config, recorded, clock, newId }: OperatorOptions): {
  readonly catalog: Catalog;
  readonly operators: OperatorPorts;
  /** For one build; see openWriterStorage. */
  openWriter(index: ChunkIndex, signal?: AbortSignal): Promise<WriterPorts>;
  readonly openPush: OpenPush;
  readonly collect: Collect;
} {
  const wait = (delayMs: number, signal?: AbortSignal): Promise<void> => sleep(delayMs, undefined, signal && { signal });
  const log = createSweepLog(objects, { clock, wait });
  const pins = createPins(objects, unguarded, log);
  const catalog = createGuardedCatalog({ catalog: unguarded, pins, log, clock });
  const graceMs = Math.round(config.collector.graceHours * hourMs);
  // What is removed here is told in the log by whoever removes it.
  const removal = { objects, catalog: unguarded, pins, log, clock };
  const collect = createCollector({ objects, log, uploads, graceMs, newId });
  return {
    catalog,
    operators: {
      ...removal,
      newId,
      retention: createRetention({ ...removal, catalog: recorded(unguarded), environments: config.environments }),
    },
    openWriter: (index, signal) => openWriterStorage(objects, { index, catalog, unguarded }, log, signal),
    collect,
    openPush: createPushGuard({ objects, catalog: unguarded, log, graceMs, clock }),
  };
}
