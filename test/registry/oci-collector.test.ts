import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../core/index.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { type GuardedRegistry, startGuardedRegistry } from '../support/guarded-registry.ts';
import { type Content, contentOf, createOciClient, emptyType, errorCodesOf, jsonContent, manifestType } from '../support/oci-client.ts';

const hourMs = 60 * 60 * 1000;
/** Of the registries of the tests. */
const graceMs = 24 * hourMs;
const mirror = 'team/test';

let now = Date.UTC(2027, 0, 1);
const objects = createMemoryObjects({ clock: () => new Date(now) });
let registry: GuardedRegistry;
let tokens: { readonly operator: string; readonly reader: string };
beforeAll(async () => {
  registry = await startGuardedRegistry(objects, { clock: () => new Date(now) });
  const [operator, reader] = [await registry.issue('operator', ['*']), await registry.issue('reader', ['*'])];
  tokens = { operator: operator.text, reader: reader.text };
});
afterAll(() => registry.stop());

const as = (role: 'operator' | 'reader') => createOciClient(() => registry.port, tokens[role]);
const ask = async (role: 'operator' | 'reader', digest: string): Promise<number | undefined> =>
  (await as(role).send('HEAD', `/v2/dynamease/blobs/${digest}`)).status;
const collect = async (): Promise<void> => {
  const { body } = await registry.ask('POST', routes.collect.path, { token: tokens.operator, body: { dryRun: false } });
  for await (const { state } of registry.jobs.follow((body as { id: string }).id)) expect(state).not.toBe('failed');
};
/** Blobs that nothing names, on a list of candidates that is old enough. */
const candidates = async (...texts: string[]): Promise<Content[]> => {
  const blobs = texts.map(contentOf);
  for (const blob of blobs) expect((await as('operator').pushBlob('dynamease', blob)).status).toBe(201);
  now += graceMs + hourMs;
  await collect();
  now += graceMs + hourMs;
  return blobs;
};
const manifestOf = (layer: Content): Content => {
  const config = contentOf('{}');
  return jsonContent({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: emptyType, digest: config.digest, size: config.size },
    layers: [{ mediaType: 'application/octet-stream', digest: layer.digest, size: layer.size }],
  });
};

describe('beside the collector', () => {
  it('a blob stays that one who pushes has asked for, mounted or sent again, and no other does', async () => {
    const [asked, read, mounted, sent] = (await candidates('asked', 'read', 'mounted', 'sent')) as [Content, Content, Content, Content];
    expect([await ask('operator', asked.digest), await ask('reader', read.digest)]).toEqual([200, 200]);
    const query = { mount: mounted.digest, from: 'dynamease' };
    expect((await as('operator').send('POST', `/v2/${mirror}/blobs/uploads/`, { query })).status).toBe(201);
    expect((await as('operator').pushBlob('dynamease', sent)).status).toBe(201);
    await collect();
    const left = await Promise.all([asked, read, mounted, sent].map(({ digest }) => ask('operator', digest)));
    expect(left).toEqual([200, 404, 404, 200]);
    expect((await as('operator').send('GET', `/v2/${mirror}/blobs/${mounted.digest}`)).body.toString()).toBe('mounted');
    expect((await as('operator').send('GET', `/v2/dynamease/blobs/${asked.digest}`)).body.toString()).toBe('asked');
  });

  it('a manifest is refused whose blob has gone, and taken once that is sent again', async () => {
    const [layer] = (await candidates('a layer', '{}')) as [Content];
    await collect();
    const manifest = manifestOf(layer);
    const refused = await as('operator').pushManifest('dynamease', 'june', manifest);
    expect([refused.status, errorCodesOf(refused)]).toEqual([400, ['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']]);
    for (const blob of [layer, contentOf('{}')]) await as('operator').pushBlob('dynamease', blob);
    expect((await as('operator').pushManifest('dynamease', 'june', manifest)).status).toBe(201);
    for (let runs = 0; runs < 3; runs += 1) {
      now += graceMs + hourMs;
      await collect();
    }
    expect((await as('reader').send('GET', '/v2/dynamease/manifests/june')).status).toBe(200);
    expect((await as('reader').send('GET', `/v2/dynamease/blobs/${layer.digest}`)).body.toString()).toBe('a layer');
  });

  it('an upload that nobody goes on with is ended', async () => {
    const begun = await as('operator').send('POST', '/v2/dynamease/blobs/uploads/');
    expect((await as('operator').send('GET', String(begun.headers.location))).status).toBe(204);
    now += graceMs + hourMs;
    await collect();
    const gone = await as('operator').send('GET', String(begun.headers.location));
    expect([gone.status, errorCodesOf(gone)]).toEqual([404, ['BLOB_UPLOAD_UNKNOWN']]);
  });
});
