import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../core/index.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import {
  type Content,
  createOciClient,
  emptyType,
  errorCodesOf,
  indexType,
  jsonOf,
  locationOf,
  manifestType,
} from '../support/oci-client.ts';
import type { RawResponse } from '../support/raw-http.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';

// What the conformance suite asks for since it was written anew in 2026, with its settings for 1.1 and those for the specification in
// development (digest headers, cancelled uploads, tags as parameters), over both digest algorithms.

const name = 'conformance/repo1';
const otherName = 'conformance/repo2';
const exampleType = 'application/vnd.example.oci.conformance.v1';
const layerType = 'application/vnd.oci.image.layer.v1.tar';
const configType = 'application/vnd.oci.image.config.v1+json';

type Algorithm = 'sha256' | 'sha512';
const contentBy = (algorithm: Algorithm, bytes: Uint8Array | string): Content => {
  const copy = Uint8Array.from(Buffer.from(bytes));
  return { bytes: copy, digest: `${algorithm}:${createHash(algorithm).update(copy).digest('hex')}`, size: copy.byteLength };
};
const descriptor = (mediaType: string, { digest, size }: Content, more: object = {}) => ({ mediaType, digest, size, ...more });

let registry: RunningRegistry;
const client = createOciClient(() => registry.port);
const { send } = client;
const blobPath = (digest: string, repository = name): string => `/v2/${repository}/blobs/${digest}`;
const manifestPath = (reference: string): string => `/v2/${name}/manifests/${reference}`;
const begin = (query: Record<string, string> = {}, repository = name) => send('POST', `/v2/${repository}/blobs/uploads/`, { query });
const finish = (location: string, digest: string, body?: Uint8Array) =>
  send('PUT', location, { query: { digest }, headers: { 'content-type': 'application/octet-stream' }, ...(body ? { body } : {}) });

beforeAll(async () => {
  registry = await startRegistry({ objects: createMemoryObjects(), build: () => async () => ({ digest: digestOf('unused') }) });
});
afterAll(() => registry.stop());

const created = async (answer: RawResponse, { digest, bytes }: Content): Promise<void> => {
  expect(answer.status).toBe(201);
  expect(answer.headers['docker-content-digest']).toBe(digest);
  const found = await send('GET', locationOf(answer));
  expect(found.status).toBe(200);
  expect(Buffer.compare(found.body, bytes)).toBe(0);
};

const expectBlob = async ({ digest, bytes, size }: Content): Promise<void> => {
  for (const method of ['HEAD', 'GET']) {
    const answer = await send(method, blobPath(digest));
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'content-length': String(size), 'docker-content-digest': digest });
    expect(Buffer.compare(answer.body, method === 'GET' ? bytes : new Uint8Array())).toBe(0);
  }
};

const deleteAtOnce = async (path: string): Promise<void> => {
  expect((await send('DELETE', path)).status).toBe(202);
  expect((await send('HEAD', path)).status).toBe(404);
  expect((await send('DELETE', path)).status).toBe(404);
};

/** Sends the blob in three chunks; `wrong` also tries one at another place before each, and asks for the state after that. */
async function pushInChunks({ bytes, digest }: Content, options: { readonly wrong?: boolean; readonly putsLast?: boolean } = {}) {
  let location = locationOf(await begin());
  const size = Math.ceil(bytes.byteLength / 3);
  for (let start = 0; start < bytes.byteLength; start += size) {
    const chunk = bytes.subarray(start, start + size);
    if (options.wrong) {
      const refused = await client.patch(location, chunk, start + size >= bytes.byteLength ? 0 : start + size);
      expect(refused.status).toBe(416);
      const state = await send('GET', locationOf(refused));
      expect(state.status).toBe(204);
      expect(state.headers.range).toBe(`0-${Math.max(0, start - 1)}`);
      location = locationOf(state);
    }
    if (options.putsLast && start + size >= bytes.byteLength) {
      const range = { 'content-range': `${start}-${bytes.byteLength - 1}` };
      return send('PUT', location, { query: { digest }, headers: range, body: chunk });
    }
    const taken = await client.patch(location, chunk, start);
    expect(taken.status).toBe(202);
    location = locationOf(taken);
  }
  return finish(location, digest);
}

