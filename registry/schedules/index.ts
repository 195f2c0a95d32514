export { createTimerAlarm, systemTimer } from './alarm.ts';
export { createRedisAlarm } from './redis-alarm.ts';
export { createScheduler, type Scheduler } from './scheduler.ts';
