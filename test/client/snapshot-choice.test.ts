import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { lockfileName } from '../../client/lockfile.ts';
import { openProject, type Project } from '../../client/project.ts';
import { createRegistryApi, type RegistryApi } from '../../client/registry-api.ts';
import { chooseSnapshot, chooseToPull, writePulled } from '../../client/snapshot-choice.ts';
import { digestOf } from '../../core/digest.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { type DataImage, makeDataImage } from '../support/data-image.ts';
import { postgresSource } from '../support/shop-data.ts';
import { type SmallRegistry, startSmallRegistry } from '../support/small-registry.ts';

let registry: SmallRegistry;
let files: ClientProject;
let project: Project;
let api: RegistryApi;
let image: DataImage;
const lockedDigest = digestOf('locked');
const pulledDigest = digestOf('pulled');

beforeEach(async () => {
  registry = await startSmallRegistry();
  image = await makeDataImage([postgresSource({ installations: 3 })]);
  registry.add('shop', 'latest', image);
  registry.add('other/place', 'old', image);
  files = await createClientProject({ registry: registry.url, snapshot: 'latest' });
  project = await openProject({ folder: files.folder, configFile: undefined, env: {} });
  api = createRegistryApi({ registry: registry.url, signal: new AbortController().signal, readToken: async () => undefined });
  return async () => {
    await files[Symbol.asyncDispose]();
    await registry.close();
  };
});

const pull = (reference: string) =>
  writePulled(project, { version: 1, reference, repository: 'shop', digest: pulledDigest, image: `${registry.host}/shop@${pulledDigest}` });
const lock = () => writeFile(join(files.folder, lockfileName), `version: 1\nrepository: shop\ndigest: ${lockedDigest}\ntag: may\n`);

describe('the snapshot that up takes', () => {
  test('is the argument before the lock, the lock before the last pull, the last pull before the configuration', async () => {
    expect(await chooseSnapshot(project, api, undefined)).toMatchObject({ from: 'config', digest: image.digest, reference: 'latest' });
    await pull('may');
    expect(await chooseSnapshot(project, api, undefined)).toMatchObject({ from: 'pulled', digest: pulledDigest, reference: 'may' });
    await lock();
    expect(await chooseSnapshot(project, api, undefined)).toMatchObject({
      from: 'lock',
      digest: lockedDigest,
      reference: 'may',
      image: `${registry.host}/shop@${lockedDigest}`,
    });
    expect(await chooseSnapshot(project, api, 'latest')).toMatchObject({ from: 'argument', digest: image.digest });
  });

  test('may lie in another repository or be a digest', async () => {
    expect(await chooseSnapshot(project, api, 'other/place:old')).toMatchObject({
      repository: 'other/place',
      image: `${registry.host}/other/place@${image.digest}`,
    });
    expect(await chooseSnapshot(project, api, `shop@${lockedDigest}`)).toMatchObject({ digest: lockedDigest, repository: 'shop' });
  });

  test('is asked for where nothing says one', async () => {
    const nothing = { ...project, config: { ...project.config, snapshot: undefined } };
    await expect(chooseSnapshot(nothing, api, undefined)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('dyn-data pull TAG'),
    });
  });

  test('with an unknown tag is an error that names the tags there are', async () => {
    registry.add('shop', 'may', image);
    registry.add('shop', 'june', image);
    await expect(chooseSnapshot(project, api, 'mai')).rejects.toMatchObject({
      code: 'TAG_UNKNOWN',
      exitCode: 3,
      details: ['june', 'latest', 'may'],
    });
    await expect(chooseSnapshot(project, api, 'empty:mai')).rejects.toMatchObject({
      code: 'TAG_UNKNOWN',
      message: expect.stringContaining('dyn-data snapshot create'),
    });
  });

  test('without the registry is what was pulled under the same name, and nothing else', async () => {
    await pull('may');
    await registry.close();
    expect(await chooseSnapshot(project, api, 'may')).toMatchObject({ from: 'pulled', digest: pulledDigest });
    expect(await chooseSnapshot(project, api, undefined)).toMatchObject({ from: 'pulled', digest: pulledDigest });
    await expect(chooseSnapshot(project, api, 'june')).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE', exitCode: 5 });
  });
});

describe('the snapshot that pull fetches without an argument', () => {
  test('is what the lock pins, else what the name of the last pull stands for now, else the configured one', async () => {
    expect(await chooseToPull(project, api)).toMatchObject({ from: 'config', digest: image.digest });
    registry.add('shop', 'may', image);
    await pull('may');
    expect(await chooseToPull(project, api)).toMatchObject({ from: 'pulled', digest: image.digest, reference: 'may' });
    await lock();
    expect(await chooseToPull(project, api)).toMatchObject({ from: 'lock', digest: lockedDigest });
  });
});

describe('files', () => {
  test('what was pulled is kept out of Git', async () => {
    await pull('may');
    expect(await readFile(join(project.stateFolder, '.gitignore'), 'utf8')).toBe('*\n');
  });
});
