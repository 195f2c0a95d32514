export { createBlobStore } from './blob-store.ts';
export { createCatalog } from './catalog.ts';
export { createChunkIndex } from './chunk-index.ts';
export { createFolderObjects, type FolderObjectsOptions } from './folder-objects.ts';
export { createMemoryObjects } from './memory-objects.ts';
export { openStorage, type StorageSecrets } from './open-storage.ts';
export { createS3Objects, type S3ObjectsOptions } from './s3-objects.ts';
