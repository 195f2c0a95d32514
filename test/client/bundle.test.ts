import { readFile, rm, stat } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { bundleClient } from '../../scripts/bundle-client.ts';

const file = `${import.meta.dirname}/../../dist/test-client-bundle.mjs`;
let bundle: Awaited<ReturnType<typeof bundleClient>>;

beforeAll(async () => {
  bundle = await bundleClient(file);
  return () => rm(file);
});

test('only core, client and the few libraries that it bundles are in it', () => {
  const packages = new Set(bundle.inputs.map((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? input.split('/')[0]));
  const ofTarStream = ['b4a', 'events-universal', 'fast-fifo', 'streamx', 'tar-stream', 'text-decoder'];
  expect([...packages].sort()).toEqual(['client', 'commander', 'core', 'yaml', 'zod', ...ofTarStream].sort());
});

test('it is one executable file that asks for Node alone', async () => {
  const text = await readFile(file, 'utf8');
  expect(text.startsWith('#!/usr/bin/env node\n')).toBe(true);
  expect((await stat(file)).mode & 0o111).toBe(0o111);
  const required = [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name ?? '');
  const notOfNode = required.filter(
    (name) => !name.startsWith('node:') && !['process', 'buffer', 'events', 'events/events', 'bare-events', 'stream'].includes(name),
  );
  expect(notOfNode).toEqual([]);
});

test('it is small', () => {
  expect(bundle.sizeBytes).toBeLessThan(444_000);
});
