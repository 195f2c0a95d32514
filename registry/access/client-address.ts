import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';

export type Client = {
  readonly address: string;
  readonly isSecure: boolean;
  /** The request id that a trusted proxy gave. */
  readonly requestId?: string;
};

const requestIdPattern = /^[A-Za-z0-9_-]{8,64}$/;

/**
 * Who a request comes from. `X-Forwarded-For` is read from its end, where the nearest proxy wrote: as long as the address before it is a
 * trusted proxy's, the next one counts. What an untrusted client wrote further ahead is never reached.
 */
export function createClientReader(trustedProxies: readonly string[]): (request: IncomingMessage) => Client {
  const trusted = new BlockList();
  for (const block of trustedProxies) {
    const [address = '', bits] = block.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    trusted.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  const isTrusted = (address: string): boolean => isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (request) => {
    const direct = plainAddress(request.socket.remoteAddress ?? '');
    if (!isTrusted(direct)) return { address: direct, isSecure: (request.socket as Partial<TLSSocket>).encrypted === true };
    let address = direct;
    const forwarded = headerItems(request.headers['x-forwarded-for']);
    while (isTrusted(address)) {
      const before = plainAddress(forwarded.pop() ?? '');
      if (isIP(before) === 0) break;
      address = before;
    }
    const isSecure = headerItems(request.headers['x-forwarded-proto']).at(-1)?.toLowerCase() === 'https';
    const requestId = headerItems(request.headers['x-request-id']).at(-1);
    return { address, isSecure, ...(requestId !== undefined && requestIdPattern.test(requestId) ? { requestId } : {}) };
  };
}

/** What limits count by: an IPv6 client has a whole network of 2^64 addresses to itself. */
export function addressKey(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = address.split('::');
  const front = head.split(':').filter((part) => part !== '');
  const back = tail.split(':').filter((part) => part !== '');
  const filled = address.includes('::') ? [...front, ...Array(Math.max(0, 8 - front.length - back.length)).fill('0'), ...back] : front;
  return `${filled
    .slice(0, 4)
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(':')}::/64`;
}

/** Without a port, a zone, brackets, or the prefix of IPv4 in IPv6. */
function plainAddress(text: string): string {
  const inBrackets = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1];
  const address = (inBrackets ?? text).replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return isIP(address) === 0 ? address.replace(/^([\d.]+):\d+$/, '$1') : address;
}

function headerItems(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
