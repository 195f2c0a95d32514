import { spawnSync } from 'node:child_process';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { beforeAll, expect, test } from 'vitest';
import { bundleClient, type ClientBundle } from '../../scripts/bundle-client.ts';
import { bundledClient, clientBundle as file } from '../support/client-bundle.ts';

const damaged = `${import.meta.dirname}/../../dist/test-client-bundle-damaged.mjs`;
let bundle: ClientBundle;

beforeAll(async () => {
  bundle = await bundledClient();
  return () => rm(damaged, { force: true });
});
const run = (client: string, ...args: string[]) => spawnSync(process.execPath, [client, ...args], { cwd: '/', encoding: 'utf8' });

/** The folder of ours, or the package, that each file is of. */
const originsOf = (files: readonly string[]): string[] =>
  [...new Set(files.map((input) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? input.split('/')[0] ?? ''))].sort();

test('only core, client and the few libraries that it bundles are in it', () => {
  expect(originsOf(bundle.inputs)).toEqual(['client', 'commander', 'core', 'yaml', 'zod']);
});

test('it is one executable file that asks for Node alone', async () => {
  expect(await readFile(file, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect((await stat(file)).mode & 0o111).toBe(0o111);
  const notOfNode = bundle.modules.filter((name) => !isBuiltin(name));
  expect(notOfNode).toEqual([]);
});

test('it is small', async () => {
  expect((await stat(file)).size).toBe(bundle.sizeBytes);
  expect(bundle.sizeBytes).toBeLessThanOrEqual(200_000);
});

test('the same sources are the same file, to the byte', async () => {
  const others = [1, 2, 3, 4].map((number) => file.replace('.mjs', `-${number}.mjs`));
  try {
    await Promise.all(others.map((other) => bundleClient(other)));
    const [first, ...rest] = await Promise.all([file, ...others].map((name) => readFile(name, 'utf8')));
    expect(rest.map((text) => text === first)).toEqual([true, true, true, true]);
  } finally {
    await Promise.all(others.map((other) => rm(other, { force: true })));
  }
});

test('what runs at every start is the reading of the command line: no command, no schema, no YAML, no tar, and little of Node', () => {
  const { inputs, modules } = bundle.front;
  expect(originsOf(inputs)).toEqual(['client', 'commander', 'core']);
  expect(inputs.filter((input) => /^client\/(?:commands|restore|checks)\//.test(input))).toEqual([]);
  const light = ['events', 'fs', 'module', 'os', 'path', 'process', 'stream/promises', 'vm', 'zlib'];
  expect(modules).toEqual(light.map((name) => `node:${name}`));
});

test('help needs no command: it is shown where the commands are damaged, and who runs one is told', async () => {
  const text = await readFile(file, 'utf8');
  const place = text.lastIndexOf('"packed":"') + 2_000;
  await writeFile(damaged, `${text.slice(0, place)}${text[place] === 'A' ? 'B' : 'A'}${text.slice(place + 1)}`);
  expect(run(damaged, '--help').stdout).toBe(run(file, '--help').stdout);
  expect(run(damaged, 'version')).toMatchObject({
    status: 6,
    stdout: '',
    stderr: expect.stringMatching(/^error DIGEST_MISMATCH: .* Get it again\.\n$/),
  });
  expect(JSON.parse(run(damaged, 'version', '--json').stderr)).toMatchObject({ error: { code: 'DIGEST_MISMATCH', exitCode: 6 } });
});
