import { request } from 'node:http';
import { connect } from 'node:tls';
import { DynDataError } from '../core/index.ts';

const answerTimeoutMs = 5_000;

/**
 * Whether the endpoint of a store that could not be talked to speaks the other one of HTTP and HTTPS, or has a certificate that is not
 * trusted here; undefined where it is neither.
 */
export async function explainEndpoint(endpoint: string, cause: unknown): Promise<DynDataError | undefined> {
  const url = new URL(endpoint);
  if (url.protocol === 'https:') {
    const code = certificateCode(cause);
    if (code !== undefined) {
      const message = `The certificate of storage.s3.endpoint is not accepted (${code}). Name in NODE_EXTRA_CA_CERTS the file of the authority that signed it, or address the store by a name that the certificate has.`;
      return new DynDataError('CONFIG_INVALID', message, { cause });
    }
    if (await speaksHttp(url)) return wrongProtocol('plain HTTP', 'http://', cause);
    return undefined;
  }
  return (await speaksTls(url)) ? wrongProtocol('HTTPS', 'https://', cause) : undefined;
}

function wrongProtocol(spoken: string, begin: string, cause: unknown): DynDataError {
  const message = `The server at storage.s3.endpoint speaks ${spoken}. Begin the endpoint with ${begin}, or give the port of the other protocol.`;
  return new DynDataError('CONFIG_INVALID', message, { cause });
}

function certificateCode(error: unknown): string | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 4; current = current.cause, depth += 1) {
    const code = 'code' in current ? String(current.code) : '';
    if (/CERT|_VERIFY_|_ISSUER_/.test(code)) return code;
  }
  return undefined;
}

function speaksHttp({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: bare(hostname), port: port || 443, method: 'HEAD', path: '/', agent: false, timeout: answerTimeoutMs });
    asked.once('response', () => resolve(true));
    asked.once('error', () => resolve(false));
    asked.once('timeout', () => asked.destroy(new Error('timeout')));
    asked.once('close', () => resolve(false));
    asked.once('response', () => asked.destroy());
    asked.end();
  });
}

function speaksTls({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    // Nothing is sent over it: whose certificate it is does not matter.
    const socket = connect({ host: bare(hostname), port: Number(port || 80), rejectUnauthorized: false, timeout: answerTimeoutMs });
    const end = (spoke: boolean) => (): void => {
      resolve(spoke);
      socket.destroy();
    };
    socket.once('secureConnect', end(true));
    socket.once('error', end(false));
    socket.once('timeout', end(false));
    socket.once('close', end(false));
  });
}

/** Without the brackets of an IPv6 address. */
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');
