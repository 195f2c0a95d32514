export { createCollector } from './collect.ts';
export { createGuardedCatalog } from './guarded-catalog.ts';
export { createPushGuard, type Named, type OpenPush, type Push } from './push-guard.ts';
export { type RemovalPorts, removeSnapshots } from './remove-snapshots.ts';
export { indexesBySnapshot } from './snapshot-indexes.ts';
export { createSweepLog, type SweepLog } from './sweep-log.ts';
export { openWriterStorage, type WriterPorts } from './writer-storage.ts';
