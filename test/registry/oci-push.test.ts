import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, type ObjectStore } from '../../core/index.ts';
import { createFolderObjects, createMemoryObjects } from '../../storage/index.ts';
import { startGuardedRegistry } from '../support/guarded-registry.ts';
import { times } from '../support/many-times.ts';
import { contentOf, createOciClient, errorCodesOf, jsonContent, jsonOf, locationOf, manifestType } from '../support/oci-client.ts';
import { publishImage } from '../support/published-image.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { listOf, sampleBytes } from '../support/stream-samples.ts';

const name = 'team/app';
/** For what comes soon, but not at once. */
const patience = { timeout: 20_000 };
const build = () => async () => ({ digest: digestOf('unused') });
let objects: ObjectStore;
let registry: RunningRegistry;
const client = createOciClient(() => registry.port);
const { send } = client;
const begin = async (): Promise<string> => locationOf(await send('POST', `/v2/${name}/blobs/uploads/`));
const keys = async (prefix = '') => (await listOf(objects.list(prefix))).map(({ key }) => key);
const descriptor = ({ digest, size }: { digest: string; size: number }) => ({ mediaType: 'application/octet-stream', digest, size });

beforeEach(async () => {
  objects = createMemoryObjects();
  registry = await startRegistry({ objects, build });
});
afterEach(async () => {
  expect(registry.log()).not.toContain('"level":50');
  await registry.stop();
});

/** Pushes an image of these blobs' bytes and gives its manifest. */
async function pushImage(repository: string, reference: string, texts: readonly string[], more: object = {}) {
  const blobs = texts.map((text) => contentOf(text));
  for (const blob of blobs) expect((await client.pushBlob(repository, blob)).status).toBe(201);
  const [config, ...layers] = blobs.map(descriptor);
  const manifest = jsonContent({ schemaVersion: 2, mediaType: manifestType, config, layers, ...more });
  expect((await client.pushManifest(repository, reference, manifest)).status).toBe(201);
  return { manifest, blobs };
}

/** Begins a PATCH of unknown length whose pieces are sent by hand. */
function openPatch(path: string) {
  const request = httpRequest({ host: '127.0.0.1', port: registry.port, path, method: 'PATCH', agent: false });
  const status = new Promise<number>((resolve) => {
    request.once('response', (response) => resolve(response.resume().statusCode ?? 0));
    request.once('error', () => resolve(0));
  });
  return { request, status };
}

