import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../core/index.ts';
import { createFolderObjects } from '../../storage/index.ts';
import {
  type Content,
  contentOf,
  createOciClient,
  emptyType,
  errorCodesOf,
  indexType,
  jsonContent,
  jsonOf,
  locationOf,
  manifestType,
} from '../support/oci-client.ts';
import type { RawResponse } from '../support/raw-http.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';

// What the conformance suite of the OCI Distribution Specification 1.1.0 asks for, test for test, with every workflow on and manifests
// deleted before blobs. Where it allows several answers and we have decided for one, that one is expected.

const name = 'conformance/one';
const crossMountName = 'conformance/two';
const unknownDigest = digestOf('hello world');
const annotationKey = 'org.opencontainers.conformance.test';
const typeA = 'application/vnd.nhl.peanut.butter.bagel';
const typeB = 'application/vnd.nba.strawberry.jam.croissant';
const knownCodes = [
  ...['BLOB_UNKNOWN', 'BLOB_UPLOAD_INVALID', 'BLOB_UPLOAD_UNKNOWN', 'DIGEST_INVALID', 'MANIFEST_BLOB_UNKNOWN', 'MANIFEST_INVALID'],
  ...['MANIFEST_UNKNOWN', 'NAME_INVALID', 'NAME_UNKNOWN', 'SIZE_INVALID', 'UNAUTHORIZED', 'DENIED', 'UNSUPPORTED'],
];

const descriptor = (mediaType: string, { digest, size }: Content) => ({ mediaType, digest, size });

