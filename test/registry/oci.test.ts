import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestHex, digestOf, type ImageManifest, imageManifestSchema, mediaTypes, type StoredManifest } from '../../core/index.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { composedLayer, publishImage } from '../support/published-image.ts';
import { rawRequest } from '../support/raw-http.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { sampleBytes } from '../support/stream-samples.ts';

const objects = createMemoryObjects();
let registry: RunningRegistry;
let manifest: StoredManifest;
let image: ImageManifest;

beforeAll(async () => {
  registry = await startRegistry({ objects, build: () => async () => ({ digest: digestOf('unused') }) });
  const layers = [
    [{ path: 'snapshot/a', bytes: sampleBytes(200_000, 1) }],
    [
      { path: 'snapshot/b', bytes: sampleBytes(70_000, 2) },
      { path: 'snapshot/c', bytes: sampleBytes(50_001, 3) },
    ],
  ];
  manifest = await publishImage(registry, { repository: 'team/blobs/data', tag: 'prod-2024-05', layers });
  await publishImage(registry, { repository: 'dynamease', tag: 'one', layers: [] });
  image = imageManifestSchema.parse(JSON.parse(new TextDecoder().decode(manifest.bytes)));
});
afterAll(async () => {
  await registry.stop();
});

const ask = (path: string, options?: Parameters<typeof rawRequest>[2]) => rawRequest(registry.port, path, options);
const errorCode = (body: Buffer): unknown => JSON.parse(body.toString()).errors[0].code;
const layer = () => {
  const last = image.layers.at(-1);
  if (!last) throw new Error('a layer expected');
  return last;
};
const layerPath = (): string => `/v2/team/blobs/data/blobs/${layer().digest}`;

describe('/v2/', () => {
  it('says that the registry speaks the protocol', async () => {
    for (const path of ['/v2/', '/v2']) {
      const answer = await ask(path);
      expect(answer.status).toBe(200);
      expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
      expect(JSON.parse(answer.body.toString())).toEqual({});
    }
    expect((await ask('/v2/', { method: 'HEAD' })).status).toBe(200);
  });

  it('says which methods an address has', async () => {
    for (const [method, path, allowed] of [
      ['POST', '/v2/dynamease/manifests/new', 'GET, HEAD, PUT, DELETE'],
      ['PUT', '/v2/dynamease/blobs/uploads/', 'POST'],
      ['POST', '/v2/dynamease/blobs/uploads/x', 'GET, HEAD, PATCH, PUT, DELETE'],
      ['DELETE', '/v2/dynamease/tags/list', 'GET, HEAD'],
      ['OPTIONS', `/v2/dynamease/blobs/${manifest.digest}`, 'GET, HEAD, DELETE'],
      ['PUT', '/v2/', 'GET, HEAD'],
    ] as const) {
      const answer = await ask(path, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe(allowed);
      expect(errorCode(answer.body)).toBe('UNSUPPORTED');
    }
  });
});

describe('manifests', () => {
  it('are served by tag and by digest, with the headers clients rely on', async () => {
    for (const reference of ['prod-2024-05', manifest.digest]) {
      const answer = await ask(`/v2/team/blobs/data/manifests/${reference}`, { headers: { accept: mediaTypes.imageManifest } });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': mediaTypes.imageManifest,
        'content-length': String(manifest.bytes.byteLength),
        'docker-content-digest': manifest.digest,
        etag: `"${manifest.digest}"`,
      });
      expect(Buffer.compare(answer.body, manifest.bytes)).toBe(0);
      const head = await ask(`/v2/team/blobs/data/manifests/${reference}`, { method: 'HEAD' });
      expect(head.status).toBe(200);
      expect(head.headers['content-length']).toBe(String(manifest.bytes.byteLength));
      expect(head.headers['docker-content-digest']).toBe(manifest.digest);
      expect(head.body.byteLength).toBe(0);
    }
    const known = await ask('/v2/team/blobs/data/manifests/prod-2024-05', { headers: { 'if-none-match': `"${manifest.digest}"` } });
    expect(known.status).toBe(304);
    expect(known.body.byteLength).toBe(0);
  });

  it.each([
    ['/v2/team/blobs/data/manifests/nothing', 404, 'MANIFEST_UNKNOWN'],
    ['/v2/nothing/manifests/prod-2024-05', 404, 'MANIFEST_UNKNOWN'],
    ['/v2/dynamease/manifests/prod-2024-05', 404, 'MANIFEST_UNKNOWN'],
    [`/v2/dynamease/manifests/${digestOf('missing')}`, 404, 'MANIFEST_UNKNOWN'],
    ['/v2/dynamease/manifests/sha256:12', 400, 'DIGEST_INVALID'],
    ['/v2/dynamease/manifests/.hidden', 404, 'MANIFEST_UNKNOWN'],
    ['/v2/Upper/manifests/x', 400, 'NAME_INVALID'],
    ['/v2/dynamease/referrers/x', 400, 'DIGEST_INVALID'],
    ['/v2/dynamease/blobs/uploads/x', 404, 'BLOB_UPLOAD_UNKNOWN'],
    ['/v2/dynamease/tags/other', 404, 'NAME_UNKNOWN'],
    ['/v2/dynamease/blobs/sha256:xyz', 400, 'DIGEST_INVALID'],
    [`/v2/dynamease/blobs/${digestOf('missing')}`, 404, 'BLOB_UNKNOWN'],
  ])('GET %s is %i %s', async (path, status, code) => {
    const answer = await ask(path);
    expect(answer.status).toBe(status);
    expect(errorCode(answer.body)).toBe(code);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    const head = await ask(path, { method: 'HEAD' });
    expect(head.status).toBe(status);
    expect(head.body.byteLength).toBe(0);
  });

  it.each([
    '/v2/../../etc/passwd',
    '/v2/%2e%2e/%2e%2e/etc/manifests/passwd',
    '/v2/a/../../tags/dynamease/manifests/one',
    '/v2/..%2F..%2Fetc/manifests/passwd',
    '/v2/dynamease/manifests/..%2F..%2Fone',
    '/v2/dynamease/manifests/%2e%2e',
    '/v2/dynamease/blobs/..%2f..%2f..%2fetc%2fpasswd',
    '/v2/dynamease/blobs/sha256:../../tags/dynamease/@/one',
    '/v2/dynamease%00/manifests/one',
    '/v2/dynamease/@/manifests/one',
    '/v2//manifests/one',
    '/v2/%ff/manifests/one',
  ])('GET %s gives nothing away', async (path) => {
    const answer = await ask(path);
    expect([400, 404]).toContain(answer.status);
    expect(answer.body.toString()).not.toContain('root:');
  });
});

