import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DeleteBucketPolicyCommand, HeadObjectCommand, ListObjectsV2Command, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../core/index.ts';
import { ensureCommands } from '../../scripts/debian.ts';
import type { S3ObjectsOptions } from '../../storage/s3-objects.ts';
import { type FaultProxy, type FaultProxyOptions, type ProxiedRequest, startFaultProxy } from '../support/fault-proxy.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { startRegistry } from '../support/running-registry.ts';
import { signedAgain } from '../support/s3-signature.ts';
import type { S3Fixture } from '../support/s3-store.ts';
import { runWorkload } from '../support/storage-workload.ts';
import { collect, inPieces, sampleBytes } from '../support/stream-samples.ts';

const run = promisify(execFile);
const largeBytes = 20 * 1024 * 1024;

/** @param s3 has more in its bucket afterwards */
export function s3OpeningSuite(s3: () => S3Fixture): void {
  describe('opening a bucket', () => {
    let fixture: S3Fixture;
    const opened: AsyncDisposable[] = [];
    beforeAll(() => {
      fixture = s3();
    });
    afterAll(async () => {
      for (const item of opened) await item[Symbol.asyncDispose]();
    });

    const proxied = async (change: NonNullable<FaultProxyOptions['change']>): Promise<FaultProxy> => {
      const proxy = await startFaultProxy({ target: fixture.server.endpoint, seed: 1, share: 0, change });
      opened.push(proxy);
      return proxy;
    };
    const refusal = async (changes: Partial<S3ObjectsOptions>): Promise<{ code: string; message: string; details: string[] }> => {
      const error: unknown = await fixture.open({ openingRetryForMs: 500, ...changes }).catch((failure: unknown) => failure);
      return error as { code: string; message: string; details: string[] };
    };

    describe('says what is wrong and what to do', () => {
      it('for a bucket that does not exist', async () => {
        const { code, message } = await refusal({ bucket: 'no-such-bucket' });
        expect([code, message]).toEqual(['CONFIG_INVALID', expect.stringMatching(/"no-such-bucket" does not exist.*storage\.s3\.bucket/)]);
      });

      it('for a key that the store does not know, and for a secret that does not belong to it', async () => {
        const unknown = await refusal({ accessKeyId: 'UNKNOWNKEY' });
        expect([unknown.code, unknown.message]).toEqual(['ACCESS_DENIED', expect.stringContaining('storage.s3.accessKeyId')]);
        const wrong = await refusal({ secretAccessKey: 'a-wrong-secret' });
        expect([wrong.code, wrong.message]).toEqual(['ACCESS_DENIED', expect.stringContaining('storage.s3.secretAccessKey')]);
        expect(`${unknown.message}${wrong.message}`).not.toMatch(/UNKNOWNKEY|a-wrong-secret/);
      });

      it('for a clock that is wrong', async () => {
        const { code, message } = await refusal({ clockOffsetMs: 3_600_000 });
        expect([code, message]).toEqual(['CLOCK_SKEWED', expect.stringContaining('clock')]);
      });

      it('for another region, as AWS answers it', async () => {
        // The gateway takes every region, so the proxy answers what AWS documents.
        const proxy = await proxied(({ headers }) => {
          if (/Credential=[^/]+\/\d+\/eu-central-1\//.test(headers.authorization ?? '')) return headers;
          const body =
            '<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong</Message><Region>eu-central-1</Region></Error>';
          return { status: 400, body };
        });
        const { code, message } = await refusal({ endpoint: proxy.url });
        expect([code, message]).toEqual([
          'CONFIG_INVALID',
          expect.stringMatching(/not in the region "us-east-1".*"eu-central-1".*storage\.s3\.region/),
        ]);
        await fixture.open({ endpoint: proxy.url, region: 'eu-central-1' });
      });

      it.each([
        ['s3:GetObject', 'read objects'],
        ['s3:PutObject', 'write objects'],
        ['s3:DeleteObject', 'remove objects'],
        ['s3:ListBucket', 'list the bucket'],
      ])('for a key that lacks %s', async (permission, purpose) => {
        const resource = `arn:aws:s3:::${fixture.bucket}`;
        const Policy = JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Deny', Principal: '*', Action: [permission], Resource: [resource, `${resource}/*`] }],
        });
        await fixture.client.send(new PutBucketPolicyCommand({ Bucket: fixture.bucket, Policy }));
        try {
          const { code, message, details } = await refusal({ prefix: 'denied/' });
          expect([code, details]).toEqual(['ACCESS_DENIED', [`${permission}: ${purpose}`]]);
          expect(message).toContain(`Grant it ${permission}`);
        } finally {
          await fixture.client.send(new DeleteBucketPolicyCommand({ Bucket: fixture.bucket }));
        }
      });

      it('for an endpoint where nothing listens, and for a name that nobody has', async () => {
        const unused = createServer().listen(0, '127.0.0.1');
        await new Promise((resolve) => unused.once('listening', resolve));
        const { port } = unused.address() as AddressInfo;
        await new Promise((resolve) => unused.close(resolve));
        for (const endpoint of [`http://127.0.0.1:${port}`, 'http://no-such-host.invalid:9000']) {
          const { code, message } = await refusal({ endpoint });
          expect([code, message]).toEqual(['STORAGE_UNREACHABLE', expect.stringContaining('storage.s3.endpoint')]);
        }
      });

      it('for https:// where the store speaks plain HTTP', async () => {
        const { code, message } = await refusal({ endpoint: fixture.server.endpoint.replace('http:', 'https:') });
        expect([code, message]).toEqual(['CONFIG_INVALID', expect.stringMatching(/speaks plain HTTP.*http:\/\//)]);
      });

      it('for http:// where the store speaks HTTPS, and for a certificate that is not trusted', async () => {
        await ensureCommands(['openssl'], (line) => process.stderr.write(`${line}\n`));
        const folder = await mkdtemp(join(tmpdir(), 'dyn-data-s3-tls-'));
        const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
        const made = [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
          '-subj',
          '/CN=store',
        ];
        await run('openssl', [...made, '-keyout', keyFile, '-out', certificateFile]);
        const server = createHttpsServer({ key: await readFile(keyFile), cert: await readFile(certificateFile) }, (_request, response) =>
          response.writeHead(403).end(),
        );
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        try {
          const { port } = server.address() as AddressInfo;
          const plain = await refusal({ endpoint: `http://127.0.0.1:${port}` });
          expect([plain.code, plain.message]).toEqual(['CONFIG_INVALID', expect.stringMatching(/speaks HTTPS.*https:\/\//)]);
          const untrusted = await refusal({ endpoint: `https://127.0.0.1:${port}` });
          expect([untrusted.code, untrusted.message]).toEqual(['CONFIG_INVALID', expect.stringContaining('NODE_EXTRA_CA_CERTS')]);
        } finally {
          server.close().closeAllConnections();
          await rm(folder, { recursive: true });
        }
      });
    });

    it('leaves nothing of its trial behind', async () => {
      await fixture.open({ prefix: 'tidy/' });
      const { Contents } = await fixture.client.send(new ListObjectsV2Command({ Bucket: fixture.bucket, Prefix: 'tidy/' }));
      expect(Contents ?? []).toEqual([]);
    });

    describe('of a store without conditional writes', () => {
      let redis: RedisServer;
      let proxy: FaultProxy;
      beforeAll(async () => {
        await ensureCommands(['redis-server'], (line) => process.stderr.write(`${line}\n`));
        redis = await startRedis();
        opened.push(redis);
        proxy = await proxied(withoutConditions);
      });
      /** What a store does that does not know these headers; signed again, because they are part of what is signed. */
      const withoutConditions = (request: ProxiedRequest) => {
        if (request.method !== 'PUT' && request.method !== 'POST') return request.headers;
        const { 'if-match': _match, 'if-none-match': _noneMatch, ...headers } = request.headers;
        return signedAgain({ ...request, headers }, fixture.server);
      };

      it('finds out, and asks for a Redis', async () => {
        expect((await fixture.open()).conditionalWrites).toBe('store');
        const { code, message } = await refusal({ endpoint: proxy.url });
        expect([code, message]).toEqual(['CONFIG_INVALID', expect.stringMatching(/ignores conditions.*redisUrl/)]);
      });

      it('lets one of many concurrent writers win, of two processes, by a lock in Redis', async () => {
        const settings = { endpoint: proxy.url, prefix: 'locked/', redis: { url: redis.url, prefix: 'test' } };
        const stores = [await fixture.open(settings), await fixture.open(settings)];
        expect(stores.map(({ conditionalWrites }) => conditionalWrites)).toEqual(['lock', 'lock']);
        for (let round = 0; round < 2; round += 1) {
          const outcomes = await Promise.allSettled(
            Array.from({ length: 10 }, (_, index) => {
              const bytes = new TextEncoder().encode(`racer ${index}`);
              return stores[index % 2]?.write(`race/${round}`, bytes, { sizeBytes: bytes.byteLength, condition: 'absent' });
            }),
          );
          const winners = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [`racer ${index}`] : []));
          expect(winners).toHaveLength(1);
          const found = await stores[0]?.read(`race/${round}`);
          expect(found && new TextDecoder().decode(await collect(found.bytes))).toBe(winners[0]);
        }
        await runWorkload({ stores, rounds: 1 }, await fixture.open({ prefix: 'locked/' }));
      });
    });

    describe('with encryption by the store', () => {
      const encryptionOf = async (key: string) => {
        const { ServerSideEncryption, SSEKMSKeyId } = await fixture.client.send(
          new HeadObjectCommand({ Bucket: fixture.bucket, Key: key }),
        );
        return [ServerSideEncryption, SSEKMSKeyId];
      };

      it('writes with a key of its key service, whole objects and those in parts', async () => {
        const { kmsKeyId } = fixture.server;
        const objects = await fixture.open({ prefix: 'kms/', encryption: { kind: 'kms', keyId: kmsKeyId } });
        const bytes = sampleBytes(largeBytes, 3);
        await objects.write('a/small', bytes.subarray(0, 1000), { sizeBytes: 1000 });
        await objects.write('a/large', inPieces(bytes, 100_000), { sizeBytes: largeBytes });
        expect(await encryptionOf('kms/a/small')).toEqual(['aws:kms', kmsKeyId]);
        expect(await encryptionOf('kms/a/large')).toEqual(['aws:kms', kmsKeyId]);
        const found = await objects.read('a/large');
        expect(found && Buffer.compare(await collect(found.bytes), bytes)).toBe(0);
      });

      it('asks for its own key with each new object', async () => {
        const asked: unknown[] = [];
        const proxy = await proxied((request) => {
          const { 'x-amz-server-side-encryption': encryption, ...headers } = request.headers;
          if (request.method === 'PUT' && !request.url.includes('uploadId=')) asked.push(encryption);
          if (request.method === 'POST' && request.url.includes('uploads')) asked.push(encryption);
          // The test's store has no key of its own without a service beside it.
          return encryption === undefined ? request.headers : signedAgain({ ...request, headers }, fixture.server);
        });
        const objects = await fixture.open({ endpoint: proxy.url, prefix: 'sse/', encryption: { kind: 's3' } });
        await objects.write('a/small', Uint8Array.of(1), { sizeBytes: 1 });
        await objects.write('a/large', inPieces(sampleBytes(largeBytes, 3), 100_000), { sizeBytes: largeBytes });
        expect(asked.length).toBeGreaterThan(3);
        expect(new Set(asked)).toEqual(new Set(['AES256']));
      });
    });

    it('with redirects sends pulls of whole blobs on to the store, and of composed ones not', async () => {
      const publicProxy = await proxied(({ headers }) => headers);
      const objects = await fixture.open({ prefix: 'redirects/', redirects: { expiresInSeconds: 60, publicEndpoint: publicProxy.url } });
      const registry = await startRegistry({ objects, build: () => () => Promise.reject(new Error('no builds here')) });
      try {
        const bytes = sampleBytes(100_000, 9);
        const digest = digestOf(bytes);
        await registry.blobs.write({ digest, sizeBytes: bytes.byteLength }, bytes);
        const composed = await registry.blobs.compose([{ blob: { digest, sizeBytes: bytes.byteLength } }, { bytes: Uint8Array.of(1, 2) }]);
        for (const blob of [{ digest, sizeBytes: bytes.byteLength }, composed])
          await registry.catalog.putLink('dynamease', { digest: blob.digest, blob });
        const address = (of: string): string => `${registry.url}/v2/dynamease/blobs/${of}`;
        const redirect = await fetch(address(digest), { redirect: 'manual' });
        const location = redirect.headers.get('location') ?? '';
        expect(redirect.status).toBe(307);
        expect(redirect.headers.get('docker-content-digest')).toBe(digest);
        expect(location.startsWith(`${publicProxy.url}/`)).toBe(true);
        expect(location).not.toContain(fixture.server.secretAccessKey);
        const followed = await fetch(address(digest));
        expect(digestOf(new Uint8Array(await followed.arrayBuffer()))).toBe(digest);
        const range = await fetch(address(digest), { headers: { range: 'bytes=10-19' } });
        expect([range.status, new Uint8Array(await range.arrayBuffer())]).toEqual([206, bytes.slice(10, 20)]);
        expect((await fetch(address(digest), { method: 'HEAD' })).status).toBe(200);
        const direct = await fetch(address(composed.digest), { redirect: 'manual' });
        expect([direct.status, digestOf(new Uint8Array(await direct.arrayBuffer()))]).toEqual([200, composed.digest]);
        expect((await fetch(address(digestOf('unknown')), { redirect: 'manual' })).status).toBe(404);
        // The address is for this object alone.
        const other = location.replace(digest.slice('sha256:'.length), digestOf('other').slice('sha256:'.length));
        expect((await fetch(other)).status).toBe(403);
      } finally {
        await registry.stop();
      }
    });
  });
}
