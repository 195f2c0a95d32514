import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export type S3Keys = { readonly accessKeyId: string; readonly secretAccessKey: string };

/**
 * The headers with an AWS signature (version 4) of their own, over those of the former signature's headers that are still there: for what
 * changes requests between a client and a store.
 */
export function signedAgain(
  request: { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders },
  keys: S3Keys,
): IncomingHttpHeaders {
  const { authorization = '', ...headers } = request.headers;
  const [, scope = ''] = /Credential=[^/]+\/([^,]+),/.exec(authorization) ?? [];
  const [, formerNames = ''] = /SignedHeaders=([^,]+),/.exec(authorization) ?? [];
  const names = formerNames.split(';').filter((name) => headers[name] !== undefined);
  const [path = '', query = ''] = request.url.split('?');
  const canonical = [
    request.method,
    path,
    query
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'],
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = scope
    .split('/')
    .reduce<string | Buffer>((former, part) => createHmac('sha256', former).update(part).digest(), `AWS4${keys.secretAccessKey}`);
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const credential = `${keys.accessKeyId}/${scope}`;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}
