export { createBuildSnapshot } from './create-build-snapshot.ts';
export { chunkCodec } from './store.ts';
