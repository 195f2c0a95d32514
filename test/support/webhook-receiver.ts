import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebhookBody, webhookBodySchema, webhookHeaders } from '../../core/index.ts';

export type Received = {
  readonly at: number;
  readonly body: WebhookBody;
  readonly event: string;
  readonly delivery: string;
  readonly isSigned: boolean;
};

/** A real server that takes webhooks, checks their signature as a receiver does, and answers what it is told to. */
export type WebhookReceiver = AsyncDisposable & {
  readonly url: string;
  readonly received: Received[];
  /** The status of each answer from now on, and where to it redirects. */
  answer(status: number, location?: string): void;
};

export async function startWebhookReceiver(secret: string): Promise<WebhookReceiver> {
  const received: Received[] = [];
  let status = 204;
  let location: string | undefined;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    request.on('end', () => {
      const [, seconds = '', signature = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers[webhookHeaders.signature])) ?? [];
      const expected = createHmac('sha256', secret).update(`${seconds}.${text}`).digest('hex');
      const isFresh = Math.abs(Date.now() / 1000 - Number(seconds)) < 60;
      received.push({
        at: Date.now(),
        body: webhookBodySchema.parse(JSON.parse(text)),
        event: String(request.headers[webhookHeaders.event]),
        delivery: String(request.headers[webhookHeaders.delivery]),
        isSigned: signature === expected && isFresh,
      });
      response.writeHead(status, location === undefined ? {} : { location }).end('an answer that nobody reads');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answer(next, to) {
      status = next;
      location = to;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
