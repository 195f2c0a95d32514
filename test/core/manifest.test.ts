import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { decodeManifest, encodeManifest, manifestDigest, manifestTotals, toolVersion } from '../../core/index.ts';

const golden = await readFile(new URL('../fixtures/manifest/v1.json', import.meta.url));

describe('the manifest', () => {
  it('of version 1 is read and written back byte for byte', () => {
    const manifest = decodeManifest(golden);
    expect(Buffer.from(encodeManifest(manifest)).toString()).toBe(golden.toString());
    expect(manifestDigest(manifest)).toBe('sha256:44d6895907d537d5f653de617aeedbc61d73beae5142152caaa2f0a330c37430');
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
