import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDebianAsRoot } from '../../scripts/debian.ts';
import { type NewerEngine, startNewerEngine } from '../../scripts/newer-engine.ts';
import { runCommand, runOrFail } from '../../scripts/run-command.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { type GuardedRegistry, startGuardedRegistry } from '../support/guarded-registry.ts';
import { contentOf, createOciClient, emptyType, indexType, jsonContent, manifestType } from '../support/oci-client.ts';
import { type OciTools, ociTools, openOciTools } from '../support/oci-tools.ts';

const dockerManifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const empty = contentOf('{}');
const where = (await isDebianAsRoot()) ? describe : describe.skip;
const stores = [
  { store: 'its own', containerdStore: false },
  { store: "containerd's", containerdStore: true },
];

where.each(stores)('Docker 28 with images in $store store', ({ containerdStore }) => {
  let folder: string;
  let engine: NewerEngine;
  let registry: GuardedRegistry;
  let tools: OciTools;
  const host = (): string => `127.0.0.1:${registry.port}`;
  const docker = (...args: string[]): Promise<string> => runOrFail(`docker ${args[0]}`, engine.client, args, { env: engine.env });
  const login = (token: string): Promise<string> => {
    const command = `printf %s "$TOKEN" | ${engine.client} login --username any --password-stdin ${host()}`;
    return runOrFail('docker login', 'sh', ['-c', command], { env: { ...engine.env, TOKEN: token } });
  };
  const digestOfTag = async (repository: string, tag: string): Promise<string | null> => {
    const { text } = await registry.issue('reader', ['*']);
    return (await registry.ask('HEAD', `/v2/${repository}/manifests/${tag}`, { token: text })).headers.get('docker-content-digest');
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-newer-engine-'));
    engine = await startNewerEngine({ containerdStore, log: (line) => void process.stderr.write(`${line}\n`) });
    registry = await startGuardedRegistry(createMemoryObjects());
    tools = await openOciTools(folder);
  });
  afterAll(async () => {
    await tools?.[Symbol.asyncDispose]();
    await registry?.stop();
    await engine?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('pulls a snapshot by tag and by digest, with a token only', async () => {
    expect(engine.version).toMatch(/^2[89]\./);
    const image = `${host()}/dynamease:may`;
    const refused = await runCommand(engine.client, ['pull', image], { env: engine.env });
    expect(refused.exitCode).not.toBe(0);
    await login((await registry.issue('operator', ['*'])).text);
    await docker('pull', image);
    const byDigest = `${host()}/dynamease@${registry.digests.dynamease}`;
    await docker('pull', byDigest);
    expect(await docker('image', 'inspect', '--format', '{{json .RepoDigests}}', image)).toContain(registry.digests.dynamease);
    const container = (await docker('create', image, 'none')).trim();
    await docker('cp', `${container}:/snapshot/prod`, folder);
    expect(await readFile(join(folder, 'prod'), 'utf8')).toBe('rows of prod');
    await docker('rm', container);
  });

  it('pushes what it pulled, and an image of its own, mounts what the registry has, and pulls it again', async () => {
    const [from, copy] = [`${host()}/dynamease:may`, `${host()}/team/copy:may`];
    await docker('pull', from);
    await docker('tag', from, copy);
    await docker('push', copy);
    // Which store keeps the manifest as it came is the engine's affair; that it is served is the registry's.
    expect(await digestOfTag('team/copy', 'may')).toMatch(/^sha256:/);
    if (containerdStore) expect(await digestOfTag('team/copy', 'may')).toBe(registry.digests.dynamease);

    const content = randomBytes(9_000_000);
    await mkdir(join(folder, 'root'));
    await writeFile(join(folder, 'root', 'large'), content);
    await runOrFail('tar', 'tar', ['-cf', join(folder, 'image.tar'), '-C', join(folder, 'root'), '.']);
    const [own, mounted] = [`${host()}/team/own:one`, `${host()}/team/mounted:one`];
    await docker('import', '--change', 'CMD ["none"]', join(folder, 'image.tar'), own);
    await docker('push', own);
    await docker('tag', own, mounted);
    expect(await docker('push', mounted)).toMatch(/Mounted from team\/own|Already exists|already exists/);
    await docker('image', 'rm', '--force', own, mounted);
    await docker('pull', mounted);
    const container = (await docker('create', mounted)).trim();
    await docker('cp', `${container}:/large`, join(folder, 'large'));
    expect(Buffer.compare(await readFile(join(folder, 'large')), content)).toBe(0);
    expect(registry.log()).not.toContain('"level":50');
  });

  it.each(Object.entries(ociTools))('and %s see the same images, however each of them was pushed', async (name, tool) => {
    const run = async (command: string, token?: string): Promise<string> => {
      const { exitCode, stdout, stderr } = await tools.run(name, ['sh', '-c', command], token);
      expect(exitCode, `${command}\n${stdout}${stderr}`).toBe(0);
      return stdout.trim();
    };
    await run(tool.login(host()), (await registry.issue('operator', ['*'])).text);
    const [pushed, copied] = [`${host()}/team/own:one`, `${host()}/mirror/${name}:one`];
    const digest = await digestOfTag('team/own', 'one');
    expect(await run(tool.digest(pushed))).toBe(digest);
    await run(tool.copy(pushed, copied));
    expect(await digestOfTag(`mirror/${name}`, 'one')).toBe(digest);
    expect(await run(tool.list(`${host()}/mirror/${name}`))).toContain('one');
    await docker('pull', copied);
    expect(await docker('image', 'inspect', '--format', '{{json .RepoDigests}}', copied)).toContain(digest);
    await docker('image', 'rm', '--force', copied);
    await run(tool.remove(`${host()}/mirror/${name}@${digest}`));
    expect((await runCommand(engine.client, ['pull', copied], { env: engine.env })).exitCode).not.toBe(0);
    expect(await digestOfTag('team/own', 'one')).toBe(digest);
    expect(registry.log()).not.toContain('"level":50');
  });

  it('pulls by an index the image of its platform, and leaves out what is attached to it', async () => {
    const { text } = await registry.issue('operator', ['*']);
    const client = createOciClient(() => registry.port, text);
    const own = await client.send('GET', '/v2/team/own/manifests/one', { headers: { accept: `${manifestType}, ${dockerManifestType}` } });
    const architecture = (await docker('version', '--format', '{{.Server.Arch}}')).trim();
    const described = {
      mediaType: String(own.headers['content-type']),
      digest: String(own.headers['docker-content-digest']),
      size: own.body.byteLength,
    };
    const attached = jsonContent({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: emptyType, digest: empty.digest, size: empty.size },
      layers: [],
    });
    expect((await client.pushBlob('team/own', empty)).status).toBe(201);
    expect((await client.pushManifest('team/own', attached.digest, attached)).status).toBe(201);
    const index = jsonContent({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [
        { mediaType: manifestType, digest: attached.digest, size: attached.size, platform: { architecture: 'unknown', os: 'unknown' } },
        { ...described, platform: { architecture, os: 'linux' } },
      ],
    });
    expect((await client.pushManifest('team/own', 'many', index, indexType)).status).toBe(201);
    const image = `${host()}/team/own:many`;
    await docker('pull', image);
    const container = (await docker('create', image)).trim();
    await docker('cp', `${container}:/large`, join(folder, 'by-index'));
    await docker('rm', container);
    expect(Buffer.compare(await readFile(join(folder, 'by-index')), await readFile(join(folder, 'large')))).toBe(0);
    expect(registry.log()).not.toContain('"level":50');
  });
});
