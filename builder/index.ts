export { createBuildSnapshot } from './create-build-snapshot.ts';
export { createPolicyTools } from './policy-tools/create-policy-tools.ts';
export { chunkCodec } from './store.ts';
