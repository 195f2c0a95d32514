export { ociAction } from './action.ts';
export { type OciGuard, openGuard } from './guard.ts';
export { createOciRouter } from './router.ts';