/** A config of its own for each workflow. */
const configs = Array.from({ length: 5 }, () =>
  jsonContent({ author: randomUUID(), architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
);
const layer = contentOf(randomBytes(150));
const configDescriptor = (config: Content) => ({
  ...descriptor('application/vnd.oci.image.config.v1+json', config),
  data: Buffer.from(config.bytes).toString('base64'),
  newUnspecifiedField: Buffer.from('hello world').toString('base64'),
});
const manifests = configs.map((config) =>
  jsonContent({
    schemaVersion: 2,
    mediaType: manifestType,
    config: configDescriptor(config),
    layers: [descriptor('application/vnd.oci.image.layer.v1.tar+gzip', layer)],
  }),
);
const nth = (list: readonly Content[], index: number): Content => {
  const found = list[index];
  if (!found) throw new Error(`number ${index} expected`);
  return found;
};

const layerless = jsonContent({ schemaVersion: 2, config: configDescriptor(nth(configs, 1)), layers: [] });
const blobA = contentOf(randomBytes(42));
const blobB = contentOf(randomBytes(42));
const emptyJson = contentOf('{}');
const refBlobA = contentOf('NHL Peanut Butter on my NHL bagel');
const refBlobB = contentOf('NBA Strawberry Jam on my NBA croissant');

const subject = descriptor(manifestType, nth(manifests, 4));
const missingSubject = descriptor(manifestType, nth(manifests, 3));
const byConfig = (type: string, blob: Content, note: string) =>
  jsonContent({
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(type, blob),
    subject,
    layers: [descriptor(emptyType, emptyJson)],
    annotations: { [annotationKey]: note },
  });
const byLayer = (type: string, blob: Content, more: object) =>
  jsonContent({
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: type,
    config: descriptor(emptyType, emptyJson),
    layers: [descriptor(type, blob)],
    ...more,
  });
const aByConfig = byConfig(typeA, refBlobA, 'test config a');
const bByConfig = byConfig(typeB, refBlobB, 'test config b');
const aByLayer = byLayer(typeA, refBlobA, { subject, annotations: { [annotationKey]: 'test layer a' } });
const bByLayer = byLayer(typeB, refBlobB, { subject, annotations: { [annotationKey]: 'test layer b' } });
const cByLayer = byLayer(typeB, refBlobB, { subject: missingSubject });
const refIndex = jsonContent({
  schemaVersion: 2,
  mediaType: indexType,
  artifactType: 'application/vnd.food.stand',
  manifests: [descriptor(manifestType, aByConfig), descriptor(manifestType, aByLayer)],
  subject,
  annotations: { [annotationKey]: 'test index' },
});

let folder = '';
let registry: RunningRegistry;
const client = createOciClient(() => registry.port);
const { send } = client;
const blobPath = (digest: string, repository = name): string => `/v2/${repository}/blobs/${digest}`;
const manifestPath = (reference: string): string => `/v2/${name}/manifests/${reference}`;
const begin = () => send('POST', `/v2/${name}/blobs/uploads/`, { headers: { 'content-length': '0' } });
const pushed = async (work: Promise<RawResponse>): Promise<RawResponse> => {
  const answer = await work;
  expect(answer.status).toBe(201);
  expect(answer.headers.location).toBeTruthy();
  return answer;
};
const tagList = async (query: Record<string, string> = {}): Promise<string[]> => {
  const answer = await send('GET', `/v2/${name}/tags/list`, { query });
  expect(answer.status).toBe(200);
  return jsonOf(answer).tags;
};
const deleted = async (path: string): Promise<void> => {
  expect((await send('DELETE', path)).status).toBe(202);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-conformance-'));
  const objects = await createFolderObjects({ folder, newId: randomUUID });
  registry = await startRegistry({ objects, build: () => async () => ({ digest: digestOf('unused') }) });
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('Pull', () => {
  const tag = 'tagtest0';
  it('Setup', async () => {
    for (const blob of [nth(configs, 0), nth(configs, 1), layer]) await pushed(client.pushBlob(name, blob));
    await pushed(client.pushManifest(name, tag, nth(manifests, 0)));
    await pushed(client.pushManifest(name, nth(manifests, 1).digest, nth(manifests, 1)));
  });

  describe('Pull blobs', () => {
    it.each(['HEAD', 'GET'])('%s request to nonexistent blob should result in 404 response', async (method) => {
      expect((await send(method, blobPath(unknownDigest))).status).toBe(404);
    });
    it.each(['HEAD', 'GET'])('%s request to existing blob should yield 200', async (method) => {
      const answer = await send(method, blobPath(nth(configs, 0).digest));
      expect(answer.status).toBe(200);
      expect(answer.headers['docker-content-digest']).toBe(nth(configs, 0).digest);
    });
  });

  describe('Pull manifests', () => {
    const accept = { headers: { accept: manifestType } };
    it.each(['HEAD', 'GET'])('%s request to nonexistent manifest should return 404', async (method) => {
      expect((await send(method, manifestPath('.INVALID_MANIFEST_NAME'))).status).toBe(404);
    });
    it.each([
      ['HEAD', 0],
      ['HEAD', 1],
      ['GET', 0],
      ['GET', 1],
    ] as const)('%s request to manifest[%i] path (digest) should yield 200 response', async (method, index) => {
      const answer = await send(method, manifestPath(nth(manifests, index).digest), accept);
      expect(answer.status).toBe(200);
      expect(answer.headers['docker-content-digest']).toBe(nth(manifests, index).digest);
    });
    it.each(['HEAD', 'GET'])('%s request to manifest path (tag) should yield 200 response', async (method) => {
      const answer = await send(method, manifestPath(tag), accept);
      expect(answer.status).toBe(200);
      expect(answer.headers['docker-content-digest']).toBe(nth(manifests, 0).digest);
    });
  });

  it('400 response body should contain OCI-conforming JSON message', async () => {
    const sent = { headers: { 'content-type': manifestType }, body: 'blablabla' };
    for (const method of ['PUT', 'GET']) {
      const answer = await send(method, manifestPath('sha256:totallywrong'), sent);
      expect(answer.status).toBe(400);
      expect(knownCodes).toContain(errorCodesOf(answer)[0]);
    }
  });

  it('Teardown', async () => {
    for (const index of [0, 1]) await deleted(manifestPath(nth(manifests, index).digest));
    for (const blob of [nth(configs, 0), nth(configs, 1), layer]) await deleted(blobPath(blob.digest));
  });
});

describe('Push', () => {
  let last: RawResponse;
  let previous: RawResponse;

  describe('Blob Upload Streamed', () => {
    it('PATCH request with blob in body should yield 202 response', async () => {
      const begun = await send('POST', `/v2/${name}/blobs/uploads/`);
      last = await client.patch(locationOf(begun), blobA.bytes);
      expect(last.status).toBe(202);
    });
    it('PUT request to session URL with digest should yield 201 response', async () => {
      await pushed(send('PUT', locationOf(last), { query: { digest: blobA.digest } }));
    });
  });

  describe('Blob Upload Monolithic', () => {
    const config = nth(configs, 1);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(config.size) };
    it('GET nonexistent blob should result in 404 response', async () => {
      expect((await send('GET', blobPath(unknownDigest))).status).toBe(404);
    });
    it('POST request with digest and blob should yield a 201', async () => {
      await pushed(send('POST', `/v2/${name}/blobs/uploads/`, { query: { digest: config.digest }, headers, body: config.bytes }));
    });
    it('GET request to blob URL from prior request should yield 200', async () => {
      expect((await send('GET', blobPath(config.digest))).status).toBe(200);
    });
    it('POST request should yield a session ID', async () => {
      last = await send('POST', `/v2/${name}/blobs/uploads/`);
      expect(last.status).toBe(202);
    });
    it('PUT upload of a blob should yield a 201 Response', async () => {
      await pushed(send('PUT', locationOf(last), { query: { digest: config.digest }, headers, body: config.bytes }));
    });
    it('GET request to existing blob should yield 200 response', async () => {
      expect((await send('GET', blobPath(config.digest))).status).toBe(200);
    });
    it('PUT upload of a layer blob should yield a 201 Response', async () => {
      await pushed(client.pushBlob(name, layer));
    });
    it('GET request to existing layer should yield 200 response', async () => {
      expect((await send('GET', blobPath(layer.digest))).status).toBe(200);
    });
  });

  describe('Blob Upload Chunked', () => {
    const [first, second] = [blobB.bytes.subarray(0, 22), blobB.bytes.subarray(22)];
    it('Out-of-order blob upload should return 416', async () => {
      const begun = await begin();
      expect(begun.headers['oci-chunk-min-length']).toBeUndefined();
      expect((await client.patch(locationOf(begun), second, 22)).status).toBe(416);
    });
    it('PATCH request with first chunk should return 202', async () => {
      previous = await begin();
      last = await client.patch(locationOf(previous), first, 0);
      expect(last.status).toBe(202);
      expect(last.headers.range).toBe('0-21');
    });
    it('Retry previous blob chunk should return 416', async () => {
      expect((await client.patch(locationOf(previous), first, 0)).status).toBe(416);
    });
    it('Get on stale blob upload should return 204 with a range and location', async () => {
      last = await send('GET', locationOf(previous));
      expect(last.status).toBe(204);
      expect(last.headers.location).toBeTruthy();
      expect(last.headers.range).toBe('0-21');
    });
    it('PATCH request with second chunk should return 202', async () => {
      last = await client.patch(locationOf(last), second, 22);
      expect(last.status).toBe(202);
    });
    it('PUT request with digest should return 201', async () => {
      await pushed(send('PUT', locationOf(last), { query: { digest: blobB.digest }, headers: { 'content-length': '0' } }));
    });
  });

  describe('Cross-Repository Blob Mount', () => {
    const mount = (query: Record<string, string>) => send('POST', `/v2/${crossMountName}/blobs/uploads/`, { query });
    it('Cross-mounting of a nonexistent blob without the from argument should yield session id', async () => {
      const answer = await mount({ mount: unknownDigest });
      expect(answer.status).toBe(202);
      expect(locationOf(answer)).toMatch(`/v2/${crossMountName}/blobs/uploads/`);
    });
    it("POST request to mount another repository's blob should return 201", async () => {
      last = await pushed(mount({ mount: blobA.digest, from: name }));
    });
    it('GET request to test digest within cross-mount namespace should return 200', async () => {
      expect(locationOf(last)).toBe(blobPath(blobA.digest, crossMountName));
      expect((await send('GET', locationOf(last))).status).toBe(200);
    });
    it('Cross-mounting of a blob that the named repository does not have should yield session id', async () => {
      const answer = await mount({ mount: unknownDigest, from: name });
      expect(answer.status).toBe(202);
      expect(locationOf(answer)).toMatch(`/v2/${crossMountName}/blobs/uploads/`);
    });
    it('Cross-mounting without from, and automatic content discovery enabled should return a 201', async () => {
      await pushed(mount({ mount: blobA.digest }));
    });
  });

  describe('Manifest Upload', () => {
    it('GET nonexistent manifest should return 404', async () => {
      expect((await send('GET', manifestPath('.INVALID_MANIFEST_NAME'))).status).toBe(404);
    });
    it('PUT should accept a manifest upload', async () => {
      for (let index = 0; index < 4; index += 1) await pushed(client.pushManifest(name, `test${index}`, nth(manifests, 1)));
    });
    it('Registry should accept a manifest upload with no layers', async () => {
      await pushed(client.pushManifest(name, 'emptylayer', layerless));
    });
    it('GET request to manifest URL (digest) should yield 200 response', async () => {
      expect((await send('GET', manifestPath(nth(manifests, 1).digest), { headers: { accept: manifestType } })).status).toBe(200);
    });
  });

  it('Teardown', async () => {
    for (const { digest } of [nth(manifests, 1), layerless]) await deleted(manifestPath(digest));
    for (const { digest } of [nth(configs, 1), layer, blobA, blobB]) await deleted(blobPath(digest));
  });
});

describe('Content Discovery', () => {
  it('Setup', async () => {
    for (const blob of [nth(configs, 2), layer]) await pushed(client.pushBlob(name, blob));
    for (let index = 0; index < 4; index += 1) await pushed(client.pushManifest(name, `test${index}`, nth(manifests, 2)));
    expect(emptyJson.digest).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
    const referring = async (content: Content, subjectDigest: string, mediaType = manifestType): Promise<void> => {
      const answer = await pushed(client.pushManifest(name, content.digest, content, mediaType));
      expect(answer.headers['oci-subject']).toBe(subjectDigest);
    };
    for (const blob of [emptyJson, refBlobA]) await pushed(client.pushBlob(name, blob));
    await referring(aByConfig, subject.digest);
    await referring(aByLayer, subject.digest);
    await referring(refIndex, subject.digest, indexType);
    for (const blob of [nth(configs, 4), layer]) await pushed(client.pushBlob(name, blob));
    await pushed(client.pushManifest(name, 'tagtest0', nth(manifests, 4)));
    await pushed(client.pushBlob(name, refBlobB));
    await referring(bByConfig, subject.digest);
    await referring(bByLayer, subject.digest);
    await referring(cByLayer, missingSubject.digest);
  });

  describe('listing tags', () => {
    it('GET request to list tags should yield 200 response', async () => {
      expect(await tagList()).toEqual(['tagtest0', 'test0', 'test1', 'test2', 'test3']);
    });
    it('GET number of tags should be limitable by `n` query parameter', async () => {
      expect(await tagList({ n: '2' })).toHaveLength(2);
    });
    it('GET start of tag is set by `last` query parameter', async () => {
      const [, last = ''] = await tagList({ n: '2' });
      const next = await tagList({ n: '2', last });
      expect(next).toHaveLength(2);
      expect(next).not.toContain(last);
    });
  });

  describe('listing references', () => {
    const notes = new Map([
      [aByConfig.digest, 'test config a'],
      [bByConfig.digest, 'test config b'],
      [aByLayer.digest, 'test layer a'],
      [bByLayer.digest, 'test layer b'],
      [refIndex.digest, 'test index'],
    ]);
    type Entry = { digest: string; annotations?: Record<string, string> };
    const referrers = async (digest: string, query: Record<string, string> = {}): Promise<{ entries: Entry[]; answer: RawResponse }> => {
      const answer = await send('GET', `/v2/${name}/referrers/${digest}`, { query });
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe(indexType);
      return { entries: jsonOf(answer).manifests, answer };
    };
    const expectNotes = (entries: readonly Entry[]): void => {
      for (const { digest, annotations } of entries) expect(annotations).toEqual({ [annotationKey]: notes.get(digest) });
    };
    it('GET request to nonexistent blob should result in empty 200 response', async () => {
      expect((await referrers(unknownDigest)).entries).toEqual([]);
    });
    it('GET request to existing blob should yield 200', async () => {
      const { entries } = await referrers(subject.digest);
      expect(new Set(entries.map(({ digest }) => digest))).toEqual(new Set(notes.keys()));
      expect(entries).toHaveLength(5);
      expectNotes(entries);
    });
    it('GET request to existing blob with filter should yield 200', async () => {
      const { entries, answer } = await referrers(subject.digest, { artifactType: typeA });
      expect(answer.headers['oci-filters-applied']).toBe('artifactType');
      expect(new Set(entries.map(({ digest }) => digest))).toEqual(new Set([aByConfig.digest, aByLayer.digest]));
      expectNotes(entries);
    });
    it('GET request to missing manifest should yield 200', async () => {
      expect((await referrers(missingSubject.digest)).entries.map(({ digest }) => digest)).toEqual([cByLayer.digest]);
    });
  });

  it('Teardown', async () => {
    const references = [refIndex, aByConfig, aByLayer, nth(manifests, 2), nth(manifests, 4), bByConfig, bByLayer, cByLayer];
    for (const { digest } of references) await deleted(manifestPath(digest));
    for (const { digest } of [nth(configs, 2), nth(configs, 4), layer, emptyJson, refBlobA, refBlobB]) await deleted(blobPath(digest));
  });
});

describe('Content Management', () => {
  const tag = 'tagtest0';
  let tags = 0;
  it('Setup', async () => {
    for (const blob of [nth(configs, 3), layer]) await pushed(client.pushBlob(name, blob));
    await pushed(client.pushManifest(name, tag, nth(manifests, 3)));
    tags = (await tagList()).length;
    expect(tags).toBeGreaterThan(0);
  });

  describe('Manifest delete', () => {
    it('DELETE request to manifest tag should return 202', async () => {
      await deleted(manifestPath(tag));
    });
    it('DELETE request to manifest (digest) should yield 202 response', async () => {
      await deleted(manifestPath(nth(manifests, 3).digest));
    });
    it('GET request to deleted manifest URL should yield 404 response', async () => {
      expect((await send('GET', manifestPath(nth(manifests, 3).digest))).status).toBe(404);
    });
    it('GET request to tags list should reflect manifest deletion', async () => {
      expect((await tagList()).length).toBeLessThan(tags);
    });
  });

  describe('Blob delete', () => {
    it('DELETE request to blob URL should yield 202 response', async () => {
      for (const { digest } of [nth(configs, 3), layer]) await deleted(blobPath(digest));
    });
    it('GET request to deleted blob URL should yield 404 response', async () => {
      expect((await send('GET', blobPath(nth(configs, 3).digest))).status).toBe(404);
    });
  });
});