describe('blobs', () => {
  const wholeOf = async (): Promise<Buffer> => (await ask(layerPath())).body;

  it('are served whole, composed or plain', async () => {
    for (const { digest, size } of [image.config, ...image.layers]) {
      const answer = await ask(`/v2/team/blobs/data/blobs/${digest}`);
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-length': String(size),
        'content-type': 'application/octet-stream',
        'accept-ranges': 'bytes',
        'docker-content-digest': digest,
        etag: `"${digest}"`,
      });
      expect(digestOf(answer.body)).toBe(digest);
      const head = await ask(`/v2/team/blobs/data/blobs/${digest}`, { method: 'HEAD' });
      expect(head.status).toBe(200);
      expect(head.headers['content-length']).toBe(String(size));
      expect(head.body.byteLength).toBe(0);
    }
  });

  it('are served in ranges', async () => {
    const whole = await wholeOf();
    const size = whole.byteLength;
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=500-1500', 500, 1501],
      ['bytes=70000-', 70_000, size],
      ['bytes=-100', size - 100, size],
      [`bytes=100-${size + 5000}`, 100, size],
      [`bytes=-${size + 1}`, 0, size],
    ] as const) {
      const answer = await ask(layerPath(), { headers: { range } });
      expect(answer.status).toBe(206);
      expect(answer.headers['content-range']).toBe(`bytes ${start}-${end - 1}/${size}`);
      expect(answer.headers['content-length']).toBe(String(end - start));
      expect(Buffer.compare(answer.body, whole.subarray(start, end))).toBe(0);
    }
  });

  it('refuse a range behind the end and ignore what they cannot read', async () => {
    const size = layer().size;
    for (const range of [`bytes=${size}-`, `bytes=${size + 5}-${size + 9}`, 'bytes=-0', 'bytes=5-2']) {
      const answer = await ask(layerPath(), { headers: { range } });
      expect(answer.status).toBe(416);
      expect(answer.headers['content-range']).toBe(`bytes */${size}`);
      expect(errorCode(answer.body)).toBe('RANGE_INVALID');
    }
    for (const range of ['bytes=0-1,5-6', 'lines=1-2', 'bytes=-', 'bytes=a-b']) {
      const answer = await ask(layerPath(), { headers: { range } });
      expect(answer.status).toBe(200);
      expect(answer.body.byteLength).toBe(size);
    }
    const other = await ask(layerPath(), { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
    expect(other.status).toBe(200);
    const same = await ask(layerPath(), { headers: { range: 'bytes=0-1', 'if-range': `"${layer().digest}"` } });
    expect(same.status).toBe(206);
  });

  it('are cut, not completed, when they turn out to be damaged', async () => {
    const bytes = sampleBytes(900_000, 44);
    const blob = { digest: digestOf(bytes), sizeBytes: bytes.byteLength };
    await registry.blobs.write(blob, bytes);
    const info = await composedLayer(registry.blobs, [
      { path: 'first', bytes: sampleBytes(600_000, 45) },
      { path: 'last', bytes },
    ]);
    await registry.catalog.putLink('dynamease', { digest: blob.digest, blob });
    await registry.catalog.putLink('dynamease', { digest: info.digest, blob: info });
    const damaged = Uint8Array.from(bytes);
    damaged[5] = (damaged[5] ?? 0) ^ 1;
    await objects.write(`blobs/sha256/${digestHex(blob.digest)}`, damaged, { sizeBytes: damaged.byteLength });
    const answer = await ask(`/v2/dynamease/blobs/${info.digest}`);
    expect(answer.status === 502 || !answer.isWhole).toBe(true);
    // One piece only: found out before anything is sent, so it can be said.
    const single = await ask(`/v2/dynamease/blobs/${blob.digest}`);
    expect(single.status).toBe(502);
    expect(errorCode(single.body)).toBe('UNKNOWN');
    expect(single.headers['docker-content-digest']).toBeUndefined();
    expect(registry.log()).toContain('DIGEST_MISMATCH');
  });

  it('stop being read when the client goes away', async () => {
    const store = createMemoryObjects();
    let openReads = 0;
    let readBytes = 0;
    const observed = {
      ...store,
      async read(...parameters: Parameters<typeof store.read>) {
        const found = await store.read(...parameters);
        if (!found) return undefined;
        const bytes = async function* (): AsyncGenerator<Uint8Array> {
          openReads += 1;
          try {
            for await (const piece of found.bytes) {
              for (let at = 0; at < piece.byteLength; at += 65_536) {
                readBytes += 65_536;
                yield piece.subarray(at, at + 65_536);
              }
            }
          } finally {
            openReads -= 1;
          }
        };
        return { info: found.info, bytes: bytes() };
      },
    };
    const other = await startRegistry({ objects: observed, build: () => async () => ({ digest: digestOf('unused') }) });
    const bytes = sampleBytes(64 * 1024 * 1024, 5);
    const blob = { digest: digestOf(bytes), sizeBytes: bytes.byteLength };
    await other.blobs.write(blob, bytes);
    await other.catalog.putLink('dynamease', { digest: blob.digest, blob });
    await new Promise<void>((resolve) => {
      const request = get(`${other.url}/v2/dynamease/blobs/${digestOf(bytes)}`, (response) => {
        response.once('data', () => {
          response.pause();
          setTimeout(() => request.destroy(), 100);
        });
        response.once('error', () => undefined);
        response.once('close', resolve);
      });
      request.once('error', () => undefined);
    });
    await expect.poll(() => openReads).toBe(0);
    expect(readBytes).toBeLessThan(bytes.byteLength / 2);
    expect(other.log()).not.toContain('"level":50');
    await other.stop();
  });
});

