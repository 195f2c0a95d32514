import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';

export type RawResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** False where the connection was cut before the announced end. */
  readonly isWhole: boolean;
};

/** One request with its path sent exactly as given: `fetch` would tidy `..` and the like away. */
export function rawRequest(
  port: number,
  path: string,
  options: { readonly method?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Uint8Array } = {},
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', body } = options;
    // Node gives the body of some methods no length of its own accord.
    const isFramed = body === undefined || options.headers?.['transfer-encoding'] !== undefined;
    const headers = { ...(isFramed ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...options.headers };
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false });
    request.once('error', reject);
    request.once('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.once('error', () => undefined);
      response.once('close', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces), isWhole: response.complete }),
      );
    });
    request.end(body);
  });
}

/** The end of a connection, also where the other side resets it. */
export function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