const ways: Readonly<Record<string, (content: Content) => Promise<RawResponse>>> = {
  'post only': ({ bytes, digest }) => send('POST', `/v2/${name}/blobs/uploads/`, { query: { digest }, body: bytes }),
  'post and put': async ({ bytes, digest }) => finish(locationOf(await begin()), digest, bytes),
  stream: async ({ bytes, digest }) => {
    const headers = { 'transfer-encoding': 'chunked' };
    const taken = await send('PATCH', locationOf(await begin()), { headers, body: bytes });
    expect(taken.status).toBe(202);
    return finish(locationOf(taken), digest);
  },
  chunked: (content) => pushInChunks(content),
  'chunked with the last one put': (content) => pushInChunks(content, { putsLast: true }),
};

it('an empty repository has no tags and no referrers', async () => {
  expect((await send('GET', '/v2/')).status).toBe(200);
  expect((await send('GET', `/v2/${name}/tags/list`)).status).toBe(404);
  const referrers = await send('GET', `/v2/${name}/referrers/${digestOf(randomUUID())}`);
  expect(referrers.status).toBe(200);
  expect(jsonOf(referrers)).toEqual({ schemaVersion: 2, mediaType: indexType, manifests: [] });
});

describe.each(['sha256', 'sha512'] as const)('blobs by %s', (algorithm) => {
  const random = (size = 3067): Content => contentBy(algorithm, randomBytes(size));

  it('are unknown before they are pushed', async () => {
    for (const method of ['HEAD', 'GET', 'DELETE']) expect((await send(method, blobPath(random().digest))).status).toBe(404);
  });

  it.each(Object.keys(ways))('are pushed: %s', async (way) => {
    for (const content of [random(), random(1)]) {
      await created((await ways[way]?.(content)) as RawResponse, content);
      await expectBlob(content);
      await deleteAtOnce(blobPath(content.digest));
    }
  });

  it('are pushed in chunks of which some come at a wrong place', async () => {
    for (const putsLast of [false, true]) {
      const content = random();
      await created(await pushInChunks(content, { wrong: true, putsLast }), content);
      await expectBlob(content);
      await deleteAtOnce(blobPath(content.digest));
    }
  });

  it('are mounted from another repository, named or not, if it has them', async () => {
    const content = random();
    const missing = await begin({ mount: content.digest, from: otherName });
    expect(missing.status).toBe(202);
    await created(await finish(locationOf(missing), content.digest, content.bytes), content);
    await deleteAtOnce(blobPath(content.digest));
    expect((await client.pushBlob(otherName, content)).status).toBe(201);
    for (const from of [{ from: otherName }, {}]) {
      await created(await begin({ mount: content.digest, ...from }), content);
      await expectBlob(content);
      await deleteAtOnce(blobPath(content.digest));
    }
    await deleteAtOnce(blobPath(content.digest, otherName));
  });

  it('are given up', async () => {
    const location = locationOf(await begin());
    expect((await send('DELETE', location, { headers: { 'content-length': '0' } })).status).toBe(204);
    for (const method of ['GET', 'DELETE', 'PATCH']) expect((await send(method, location)).status).toBe(404);
  });

  it('are given in ranges', async () => {
    const content = random(2048);
    expect((await client.pushBlob(name, content)).status).toBe(201);
    for (const [range, start, end] of [
      ['bytes=500-1499', 500, 1500],
      ['bytes=500-', 500, 2048],
      ['bytes=-500', 1548, 2048],
      ['bytes=2000-5000', 2000, 2048],
    ] as const) {
      const answer = await send('GET', blobPath(content.digest), { headers: { range } });
      expect(answer.status).toBe(206);
      expect(answer.headers).toMatchObject({
        'content-length': String(end - start),
        'content-range': `bytes ${start}-${end - 1}/2048`,
      });
      expect(Buffer.compare(answer.body, content.bytes.subarray(start, end))).toBe(0);
    }
    for (const range of ['bytes=500-0', 'bytes=5000-10000'])
      expect((await send('GET', blobPath(content.digest), { headers: { range } })).status).toBe(416);
    await deleteAtOnce(blobPath(content.digest));
  });

  it.each(['', '{}'])('may be %j', async (text) => {
    const content = contentBy(algorithm, text);
    for (const way of Object.keys(ways)) {
      if (text === '' && way !== 'post only' && way !== 'post and put') continue;
      await created((await ways[way]?.(content)) as RawResponse, content);
      await expectBlob(content);
      await deleteAtOnce(blobPath(content.digest));
    }
  });

  it.each(Object.keys(ways))('are refused where the digest is wrong: %s', async (way) => {
    const { bytes, digest, size } = random();
    const corrupt = { digest, size, bytes: Buffer.concat([bytes, Buffer.from('oh no')]) };
    const answer = (await ways[way]?.(corrupt)) as RawResponse;
    expect(answer.status).toBe(400);
    expect(errorCodesOf(answer)).toEqual(['DIGEST_INVALID']);
    expect((await send('HEAD', blobPath(digest))).status).toBe(404);
  });
});