describe('tags/list', () => {
  it('gives the tags in order, page by page', async () => {
    const { digest } = await publishImage(registry, { repository: 'many/tags', layers: [] });
    const names = ['b', 'a', 'C', 'prod-2024-05', 'z.1'];
    for (const name of names) await registry.catalog.moveTag('many/tags', name, digest);
    const list = async (query: string) => {
      const answer = await ask(`/v2/many/tags/tags/list${query}`);
      return { status: answer.status, link: answer.headers.link, ...JSON.parse(answer.body.toString()) };
    };
    const sorted = [...names].sort();
    expect(await list('')).toEqual({ status: 200, link: undefined, name: 'many/tags', tags: sorted });
    const first = await list('?n=2');
    expect(first).toMatchObject({ tags: sorted.slice(0, 2), link: '</v2/many/tags/tags/list?n=2&last=a>; rel="next"' });
    const second = await list('?n=2&last=a');
    expect(second.tags).toEqual(sorted.slice(2, 4));
    const third = await list(`?n=2&last=${second.tags.at(-1)}`);
    expect(third).toMatchObject({ tags: sorted.slice(4), link: undefined });
    expect((await list('?n=0')).tags).toEqual([]);
    expect((await list('?last=zzz')).tags).toEqual([]);
    expect(await list('?n=x')).toMatchObject({ status: 400, errors: [{ code: 'PAGINATION_NUMBER_INVALID' }] });
    const unknown = await ask('/v2/no/such/tags/list');
    expect(unknown.status).toBe(404);
    expect(errorCode(unknown.body)).toBe('NAME_UNKNOWN');
  });

  it('knows a repository without tags', async () => {
    await publishImage(registry, { repository: 'untagged', layers: [] });
    const answer = await ask('/v2/untagged/tags/list');
    expect(JSON.parse(answer.body.toString())).toEqual({ name: 'untagged', tags: [] });
  });
});
