export { createCollector } from './collect.ts';
export { createGuardedCatalog } from './guarded-catalog.ts';
export { removeSnapshots, type SnapshotHolds, type SnapshotRemoval, type SnapshotRemovalOutcome } from './remove-snapshots.ts';
export { indexesBySnapshot } from './snapshot-indexes.ts';
export { createSweepLog, type SweepLog } from './sweep-log.ts';
export { openWriterStorage, type WriterPorts } from './writer-storage.ts';
