import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, describe, expect, it } from 'vitest';
import { createS3Client } from '../../storage/s3-client.ts';
import { jitteredDelayMs } from '../../storage/s3-retries.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('requests to S3', () => {
  const servers: ReturnType<typeof createServer>[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  /** A server that gives these answers one after the other, the last one for ever. */
  const answering = async (...answers: readonly Answer[]) => {
    let count = 0;
    const server = createServer((request, response) => {
      const answer = answers[Math.min(count, answers.length - 1)];
      count += 1;
      request.resume();
      answer?.(request, response);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => count };
  };
  const failure =
    (status: number, code: string): Answer =>
    (request, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(request.method === 'HEAD' ? undefined : `<Error><Code>${code}</Code><Message>x</Message></Error>`);
    };
  const done: Answer = (_request, response) => void response.writeHead(200, { etag: '"abc"', 'content-length': 0 }).end();
  const cut: Answer = (request) => void request.socket.resetAndDestroy();
  const silence: Answer = () => undefined;

  const client = (endpoint: string, retryForMs: number) =>
    createS3Client(
      { endpoint, region: 'us-east-1', pathStyle: true, accessKeyId: 'a', secretAccessKey: 'b', requestTimeoutMs: 300 },
      retryForMs,
    );
  const put = (endpoint: string, retryForMs: number, abortSignal?: AbortSignal) =>
    client(endpoint, retryForMs).send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'text' }), {
      ...(abortSignal && { abortSignal }),
    });

  it.each<[string, Answer]>([
    ['500', failure(500, 'InternalError')],
    ['502 of a proxy', (_request, response) => void response.writeHead(502).end('bad gateway')],
    ['503 SlowDown', failure(503, 'SlowDown')],
    ['429', failure(429, 'TooManyRequests')],
    ['409 of a conflicting request at the same moment', failure(409, 'ConditionalRequestConflict')],
    ['a reset', cut],
    [
      'an answer whose body is cut, whatever its status',
      (request, response) => {
        response.writeHead(404, { 'content-length': 100 }).write('<Error>');
        setTimeout(() => request.socket.destroy(), 20);
      },
    ],
    ['silence', silence],
    [
      'an answer that falls silent in its body, whatever its status',
      (_request, response) => void response.writeHead(412, { 'content-length': 100 }).write('<Error>'),
    ],
  ])('are tried again after %s', async (_name, answer) => {
    const { endpoint, asked } = await answering(answer, answer, done);
    expect((await put(endpoint, 20_000)).ETag).toBe('"abc"');
    expect(asked()).toBe(3);
  });

  it('are tried again more often than the library would', async () => {
    const { endpoint, asked } = await answering(...Array.from({ length: 6 }, () => failure(503, 'SlowDown')), done);
    await put(endpoint, 60_000);
    expect(asked()).toBe(7);
  });

  it.each<[number, string]>([
    [400, 'InvalidRequest'],
    [403, 'AccessDenied'],
    [403, 'RequestTimeTooSkewed'],
    [404, 'NoSuchBucket'],
    [409, 'BucketAlreadyExists'],
    [412, 'PreconditionFailed'],
    [501, 'NotImplemented'],
  ])('are not tried again after %i %s', async (status, code) => {
    const { endpoint, asked } = await answering(failure(status, code), done);
    await expect(put(endpoint, 20_000)).rejects.toMatchObject({ name: code });
    expect(asked()).toBe(1);
  });

  it('are not tried again when their time is spent', async () => {
    const { endpoint, asked } = await answering(failure(503, 'SlowDown'));
    const startedAt = performance.now();
    await expect(put(endpoint, 700)).rejects.toMatchObject({ name: 'SlowDown' });
    expect(performance.now() - startedAt).toBeGreaterThan(650);
    expect(asked()).toBeGreaterThan(1);
  });

  it('are given up at once when their signal fires in a pause', async () => {
    const { endpoint } = await answering((_request, response) => {
      response.writeHead(503, { 'retry-after': '3600' }).end();
    });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    await expect(put(endpoint, 7_200_000, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('name the bucket in the path or in the host, as is set', async () => {
    const common = { endpoint: 'http://store.example:9000', region: 'us-east-1', accessKeyId: 'a', secretAccessKey: 'b' };
    const address = async (pathStyle: boolean): Promise<string> => {
      const signed = await getSignedUrl(
        createS3Client({ ...common, pathStyle }, 0),
        new GetObjectCommand({ Bucket: 'bucket', Key: 'a/b' }),
      );
      return signed.split('?')[0] ?? '';
    };
    expect(await address(true)).toBe('http://store.example:9000/bucket/a/b');
    expect(await address(false)).toBe('http://bucket.store.example:9000/a/b');
  });

  it('tell nothing of a retry where the first try succeeded', async () => {
    const { endpoint } = await answering(done);
    const found = await client(endpoint, 1_000).send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
    expect(found.$metadata.attempts).toBe(1);
  });

  it('pause for anything up to a bound that doubles, and no longer than five seconds', () => {
    expect([0, 1, 2, 3].map((retry) => jitteredDelayMs(retry, () => 1))).toEqual([100, 200, 400, 800]);
    expect(jitteredDelayMs(3, () => 0.25)).toBe(200);
    expect(jitteredDelayMs(1_000, () => 1)).toBe(5_000);
  });
});
