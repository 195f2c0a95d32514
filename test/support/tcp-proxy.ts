import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What lies between a client and a server, and can fail. */
export type TcpProxy = AsyncDisposable & {
  readonly port: number;
  /** Bytes that servers sent to clients, of all connections. */
  readonly servedBytes: number;
  /**
   * The next connection that has passed so many bytes to its client is broken there: cut, or held without a word for as long as `during`
   * takes, which is for ever where it is left out. Resolves when it is.
   */
  trap(afterBytes: number, how: 'cut' | { readonly during?: () => Promise<unknown> }): Promise<void>;
  /** Ends each new connection whose client begins with something of which this is true. */
  refuse(when: (request: string) => boolean): void;
  /** New connections go there from now on. */
  leadTo(port: number): void;
  /** Cuts all connections there are. */
  cutAll(): void;
};

export async function startProxy(to: { readonly host?: string; readonly port: number }): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let servedBytes = 0;
  let { port } = to;
  let isRefused = (_request: string): boolean => false;
  let trap: { readonly afterBytes: number; readonly spring: (client: Socket, server: Socket) => void } | undefined;
  const listener = createServer((client) => {
    const server = connect(port, to.host ?? '127.0.0.1');
    let passedBytes = 0;
    let held = false;
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      open.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        open.delete(socket);
        // What was sent last is delivered; then the other side is closed as well.
        if (socket === server && !held) client.end();
        else end();
      });
    }
    client.once('data', (request) => {
      if (isRefused(request.toString('latin1'))) return end();
      server.write(request);
      client.pipe(server);
    });
    server.on('data', (bytes) => {
      passedBytes += bytes.length;
      if (trap && passedBytes >= trap.afterBytes) {
        const { spring } = trap;
        trap = undefined;
        held = true;
        spring(client, server);
        return;
      }
      servedBytes += bytes.length;
      if (held || client.write(bytes)) return;
      server.pause();
      client.once('drain', () => server.resume());
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const cutAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (listener.address() as AddressInfo).port,
    get servedBytes() {
      return servedBytes;
    },
    trap: (afterBytes, how) =>
      new Promise((resolve) => {
        const spring = (client: Socket, server: Socket): void => {
          resolve();
          if (how === 'cut') {
            client.destroy();
            server.destroy();
            return;
          }
          client.unpipe(server);
          client.pause();
          server.pause();
          void how.during?.().finally(() => {
            client.destroy();
            server.destroy();
          });
        };
        trap = { afterBytes, spring };
      }),
    refuse(when) {
      isRefused = when;
    },
    leadTo(other) {
      port = other;
    },
    cutAll,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => listener.close(resolve));
      cutAll();
      await closed;
    },
  };
}
