import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What may happen to one request. */
export const faultKinds = [
  /** 500 with S3's error body; the request does not reach the store. */
  'internal-error',
  /** 503 SlowDown; the request does not reach the store. */
  'slow-down',
  /** The request does not reach the store, and there is no answer. */
  'no-answer',
  /** The connection is reset while the request is being sent. */
  'reset',
  /** The request is carried out; of its answer nothing comes but the end of the connection. */
  'lost-answer',
  /** The request is carried out; its answer never comes. */
  'held-answer',
  /** The answer's body ends in the middle, and the connection with it. */
  'truncated-body',
  /** The answer's body stops in the middle, and the connection stays. */
  'stalled-body',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Those that cost their client a time-out each are met more rarely, so that a test of thousands of requests ends. */
const silentKinds: readonly FaultKind[] = ['no-answer', 'held-answer', 'stalled-body'];
const mixedKinds = faultKinds.flatMap((kind) => (silentKinds.includes(kind) ? [kind] : [kind, kind, kind]));

export type ProxiedRequest = { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders };
export type ProxyAnswer = { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

export type FaultProxyOptions = {
  readonly target: string;
  /** The same seed gives the same sequence of faults. */
  readonly seed: number;
  /** Share of requests that meet a fault, 0 to 1. */
  readonly share: number;
  /** Changes what is sent on, or answers in the store's place. */
  readonly change?: (request: ProxiedRequest) => IncomingHttpHeaders | ProxyAnswer;
};

/** What lies between a client and an S3 store, and fails. */
export type FaultProxy = AsyncDisposable & {
  readonly url: string;
  /** How often each fault was met. */
  readonly faults: Readonly<Record<FaultKind, number>>;
  readonly requestCount: number;
  setShare(share: number): void;
  /** The next request of which this is true meets this fault. */
  once(kind: FaultKind, when: (request: ProxiedRequest) => boolean): void;
  /** From now on every connection is cut, until `comeBack`. */
  leave(): void;
  comeBack(): void;
};

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { hostname, port } = new URL(options.target);
  const random = seeded(options.seed);
  const faults = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  let { share } = options;
  let isAway = false;
  let requestCount = 0;
  let trap: { readonly kind: FaultKind; readonly when: (request: ProxiedRequest) => boolean } | undefined;

  const faultOf = (asked: ProxiedRequest): FaultKind | undefined => {
    if (trap?.when(asked)) {
      const { kind } = trap;
      trap = undefined;
      return kind;
    }
    return random() < share ? mixedKinds[Math.floor(random() * mixedKinds.length)] : undefined;
  };

  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const asked = { method, url, headers };
    requestCount += 1;
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    const fault = faultOf(asked);
    if (fault) faults[fault] += 1;
    if (fault === 'internal-error') return answerError(incoming, outgoing, 500, 'InternalError');
    if (fault === 'slow-down') return answerError(incoming, outgoing, 503, 'SlowDown');
    if (fault === 'no-answer') return void incoming.resume();
    if (fault === 'reset') {
      incoming.once('data', () => incoming.socket.resetAndDestroy());
      incoming.once('end', () => incoming.socket.resetAndDestroy());
      return;
    }
    const changed = options.change?.(asked) ?? headers;
    if (isAnswer(changed)) {
      incoming.resume();
      outgoing.writeHead(changed.status, { 'content-type': 'application/xml', ...changed.headers }).end(changed.body);
      return;
    }
    // The host too as the client wrote it: it is part of what is signed.
    const onward = request({ hostname, port, method, path: url, headers: changed }, (answer) => {
      if (fault === 'lost-answer' || fault === 'held-answer') {
        // Read to its end, so that the request has been carried out.
        answer.resume().once('end', () => fault === 'lost-answer' && incoming.socket.resetAndDestroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (fault === 'truncated-body' || fault === 'stalled-body') breakOff(answer, incoming, outgoing, fault);
      else answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.on('error', () => onward.destroy());
    outgoing.on('close', () => {
      if (!outgoing.writableFinished && fault !== 'lost-answer' && fault !== 'held-answer') onward.destroy();
    });
    incoming.pipe(onward);
  });
  server.on('connection', (socket) => {
    if (isAway) socket.resetAndDestroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    get requestCount() {
      return requestCount;
    },
    setShare(wanted) {
      share = wanted;
    },
    once(kind, when) {
      trap = { kind, when };
    },
    leave() {
      isAway = true;
      server.closeAllConnections();
    },
    comeBack() {
      isAway = false;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const isAnswer = (changed: IncomingHttpHeaders | ProxyAnswer): changed is ProxyAnswer => typeof changed.status === 'number';

function answerError(incoming: IncomingMessage, outgoing: ServerResponse, status: number, code: string): void {
  // The whole request first, as a store that is busy does.
  incoming.resume().once('end', () => {
    const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>injected</Message></Error>`;
    outgoing.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) });
    outgoing.end(incoming.method === 'HEAD' ? undefined : body);
  });
}

/** Passes half of the body on. An answer without one is cut after its head. */
function breakOff(
  answer: IncomingMessage,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  how: 'truncated-body' | 'stalled-body',
): void {
  const half = Math.floor(Number(answer.headers['content-length'] ?? 0) / 2);
  let passedBytes = 0;
  outgoing.flushHeaders();
  const end = (): void => {
    answer.destroy();
    if (how === 'truncated-body') setTimeout(() => incoming.socket.destroy(), 5);
  };
  answer.on('data', (bytes: Buffer) => {
    const passed = bytes.subarray(0, half - passedBytes);
    passedBytes += passed.length;
    outgoing.write(passed);
    if (passedBytes >= half) end();
  });
  answer.on('end', end);
}

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
