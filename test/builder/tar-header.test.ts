import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { layerSegments } from '../../builder/layers.ts';
import type { Digest } from '../../core/index.ts';

/** Reads the archive with a reader that is not ours. */
async function unpack(archive: Buffer): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const reader = extract();
  reader.end(archive);
  for await (const entry of reader) {
    expect(entry.header).toMatchObject({ type: 'file', mode: 0o644, uid: 0, gid: 0 });
    expect(entry.header.mtime?.getTime()).toBe(0);
    files.set(entry.header.name, await text(entry));
  }
  return files;
}

function archiveOf(contents: Readonly<Record<string, string>>): Buffer {
  const files = Object.entries(contents).map(([path, content]) => ({
    path,
    content: { digest: `sha256:${path}` as Digest, sizeBytes: Buffer.byteLength(content) },
  }));
  const pieces = layerSegments(files).map((segment) =>
    'bytes' in segment ? segment.bytes : Buffer.from(contents[segment.blob.digest.slice('sha256:'.length)] ?? ''),
  );
  return Buffer.concat(pieces);
}

describe('a layer', () => {
  it('is a plain tar of its files, whatever their sizes and the length of their paths', async () => {
    const contents = {
      'snapshot/a': '',
      'snapshot/b': 'x'.repeat(511),
      'snapshot/c': 'x'.repeat(512),
      'snapshot/d': 'x'.repeat(513),
      [`snapshot/${'long'.repeat(40)}/e`]: 'long path',
    };
    expect(Object.fromEntries(await unpack(archiveOf(contents)))).toEqual(contents);
  });

  it('has the same bytes for the same files', () => {
    expect(archiveOf({ 'snapshot/a': '1' }).equals(archiveOf({ 'snapshot/a': '1' }))).toBe(true);
  });
});