type Pushed = {
  readonly blobs: Content[];
  readonly manifests: Content[];
  readonly tags: Map<string, Content>;
  readonly referrers: Content[];
};
type ImageOptions = {
  readonly algorithm?: Algorithm;
  readonly layers?: number;
  readonly layerBytes?: string;
  readonly layerMediaType?: string;
  readonly config?: { readonly mediaType: string; readonly text: string };
  readonly hasData?: boolean;
  readonly more?: object;
};

/** Data sets as the suite makes them: blobs and manifests, to be pushed in this order. */
function dataSet() {
  const pushed: Pushed = { blobs: [], manifests: [], tags: new Map(), referrers: [] };
  const manifest = (value: object, algorithm: Algorithm = 'sha256'): Content => {
    const content = contentBy(algorithm, JSON.stringify(value));
    pushed.manifests.push(content);
    return content;
  };
  const blob = (algorithm: Algorithm, bytes: Uint8Array | string): Content => {
    const content = contentBy(algorithm, bytes);
    pushed.blobs.push(content);
    return content;
  };
  const image = (options: ImageOptions = {}): Content => {
    const { algorithm = 'sha256', layers = 2, layerMediaType = layerType, hasData = false } = options;
    const data = ({ bytes }: Content) => (hasData ? { data: Buffer.from(bytes).toString('base64') } : {});
    const layerBlobs = Array.from({ length: layers }, () => blob(algorithm, options.layerBytes ?? randomBytes(2048)));
    const text = options.config?.text ?? JSON.stringify({ author: randomUUID(), os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
    const config = blob(algorithm, text);
    const value = {
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor(options.config?.mediaType ?? configType, config, data(config)),
      layers: layerBlobs.map((layer) => descriptor(layerMediaType, layer, data(layer))),
      ...options.more,
    };
    return manifest(value, algorithm);
  };
  const index = (children: readonly (readonly [Content, string])[], more: object = {}, algorithm: Algorithm = 'sha256'): Content => {
    const manifests = children.map(([child, mediaType]) =>
      descriptor(mediaType, child, { platform: { os: 'linux', architecture: 'amd64' } }),
    );
    return manifest({ schemaVersion: 2, mediaType: indexType, manifests, ...more }, algorithm);
  };
  return { pushed, image, index, blob, manifest };
}

const artifact: ImageOptions = { layers: 1, layerMediaType: exampleType, config: { mediaType: emptyType, text: '{}' } };
const notes = () => ({ annotations: { 'org.opencontainers.conformance': 'hello conformance test', [randomUUID()]: randomUUID() } });

/** One kind of content each. */
const kinds: Readonly<Record<string, () => Pushed>> = {
  image() {
    const { pushed, image } = dataSet();
    pushed.tags.set('image', image());
    return pushed;
  },
  'image with a large manifest'() {
    const { pushed, image } = dataSet();
    const annotations = Object.fromEntries(Array.from({ length: 390 }, (_, at) => [`large-annotation-${at}`, 'A'.repeat(10_000)]));
    pushed.tags.set('large-manifest', image({ more: { annotations } }));
    return pushed;
  },
  'nested index'() {
    const { pushed, image, index } = dataSet();
    const inner = () =>
      index([
        [image(), manifestType],
        [image(), manifestType],
      ]);
    const children = [inner(), inner()].map((child) => [child, indexType] as const);
    pushed.tags.set('index-of-index', index(children));
    return pushed;
  },
  'empty index'() {
    const { pushed, index } = dataSet();
    pushed.tags.set('index', index([]));
    return pushed;
  },
  artifact() {
    const { pushed, image } = dataSet();
    pushed.tags.set('artifact', image({ ...artifact, more: { artifactType: exampleType } }));
    return pushed;
  },
  'artifact index'() {
    const { pushed, image, index } = dataSet();
    const child = image({ ...artifact, more: { artifactType: exampleType } });
    pushed.tags.set('artifact-index', index([[child, manifestType]], { artifactType: exampleType }));
    return pushed;
  },
  'artifact without layers'() {
    const { pushed, image } = dataSet();
    const nothing = { ...artifact, layerBytes: '{}', layerMediaType: emptyType };
    pushed.tags.set('artifact-without-layers', image({ ...nothing, more: { artifactType: exampleType } }));
    return pushed;
  },
  'artifacts with a subject'() {
    const { pushed, image } = dataSet();
    const subject = image();
    pushed.tags.set('image', subject);
    const about = { subject: descriptor(manifestType, subject) };
    pushed.referrers.push(image({ more: about }));
    for (const type of [exampleType, `${exampleType}.other`]) {
      const one = image({ ...artifact, more: { artifactType: type, ...about, ...notes() } });
      pushed.referrers.push(one);
      pushed.tags.set(`tagged-${pushed.referrers.length}`, one);
    }
    return pushed;
  },
  'index with a subject'() {
    const { pushed, image, index } = dataSet();
    const subject = index([[image(), manifestType]]);
    pushed.tags.set('index', subject);
    const about = { artifactType: exampleType, subject: descriptor(indexType, subject), ...notes() };
    const one = index([[image(artifact), manifestType]], about);
    pushed.referrers.push(one);
    return pushed;
  },
  'missing subject'() {
    const { pushed, image } = dataSet();
    const subject = { mediaType: manifestType, digest: digestOf(randomUUID()), size: 123 };
    pushed.referrers.push(image({ ...artifact, more: { artifactType: exampleType, subject, ...notes() } }));
    return pushed;
  },
  'data in descriptors'() {
    const { pushed, image } = dataSet();
    pushed.tags.set('data-field', image({ hasData: true }));
    return pushed;
  },
  'layers that are elsewhere'() {
    const { pushed, blob, manifest } = dataSet();
    const digest = digestOf(randomUUID());
    const elsewhere = { digest, size: 123456, urls: [`https://store.example.com/blobs/${digest}`] };
    const value = {
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor(configType, blob('sha256', JSON.stringify({ os: 'linux', author: randomUUID() }))),
      layers: [
        { mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', ...elsewhere },
        { mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar', ...elsewhere },
        descriptor(layerType, blob('sha256', randomBytes(100))),
      ],
    };
    pushed.tags.set('non-distributable-image', manifest(value));
    return pushed;
  },
  'fields of somebody'() {
    const { pushed, image, index } = dataSet();
    const more = { [`org.${randomUUID()}`]: { a: [1, null] } };
    pushed.tags.set('custom-fields', index([[image({ more }), manifestType]], more));
    return pushed;
  },
  'no layers'() {
    const { pushed, image } = dataSet();
    pushed.tags.set('no-layers', image({ layers: 0 }));
    return pushed;
  },
  'everything by SHA-512'() {
    const { pushed, image, index } = dataSet();
    index([[image({ algorithm: 'sha512' }), manifestType]], {}, 'sha512');
    return pushed;
  },
};

describe.each(Object.keys(kinds))('content: %s', (kind) => {
  const { blobs, manifests, tags, referrers } = (kinds[kind] as () => Pushed)();
  const documentOf = ({ bytes }: Content) => JSON.parse(Buffer.from(bytes).toString());
  const expectManifest = async (path: string, content: Content): Promise<void> => {
    for (const method of ['HEAD', 'GET']) {
      const answer = await send(method, path, { headers: { accept: `${indexType}, ${manifestType}` } });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': documentOf(content).mediaType,
        'content-length': String(content.size),
        'docker-content-digest': content.digest,
      });
      expect(Buffer.compare(answer.body, method === 'GET' ? content.bytes : new Uint8Array())).toBe(0);
    }
  };

  it('is pushed', async () => {
    for (const blob of blobs) expect((await client.pushBlob(name, blob)).status).toBe(201);
    for (const [reference, content] of [...manifests.map((content) => [content.digest, content] as const), ...tags]) {
      const { mediaType, subject } = documentOf(content);
      const answer = await client.pushManifest(name, reference, content, mediaType);
      expect(answer.status).toBe(201);
      expect(answer.headers['docker-content-digest']).toBe(content.digest);
      expect(answer.headers['oci-subject']).toBe(subject?.digest);
      await expectManifest(locationOf(answer), content);
    }
  });

  it('is listed, found and pulled', async () => {
    const listed: string[] = jsonOf(await send('GET', `/v2/${name}/tags/list`)).tags;
    for (const tag of tags.keys()) expect(listed).toContain(tag);
    for (const [tag, content] of tags) await expectManifest(manifestPath(tag), content);
    for (const content of manifests) await expectManifest(manifestPath(content.digest), content);
    for (const blob of blobs) await expectBlob(blob);
  });

  const [referrer] = referrers;
  if (referrer)
    it('is found by its subject', async () => {
      const expected = referrers.map((content) => {
        const { mediaType, artifactType, config, annotations } = documentOf(content);
        const type = artifactType ?? config?.mediaType;
        return { mediaType, digest: content.digest, size: content.size, artifactType: type, ...(annotations ? { annotations } : {}) };
      });
      const { digest } = documentOf(referrer).subject;
      const sorted = (entries: { digest: string }[]) => [...entries].sort((a, b) => (a.digest < b.digest ? -1 : 1));
      const all = await send('GET', `/v2/${name}/referrers/${digest}`);
      expect(all.headers['oci-filters-applied']).toBeUndefined();
      expect(sorted(jsonOf(all).manifests)).toEqual(sorted(expected));
      for (const { artifactType } of expected) {
        const some = await send('GET', `/v2/${name}/referrers/${digest}`, { query: { artifactType } });
        expect(some.headers['oci-filters-applied']).toBe('artifactType');
        expect(sorted(jsonOf(some).manifests)).toEqual(sorted(expected.filter((entry) => entry.artifactType === artifactType)));
      }
    });

  it('is deleted at once', async () => {
    for (const tag of tags.keys()) await deleteAtOnce(manifestPath(tag));
    for (const { digest } of [...manifests].reverse()) await deleteAtOnce(manifestPath(digest));
    for (const digest of new Set(blobs.map((blob) => blob.digest))) await deleteAtOnce(blobPath(digest));
  });
});

describe.each(['sha256', 'sha512'] as const)('tags as parameters of a manifest by %s', (algorithm) => {
  it('are set with it', async () => {
    const { pushed, image } = dataSet();
    const content = image({ algorithm });
    for (const blob of pushed.blobs) expect((await client.pushBlob(name, blob)).status).toBe(201);
    const answer = await client.pushManifest(name, `${content.digest}?tag=first&tag=second`, content);
    expect(answer.status).toBe(201);
    expect(answer.headers['oci-tag']).toBe('first, second');
    for (const tag of ['first', 'second']) {
      expect((await send('HEAD', manifestPath(tag))).headers['docker-content-digest']).toBe(content.digest);
      await deleteAtOnce(manifestPath(tag));
    }
    await deleteAtOnce(manifestPath(content.digest));
  });
});

describe('manifests that are wrong', () => {
  it('are unknown where they were not pushed', async () => {
    expect((await send('GET', manifestPath(digestOf(randomUUID())))).status).toBe(404);
    expect((await send('GET', manifestPath('missing-tag'))).status).toBe(404);
  });

  it('are refused where their digest is another one, or none', async () => {
    const { pushed, image } = dataSet();
    const content = image();
    for (const blob of pushed.blobs) expect((await client.pushBlob(name, blob)).status).toBe(201);
    const changed = { bytes: Buffer.concat([content.bytes, Buffer.from('  ')]) };
    const refusals = [
      await client.pushManifest(name, content.digest, changed),
      await client.pushManifest(name, 'sha256:baddigest', content),
    ];
    for (const refused of [...refusals, await send('GET', manifestPath('sha256:baddigest'))]) {
      expect(refused.status).toBe(400);
      expect(errorCodesOf(refused)).toEqual(['DIGEST_INVALID']);
    }
    expect((await send('HEAD', manifestPath(content.digest))).status).toBe(404);
  });
});
