import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { helperLabel } from '../../client/engine.ts';
import { type ImageReader, openImage } from '../../client/image-reader.ts';
import { createRunner } from '../../client/process.ts';
import type { ManifestTable } from '../../core/manifest.ts';
import { runCommand, runOrFail } from '../../scripts/run-command.ts';
import { makeDataImage } from '../support/data-image.ts';
import { describeWithEngine } from '../support/engine.ts';
import { type SmallRegistry, startSmallRegistry } from '../support/small-registry.ts';

const owner = 'dyn-data-test-image-reader';
const before = 'CREATE DATABASE shop;\n';
/** Does not compress: what is not read of it fills all pipes on the way. */
const calls = Array.from({ length: 40 }, () => ({ text: `${randomBytes(250_000).toString('base64')}\n`, rows: 1 }));
const users = [
  { text: '1\tAda\n', rows: 1 },
  { text: '2\tBob\n', rows: 1 },
];

const collect = async (pieces: AsyncIterable<Uint8Array>): Promise<string> => {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
};

describeWithEngine('the reader of an image', () => {
  let registry: SmallRegistry;
  let image: string;

  const withReader = async (
    work: (reader: ImageReader, tables: readonly [ManifestTable, ManifestTable]) => Promise<void>,
  ): Promise<void> => {
    const runner = createRunner({ env: process.env, signal: new AbortController().signal });
    await using reader = await openImage(runner, image, owner);
    await work(reader, reader.manifest.sources[0]?.tables as [ManifestTable, ManifestTable]);
  };
  const helpers = async (): Promise<string> =>
    (await runCommand('docker', ['ps', '--all', '--quiet', '--filter', `label=${helperLabel}=${owner}`])).stdout.trim();

  beforeAll(async () => {
    registry = await startSmallRegistry();
    const tables = [
      { schema: 'shop', name: 'calls', load: 'LOAD', chunks: calls },
      { schema: 'shop', name: 'users', load: 'LOAD', chunks: users },
    ];
    registry.add('image-reader', 'latest', await makeDataImage([{ name: 'main', kind: 'mysql', before: [before], tables }]));
    image = `${registry.host}/image-reader:latest`;
    await runOrFail('Pulling', 'docker', ['pull', '--quiet', image]);
  });

  afterAll(async () => {
    await runCommand('docker', ['image', 'rm', '--force', image]);
    await registry.close();
  });

  test('reads tables and files while the reading of another table rests', async () => {
    await withReader(async (reader, [large, small]) => {
      const resting = reader.stored(large, large.chunks);
      const first = await resting.next();
      expect(Buffer.from(await first.value?.canonical()).toString()).toBe(calls[0]?.text);
      expect(await collect(reader.table(small))).toBe('1\tAda\n2\tBob\n');
      const [file] = reader.manifest.sources[0]?.before ?? [];
      expect(file && (await reader.text(file))).toBe(before);
      const second = await resting.next();
      expect(Buffer.from(await second.value?.canonical()).toString()).toBe(calls[1]?.text);
      await resting.return(undefined);
    });
    expect(await helpers()).toBe('');
  });

  test('gives of a table only the chunks that are asked for', async () => {
    await withReader(async (reader, [large]) => {
      const asked = large.chunks.filter((_chunk, index) => index % 13 === 12);
      const given: string[] = [];
      for await (const { chunk, canonical } of reader.stored(large, asked)) {
        expect(asked).toContain(chunk);
        given.push(Buffer.from(await canonical()).toString());
      }
      expect(given).toEqual([12, 25, 38].map((index) => calls[index]?.text));
    });
  });
});
