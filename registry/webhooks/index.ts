export { createNotifier } from './notifier.ts';
export { createInProcessSender, createRedisSender, type Sender } from './sender.ts';
