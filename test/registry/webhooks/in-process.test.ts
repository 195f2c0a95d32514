import { Writable } from 'node:stream';
import { afterEach, describe } from 'vitest';
import { createRetryPolicy } from '../../../registry/jobs/index.ts';
import { createLog } from '../../../registry/log.ts';
import { createInProcessSender, type Sender } from '../../../registry/webhooks/index.ts';
import { webhookSenderContract } from '../../contracts/webhook-sender.ts';

let logged = '';
const opened: Sender[] = [];
afterEach(async () => {
  for (const sender of opened.splice(0)) await sender.close();
});

describe('webhooks of one process', () => {
  const logger = createLog(
    new Writable({
      write(line, _encoding, done) {
        logged += String(line);
        done();
      },
    }),
  );
  webhookSenderContract(
    async (webhooks) => {
      const retry = createRetryPolicy({ attempts: 4, firstDelayMs: 50, random: () => 0 });
      const sender = createInProcessSender({ webhooks, retry, clock: () => new Date(), logger });
      opened.push(sender);
      return sender;
    },
    () => logged,
  );
});
