export { ociAction } from './action.ts';
export type { OciGuard } from './guard.ts';
export { createOciRouter } from './router.ts';
