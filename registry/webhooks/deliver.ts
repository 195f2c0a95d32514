import { createHmac } from 'node:crypto';
import { type WebhookBody, webhookHeaders } from '../../core/index.ts';

const answerTimeoutMs = 10_000;

export type Webhook = { readonly name: string; readonly url: string; readonly secret: string };

/** Whether the address took it: any answer from 200 to 299. `why` is a status or a system's code, never what was sent or answered. */
export type Delivery = { readonly isDelivered: true; readonly status: number } | { readonly isDelivered: false; readonly why: string };

/** What proves to the receiver that the body is ours and not an old one sent again. */
export function signatureOf(body: string, secret: string, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

/** One try. Redirects are not followed: they would carry the body to an address that nobody configured. */
export async function deliver(webhook: Webhook, body: WebhookBody, now: Date, signal?: AbortSignal): Promise<Delivery> {
  const text = JSON.stringify(body);
  const timeout = AbortSignal.timeout(answerTimeoutMs);
  try {
    const response = await fetch(webhook.url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        [webhookHeaders.event]: body.event,
        [webhookHeaders.delivery]: body.id,
        [webhookHeaders.signature]: signatureOf(text, webhook.secret, now),
      },
      body: text,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    await response.body?.cancel();
    return response.ok ? { isDelivered: true, status: response.status } : { isDelivered: false, why: `status ${response.status}` };
  } catch (error) {
    return { isDelivered: false, why: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.name : 'unknown reason';
}