describe('an upload', () => {
  it('goes on in another process after a restart, from what was acknowledged', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dyn-data-upload-'));
    try {
      const open = () => createFolderObjects({ folder, newId: randomUUID });
      let other = await startRegistry({ objects: await open(), build });
      const its = createOciClient(() => other.port);
      const { bytes, digest } = contentOf(sampleBytes(6_000_000, 1));
      let location = locationOf(await its.send('POST', `/v2/${name}/blobs/uploads/`));
      for (let start = 0; start < bytes.byteLength; start += 2_500_000) {
        const patched = await its.patch(location, bytes.subarray(start, start + 2_500_000), start);
        expect(patched.status).toBe(202);
        await other.stop();
        other = await startRegistry({ objects: await open(), build });
        const state = await its.send('GET', locationOf(patched));
        expect(state.headers.range).toBe(`0-${Math.min(start + 2_500_000, bytes.byteLength) - 1}`);
        location = locationOf(state);
      }
      expect((await its.send('PUT', location, { query: { digest } })).status).toBe(201);
      expect(Buffer.compare((await its.send('GET', `/v2/${name}/blobs/${digest}`)).body, bytes)).toBe(0);
      await other.stop();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('refuses the later one of two requests that add to it at once', async () => {
    const location = await begin();
    const first = openPatch(location);
    first.request.write(sampleBytes(5_000_000, 1));
    // Its first piece is stored, so it has begun.
    await expect.poll(async () => (await keys('uploads/')).length, patience).toBe(2);
    const second = await client.patch(location, Buffer.from('quick'));
    expect(second.status).toBe(202);
    first.request.end(' and late');
    expect(await first.status).toBe(409);
    const state = await send('GET', location);
    expect(state.headers.range).toBe('0-4');
    expect((await send('PUT', location, { query: { digest: digestOf('quick') } })).status).toBe(201);
    expect(await keys('uploads/')).toEqual([]);
  });

  it('keeps nothing of a request whose client went away, and goes on', async () => {
    const location = await begin();
    const cut = openPatch(location);
    cut.request.write(sampleBytes(5_000_000, 1));
    await expect.poll(async () => (await keys('uploads/')).length, patience).toBe(2);
    cut.request.destroy();
    await expect.poll(async () => (await keys('uploads/')).length, patience).toBe(1);
    expect((await client.patch(location, Buffer.from('again'))).status).toBe(202);
    expect((await send('PUT', location, { query: { digest: digestOf('again') } })).status).toBe(201);
  });

  it('takes chunks only in order and of their length, and says where it is', async () => {
    const location = await begin();
    expect((await client.patch(location, Buffer.from('0123456789'), 0)).status).toBe(202);
    for (const range of ['9-12', '11-14', '0-3', '10', 'bytes 10-13/*', '10-', '-4', 'x-y', '13-10', '99999999999999999999-1']) {
      const refused = await send('PATCH', location, { headers: { 'content-range': range }, body: 'abcd' });
      expect(refused.status).toBe(416);
      expect(refused.headers).toMatchObject({ range: '0-9', location });
      expect(errorCodesOf(refused)).toEqual(['RANGE_INVALID']);
    }
    const short = await send('PATCH', location, { headers: { 'content-range': '10-20' }, body: 'abcd' });
    expect([short.status, errorCodesOf(short)[0]]).toEqual([400, 'SIZE_INVALID']);
    for (const range of ['10-20', '10-12']) {
      const headers = { 'content-range': range, 'transfer-encoding': 'chunked' };
      const wrong = await send('PATCH', location, { headers, body: 'abcd' });
      expect([wrong.status, errorCodesOf(wrong)[0]]).toEqual([400, 'SIZE_INVALID']);
    }
    expect((await send('GET', location)).headers.range).toBe('0-9');
    expect((await client.patch(location, Buffer.from('abcd'), 10)).status).toBe(202);
    expect((await send('PUT', location, { query: { digest: digestOf('0123456789abcd') } })).status).toBe(201);
  });

  it('ends with its blob, with a wrong digest and with DELETE, leaving nothing', async () => {
    const done = await begin();
    await client.patch(done, Buffer.from('done'));
    expect((await send('PUT', done, { query: { digest: digestOf('done') } })).status).toBe(201);
    const wrong = await begin();
    await client.patch(wrong, Buffer.from('wrong'));
    const before = (await keys()).filter((key) => !key.startsWith('uploads/'));
    expect((await send('PUT', wrong, { query: { digest: digestOf('right') } })).status).toBe(400);
    const cancelled = await begin();
    await client.patch(cancelled, Buffer.from('cancelled'));
    expect((await send('DELETE', cancelled)).status).toBe(204);
    for (const location of [done, wrong, cancelled]) {
      const answer = await send('GET', location);
      expect([answer.status, errorCodesOf(await send('PATCH', location, { body: 'x' }))[0]]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    }
    expect(await keys()).toEqual(before);
  });

  it('stays when its end is asked for without a valid digest', async () => {
    const location = await begin();
    await client.patch(location, Buffer.from('kept'));
    for (const query of [
      {},
      { digest: 'md5:d41d8cd98f00b204e9800998ecf8427e' },
      { digest: 'sha256:12' },
      { digest: `SHA256:${'a'.repeat(64)}` },
    ]) {
      const refused = await send('PUT', location, { query });
      expect([refused.status, errorCodesOf(refused)[0]]).toEqual([400, 'DIGEST_INVALID']);
    }
    expect((await send('PUT', location, { query: { digest: digestOf('kept') } })).status).toBe(201);
  });
});

describe('a repository', () => {
  it('gives out no blob of another one, however it is asked for', async () => {
    const secret = contentOf('only of the other repository');
    expect((await client.pushBlob('secret/data', secret)).status).toBe(201);
    for (const method of ['GET', 'HEAD', 'DELETE']) expect((await send(method, `/v2/${name}/blobs/${secret.digest}`)).status).toBe(404);
    // Without the bytes nothing is pushed, although they are stored.
    const other = Buffer.from('x'.repeat(secret.size));
    for (const wrong of [other, Buffer.alloc(0)]) {
      const { digest } = secret;
      expect((await send('POST', `/v2/${name}/blobs/uploads/`, { query: { digest }, body: wrong })).status).toBe(400);
      expect((await send('PUT', await begin(), { query: { digest }, body: wrong })).status).toBe(400);
    }
    // Nor does naming it in a manifest help, as a layer, as one that is elsewhere, or as data of its own.
    const config = contentOf('{}');
    await client.pushBlob(name, config);
    const named = (layer: object) =>
      jsonContent({ schemaVersion: 2, mediaType: manifestType, config: descriptor(config), layers: [layer] });
    const refused = await client.pushManifest(name, 'x', named(descriptor(secret)));
    expect([refused.status, jsonOf(refused).errors]).toEqual([
      400,
      [{ code: 'MANIFEST_BLOB_UNKNOWN', message: expect.any(String), detail: { digest: secret.digest } }],
    ]);
    const elsewhere = named({ ...descriptor(secret), urls: ['https://example.com/layer'] });
    expect((await client.pushManifest(name, 'x', elsewhere)).status).toBe(201);
    expect((await send('GET', `/v2/${name}/blobs/${secret.digest}`)).status).toBe(404);
  });

  it('takes over a blob only from where the client may pull, named or found', async () => {
    const guarded = await startGuardedRegistry(objects);
    const clientOf = async (...repositories: string[]) =>
      createOciClient(() => guarded.port, (await guarded.issue('operator', repositories)).text);
    const everywhere = await clientOf('*');
    const its = await clientOf(name, 'public/data');
    const secret = contentOf('secret');
    const shared = contentOf('public');
    await everywhere.pushBlob('secret/data', secret);
    await everywhere.pushBlob('public/data', shared);
    const mount = async (query: Record<string, string>, by = its) =>
      (await by.send('POST', `/v2/${name}/blobs/uploads/`, { query })).status;
    expect(await mount({ mount: secret.digest, from: 'secret/data' })).toBe(202);
    expect(await mount({ mount: secret.digest })).toBe(202);
    expect(await mount({ mount: secret.digest, from: 'public/data' })).toBe(202);
    expect(await mount({ mount: shared.digest, from: 'public/data' })).toBe(201);
    expect(await mount({ mount: 'sha256:nonsense', from: 'public/data' })).toBe(202);
    expect(await mount({ mount: shared.digest, from: '../public/data' })).toBe(202);
    expect((await its.send('HEAD', `/v2/${name}/blobs/${secret.digest}`)).status).toBe(404);
    const listed = await its.send('GET', '/v2/_catalog');
    expect(jsonOf(listed)).toEqual({ repositories: ['public/data', name] });
    const blob = `/v2/secret/data/blobs/${secret.digest}`;
    for (const [method, path] of [
      ['GET', blob],
      // A request may name the whole address: what is checked must be what is done.
      ['GET', `http://127.0.0.1:${guarded.port}${blob}?x=1`],
      ['GET', '/v2/secret/data/tags/list'],
      ['PUT', '/v2/secret/data/manifests/x'],
      ['POST', '/v2/secret/data/blobs/uploads/'],
    ] as const) {
      const denied = await its.send(method, path);
      expect([method, path, denied.status, errorCodesOf(denied)]).toEqual([method, path, 403, ['DENIED']]);
    }
    expect((await everywhere.send('GET', blob)).status).toBe(200);
    expect(await mount({ mount: secret.digest }, everywhere)).toBe(201);
    await guarded.stop();
  });

  it('keeps a blob as long as a manifest needs it, and the bytes as long as anybody does', async () => {
    const one = await pushImage(name, 'one', ['config 1', 'shared layer']);
    const two = await pushImage(name, 'two', ['config 2', 'shared layer']);
    const elsewhere = await pushImage('team/other', 'one', ['config 1', 'shared layer']);
    const layer = digestOf('shared layer');
    for (const { manifest } of [one, two]) {
      const refused = await send('DELETE', `/v2/${name}/blobs/${layer}`);
      expect([refused.status, errorCodesOf(refused)[0]]).toEqual([405, 'UNSUPPORTED']);
      expect((await send('DELETE', `/v2/${name}/manifests/${manifest.digest}`)).status).toBe(202);
    }
    expect((await send('DELETE', `/v2/${name}/blobs/${layer}`)).status).toBe(202);
    expect((await send('GET', `/v2/${name}/blobs/${layer}`)).status).toBe(404);
    expect((await send('GET', `/v2/team/other/blobs/${layer}`)).body.toString()).toBe('shared layer');
    expect((await send('GET', `/v2/team/other/manifests/${elsewhere.manifest.digest}`)).status).toBe(200);
  });

  it('keeps what a manifest needs when that comes while the blob is being deleted, or the other way round', async () => {
    const blob = contentOf('{}');
    const manifest = jsonContent({ schemaVersion: 2, mediaType: manifestType, config: descriptor(blob), layers: [] });
    // The same store in another replica, which does something between two steps of ours.
    const between: { removing?: () => Promise<unknown>; storing?: () => Promise<unknown> } = {};
    const other = await startRegistry({
      objects: {
        ...objects,
        async remove(key, signal) {
          if (key.startsWith('links/')) await between.removing?.();
          await objects.remove(key, signal);
        },
        async write(key, ...rest) {
          if (key.startsWith('manifests/')) await between.storing?.();
          return objects.write(key, ...rest);
        },
      },
      build,
    });
    const its = createOciClient(() => other.port);
    await client.pushBlob(name, blob);
    between.removing = () => client.pushManifest(name, 'one', manifest);
    expect((await its.send('DELETE', `/v2/${name}/blobs/${blob.digest}`)).status).toBe(405);
    expect((await send('GET', `/v2/${name}/blobs/${blob.digest}`)).status).toBe(200);
    await send('DELETE', `/v2/${name}/manifests/${manifest.digest}`);
    between.storing = () => send('DELETE', `/v2/${name}/blobs/${blob.digest}`);
    expect((await its.pushManifest(name, 'one', manifest)).status).toBe(201);
    expect((await send('GET', `/v2/${name}/blobs/${blob.digest}`)).status).toBe(200);
    await other.stop();
  });

  it('says that it has no blob whose bytes are gone, so that they are sent again', async () => {
    const blob = contentOf('lost');
    await client.pushBlob(name, blob);
    await objects.remove(`blobs/sha256/${blob.digest.slice('sha256:'.length)}`);
    for (const method of ['HEAD', 'GET']) {
      const answer = await send(method, `/v2/${name}/blobs/${blob.digest}`);
      expect(answer.status).toBe(404);
      expect(answer.headers['docker-content-digest']).toBeUndefined();
    }
    expect((await client.pushBlob(name, blob)).status).toBe(201);
    expect((await send('GET', `/v2/${name}/blobs/${blob.digest}`)).body.toString()).toBe('lost');
  });

  it('loses a snapshot with its manifest, and no other one', async () => {
    const files = [[{ path: 'snapshot/a', bytes: sampleBytes(1000, 1) }]];
    const first = await publishImage(registry, { repository: 'dynamease', tag: 'first', layers: files });
    const second = await publishImage(registry, { repository: 'dynamease', tag: 'second', layers: [...files, ...files] });
    await publishImage(registry, { repository: 'archive', tag: 'first', layers: files });
    expect((await send('DELETE', `/v2/dynamease/manifests/${first.digest}`)).status).toBe(202);
    const snapshots = await send('GET', '/api/v1/repositories/dynamease/snapshots');
    expect(jsonOf(snapshots).items.map(({ digest, tags }: { digest: string; tags: string[] }) => [digest, tags])).toEqual([
      [second.digest, ['second']],
    ]);
    expect((await send('GET', `/api/v1/repositories/archive/snapshots/${first.digest}`)).status).toBe(200);
    for (const repository of ['dynamease', 'archive']) {
      const reference = repository === 'archive' ? 'first' : 'second';
      const manifest = jsonOf(await send('GET', `/v2/${repository}/manifests/${reference}`));
      for (const { digest } of [manifest.config, ...manifest.layers])
        expect(digestOf((await send('GET', `/v2/${repository}/blobs/${digest}`)).body)).toBe(digest);
    }
  });
});

describe('a manifest', () => {
  it.each([
    ['application/vnd.docker.distribution.manifest.v2+json', {}],
    ['application/vnd.cncf.helm.chart.v9+json', { anything: [1, 2] }],
  ])('of type %s is stored and served byte for byte', async (mediaType, more) => {
    const config = contentOf('{"a": 1}');
    await client.pushBlob(name, config);
    const bytes = Buffer.from(
      `${JSON.stringify({ ...more, config: descriptor(config), mediaType, layers: [], schemaVersion: 2 }, null, 3)}\n\n`,
    );
    const pushed = await client.pushManifest(name, 'odd', { bytes }, `${mediaType}; charset=utf-8`);
    expect(pushed.status).toBe(201);
    const got = await send('GET', `/v2/${name}/manifests/odd`, { headers: { accept: 'application/json' } });
    expect(got.headers['content-type']).toBe(mediaType);
    expect(Buffer.compare(got.body, bytes)).toBe(0);
  });

  it('has the type that it says where none was sent with it', async () => {
    const { manifest } = await pushImage(name, 'one', ['{}', 'layer']);
    const pushed = await send('PUT', `/v2/${name}/manifests/two`, { body: manifest.bytes });
    expect(pushed.status).toBe(201);
    expect((await send('HEAD', `/v2/${name}/manifests/two`)).headers['content-type']).toBe(manifestType);
  });

  it('is refused where it is none', async () => {
    const config = contentOf('{}');
    await client.pushBlob(name, config);
    const whole = { schemaVersion: 2, mediaType: manifestType, config: descriptor(config), layers: [] };
    const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] };
    const refusals: [string, unknown, string?][] = [
      ['no JSON', 'blablabla'],
      ['nothing', ''],
      ['a list', []],
      ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
      ['another schema', { ...whole, schemaVersion: 1 }],
      ['no config', { ...whole, config: undefined }],
      ['no layers', { ...whole, layers: undefined }],
      ['of two kinds', { ...whole, manifests: [] }],
      ['an index with layers', { ...index, layers: [] }, index.mediaType],
      ['an index without manifests', { ...index, manifests: undefined }, index.mediaType],
      ['another type than it says', whole, index.mediaType],
      ['a digest that is none', { ...whole, layers: [{ ...descriptor(config), digest: 'sha256:../../x' }] }],
      ['a size that is none', { ...whole, layers: [{ ...descriptor(config), size: -1 }] }],
      ['a size that is wrong', { ...whole, layers: [{ ...descriptor(config), size: 3 }] }],
      ['a subject that is none', { ...whole, subject: { digest: 'latest' } }],
      ['no media type', whole, 'nonsense'],
    ];
    for (const [what, value, mediaType] of refusals) {
      const bytes = Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
      const refused = await client.pushManifest(name, 'wrong', { bytes }, mediaType);
      expect([what, refused.status, errorCodesOf(refused)]).toEqual([what, 400, ['MANIFEST_INVALID']]);
    }
    const missing = contentOf('missing');
    const sparse = { ...index, manifests: [{ ...descriptor(missing), mediaType: manifestType }] };
    const refused = await client.pushManifest(name, 'wrong', jsonContent(sparse), index.mediaType);
    expect([refused.status, errorCodesOf(refused)]).toEqual([400, ['MANIFEST_BLOB_UNKNOWN']]);
    for (const tag of ['.hidden', '-x', 'a'.repeat(129), '%20'])
      expect(errorCodesOf(await client.pushManifest(name, tag, jsonContent(whole)))).toEqual(['TAG_INVALID']);
    expect(await keys('manifests/')).toEqual([]);
    expect(await keys('tags/')).toEqual([]);
  });

  it('may have 4 MiB and no more, its length told or not', async () => {
    const config = contentOf('{}');
    await client.pushBlob(name, config);
    const ofSize = (size: number) => {
      const base = { schemaVersion: 2, mediaType: manifestType, config: descriptor(config), layers: [] };
      const filling = size - Buffer.byteLength(JSON.stringify({ ...base, annotations: { filling: '' } }));
      return Buffer.from(JSON.stringify({ ...base, annotations: { filling: 'x'.repeat(filling) } }));
    };
    const limit = 4 * 1024 * 1024;
    expect((await client.pushManifest(name, 'limit', { bytes: ofSize(limit) })).status).toBe(201);
    expect((await send('GET', `/v2/${name}/manifests/limit`)).body.byteLength).toBe(limit);
    for (const framing of [{}, { 'transfer-encoding': 'chunked' }]) {
      const headers = { 'content-type': manifestType, ...framing };
      const refused = await send('PUT', `/v2/${name}/manifests/over`, { headers, body: ofSize(limit + 1) });
      expect([refused.status, errorCodesOf(refused)]).toEqual([413, ['SIZE_INVALID']]);
    }
  });

  it('of an index of a build cache may name blobs', async () => {
    const blob = contentOf('cached layer');
    await client.pushBlob(name, blob);
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const index = jsonContent({ schemaVersion: 2, mediaType, manifests: [descriptor(blob)] });
    expect((await client.pushManifest(name, 'cache', index, mediaType)).status).toBe(201);
  });
});

describe('lists', () => {
  it('of repositories come in order and in pages', async () => {
    const names = ['b', 'a/b', 'a-b', 'a', 'a/b/c', 'z'];
    for (const repository of names) await client.pushBlob(repository, contentOf('x'));
    const sorted = [...names].sort();
    const list = async (path: string) => {
      const { status, headers, body } = await send('GET', path);
      return { status, link: headers.link, ...JSON.parse(body.toString()) };
    };
    expect(await list('/v2/_catalog')).toEqual({ status: 200, link: undefined, repositories: sorted });
    const seen: string[] = [];
    let path: string | undefined = '/v2/_catalog?n=2';
    while (path !== undefined) {
      const page: { link?: string; repositories: string[] } = await list(path);
      expect(page.repositories).toHaveLength(2);
      seen.push(...page.repositories);
      path = /^<([^>]+)>; rel="next"$/.exec(page.link ?? '')?.[1];
    }
    expect(seen).toEqual(sorted);
    expect(await list('/v2/_catalog?n=0')).toEqual({ status: 200, link: undefined, repositories: [] });
    expect(await list('/v2/_catalog?n=-1')).toMatchObject({ status: 400, errors: [{ code: 'PAGINATION_NUMBER_INVALID' }] });
    expect(await list('/v2/_catalog?last=zz')).toMatchObject({ repositories: [] });
  });

  it('of referrers that are too long for one answer come in pages', async () => {
    const subject = { mediaType: manifestType, digest: digestOf('subject'), size: 1 };
    const digests = new Set<string>();
    for (let index = 0; index < 5; index += 1) {
      const annotations = { index: String(index), filling: 'x'.repeat(1_000_000) };
      digests.add((await pushImage(name, `r${index}`, ['{}'], { subject, annotations, artifactType: 'a/b' })).manifest.digest);
    }
    const seen: string[] = [];
    let pages = 0;
    let path: string | undefined = `/v2/${name}/referrers/${subject.digest}?artifactType=a%2Fb`;
    while (path !== undefined) {
      const page = await send('GET', path);
      expect(page.body.byteLength).toBeLessThan(4 * 1024 * 1024);
      expect(page.headers['oci-filters-applied']).toBe('artifactType');
      seen.push(...jsonOf(page).manifests.map(({ digest }: { digest: string }) => digest));
      path = /^<([^>]+)>; rel="next"$/.exec(String(page.headers.link ?? ''))?.[1];
      pages += 1;
    }
    expect(pages).toBe(2);
    expect(seen).toHaveLength(5);
    expect(new Set(seen)).toEqual(digests);
  });
});

describe('a client that misbehaves', () => {
  let slow: RunningRegistry;
  beforeAll(async () => {
    slow = await startRegistry({ objects: createMemoryObjects(), build, bodyStallTimeoutMs: 200 });
  });
  afterAll(async () => {
    expect(slow.log()).not.toContain('"level":50');
    await slow.stop();
  });

  it.each(['/v2/a/manifests/x', '/v2/a/blobs/uploads/?digest='])(
    'is told so when it falls silent in the middle of a body: %s',
    async (path) => {
      const [method, query] = path.includes('uploads') ? ['POST', digestOf('x')] : ['PUT', ''];
      const headers = { 'content-type': manifestType, 'content-length': '1000' };
      const request = httpRequest({ host: '127.0.0.1', port: slow.port, path: `${path}${query}`, method, headers, agent: false });
      request.write('{');
      const status = await new Promise((resolve) => {
        request.once('response', (response) => resolve(response.resume().statusCode));
        request.once('error', resolve);
      });
      expect(status).toBe(408);
      request.destroy();
    },
  );

  it('gets no 500 and nothing foreign for whatever it sends', async () => {
    await pushImage(name, 'one', ['{}', 'layer']);
    const long = 'a'.repeat(5000);
    const hostile = [
      '..',
      '%2e%2e%2f',
      '%00',
      '%ff',
      '@',
      'sha256:',
      `sha256:${'A'.repeat(64)}`,
      `sha512:${'a'.repeat(64)}`,
      long,
      '{}',
      '%0d%0a',
      '*',
    ];
    const places = [
      ...['manifests', 'blobs', 'blobs/uploads', 'referrers', 'tags'].flatMap((kind) =>
        hostile.map((text) => `/v2/${name}/${kind}/${text}`),
      ),
      ...hostile.flatMap((text) => [`/v2/${text}/manifests/one`, `/v2/a/${text}/tags/list`, `/v2/${text}`]),
      ...hostile.flatMap((text) => [
        `/v2/${name}/tags/list?last=${text}&n=2`,
        `/v2/${name}/tags/list?n=${text}`,
        `/v2/_catalog?last=${text}`,
      ]),
      ...hostile.map((text) => `/v2/${name}/blobs/uploads/?mount=${text}&from=${text}`),
      ...hostile.map((text) => `/v2/${name}/blobs/uploads/?digest=${text}&digest=${text}`),
      ...hostile.map((text) => `/v2/${name}/referrers/${digestOf('x')}?artifactType=${text}&last=${text}`),
    ];
    const methods = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'PROPFIND'];
    for (const [at, method] of methods.entries()) {
      // Every place by some methods, every method at places of each kind; many times over, all.
      for (const place of places.filter((_place, index) => (index + at) % times(5, 1) === 0)) {
        const headers = { 'content-range': '1-0', range: 'bytes=-', 'content-type': '/', accept: long };
        const { status } = await send(method, place, { headers, ...(method === 'GET' || method === 'HEAD' ? {} : { body: '{"a":' }) });
        expect([method, place, status]).toEqual([method, place, expect.toSatisfy((code: number) => code >= 200 && code < 500)]);
      }
    }
    expect((await send('GET', `/v2/${name}/manifests/one`)).status).toBe(200);
    expect((await send('GET', '/v2/', { headers: { 'x-long': 'a'.repeat(20_000) } })).status).toBe(413);
    for (const key of await keys())
      expect(key).toMatch(/^(?:audit-head|(?:audit|blobs|links|manifests|tags|uploads)\/[A-Za-z0-9/@:._-]+)$/);
  }, 120_000);
});
