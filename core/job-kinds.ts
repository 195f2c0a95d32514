/** `build`: take a snapshot. `verify`: read and hash again what is stored. `retention`: remove what is no longer kept. `collect`: free what nothing reaches. */
export const jobKinds = ['build', 'verify', 'retention', 'collect'] as const;
export type JobKind = (typeof jobKinds)[number];

/** `queued` is also a job that waits for its sources, or for its next attempt (`retryAt`). */
export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
