export { createBlobStore } from './blob-store.ts';
export { createCatalog } from './catalog.ts';
export { createChunkIndex } from './chunk-index.ts';
export { createFolderObjects } from './folder-objects.ts';
export { createMemoryObjects } from './memory-objects.ts';
export { linkOlderSnapshots } from './older-snapshots.ts';
export { openStorage } from './open-storage.ts';
export { createS3Objects, type S3ObjectsOptions } from './s3-objects.ts';
export { createUploads } from './uploads.ts';
