import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that passed: method, path without its query, and the bytes of its body. */
export type MeteredRequest = { readonly method: string; readonly path: string; readonly sentBytes: number };

/** Passes requests on as they are, and counts them. */
export type HttpMeter = AsyncDisposable & { readonly url: string; readonly requests: MeteredRequest[] };

export async function startHttpMeter(target: string): Promise<HttpMeter> {
  const { hostname, port } = new URL(target);
  const requests: MeteredRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    let sentBytes = 0;
    // The host too as the client wrote it: it is part of what is signed.
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.on('data', (bytes: Buffer) => {
      sentBytes += bytes.length;
    });
    incoming.on('end', () => requests.push({ method, path: url.split('?')[0] ?? '', sentBytes }));
    incoming.on('error', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
