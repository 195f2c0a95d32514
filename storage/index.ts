export { createBlobStore } from './blob-store.ts';
export { createCatalog } from './catalog.ts';
export { createChunkIndex } from './chunk-index.ts';
export * from './collector/index.ts';
export { createFolderObjects } from './folder-objects.ts';
export { createMemoryObjects } from './memory-objects.ts';
export { openStorage } from './open-storage.ts';
export { createPins } from './pins.ts';
export { createS3Objects, type S3ObjectsOptions } from './s3-objects.ts';
