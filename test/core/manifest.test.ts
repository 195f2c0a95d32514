import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { decodeManifest, encodeManifest, manifestDigest, manifestSchemaVersion, manifestTotals, toolVersion } from '../../core/index.ts';

const fixture = (version: number): Promise<Buffer> => readFile(new URL(`../fixtures/manifest/v${version}.json`, import.meta.url));
const golden = await fixture(manifestSchemaVersion);

describe('the manifest', () => {
  it.each([
    [1, 'sha256:44d6895907d537d5f653de617aeedbc61d73beae5142152caaa2f0a330c37430'],
    [2, 'sha256:9ab806973a47cb1e1e4e1b3c3d1e41a3f78eab41a09e4de33755d35129af7487'],
    [3, 'sha256:74c8fc9e8bac53f9c74492c10611c440ce3c33260f697bf21b2e5f86d319aaf9'],
    [4, 'sha256:d6506cc7fcd35407be522a3569181c4664117183caf1c959c47b785c66e58950'],
  ])('of version %i is read and written back byte for byte', async (version, digest) => {
    const bytes = await fixture(version);
    const manifest = decodeManifest(bytes);
    expect(manifest.schemaVersion).toBe(version);
    expect(Buffer.from(encodeManifest(manifest)).toString()).toBe(bytes.toString());
    expect(manifestDigest(manifest)).toBe(digest);
    expect(manifestTotals(manifest)).toEqual({ tables: 3, rows: 8, sizeBytes: 615, storedBytes: 333, chunks: 4 });
  });

  it('of another version is refused, saying which', () => {
    expect(() => decodeManifest(Buffer.from('{"schemaVersion":99}'))).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID', message: expect.stringContaining('99') }),
    );
  });

  it.each(['../x', '/etc/passwd', 'a/../../b', 'a//b', ''])('refuses the path "%s"', (path) => {
    const manifest = JSON.parse(golden.toString());
    manifest.sources[0].tables[0].path = path;
    expect(() => decodeManifest(Buffer.from(JSON.stringify(manifest)))).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });

  it.each([['not json'], ['[]'], ['{"schemaVersion":1}']])('refuses %s', (text) => {
    expect(() => decodeManifest(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });
});

describe('the tool version', () => {
  it('is that of package.json', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(toolVersion).toBe(version);
  });
});
