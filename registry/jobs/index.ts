export { createBuildHandler } from './build-handler.ts';
export { createInProcessQueue, type InProcessJobQueue } from './in-process-queue.ts';
export { connectRedis, type RedisConnections } from './redis/connection.ts';
export { createKeys, type Keys } from './redis/keys.ts';
export { createRedisQueue } from './redis/queue.ts';
export { createRedisWorker } from './redis/worker.ts';
export { createRetryPolicy } from './retry-policy.ts';
export { createVerifyHandler } from './verify-handler.ts';
