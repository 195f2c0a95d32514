import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf, type ObjectStore, type StoredManifest } from '../../core/index.ts';
import { type CommandResult, runCommand, runOrFail } from '../../scripts/run-command.ts';
import { createFolderObjects } from '../../storage/index.ts';
import { describeWithEngine } from '../support/engine.ts';
import { createOciClient, jsonOf } from '../support/oci-client.ts';
import { type OciTools, openOciTools } from '../support/oci-tools.ts';
import { publishImage } from '../support/published-image.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { sampleBytes } from '../support/stream-samples.ts';

describeWithEngine('tools that people push, copy and delete with', () => {
  let folder = '';
  let tools: OciTools;
  let registry: RunningRegistry;
  let snapshot: StoredManifest;
  let objects: ObjectStore;
  const client = createOciClient(() => registry.port);
  const host = (): string => `127.0.0.1:${registry.port}`;
  const images = new Set<string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-tools-'));
    await mkdir(join(folder, 'work'));
    tools = await openOciTools(join(folder, 'work'));
    objects = await createFolderObjects({ folder: join(folder, 'store'), newId: randomUUID });
    registry = await startRegistry({ objects, build: () => async () => ({ digest: digestOf('unused') }) });
    const layers = [
      [{ path: 'snapshot/manifest.json', bytes: Buffer.from('{}') }],
      [{ path: 'snapshot/a', bytes: sampleBytes(900_000, 1) }],
    ];
    snapshot = await publishImage(registry, { repository: 'dynamease', tag: 'prod', layers });
  });
  afterAll(async () => {
    for (const image of images) await runCommand('docker', ['image', 'rm', '--force', image]);
    await tools?.[Symbol.asyncDispose]();
    await registry?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const docker = (...args: string[]): Promise<string> => runOrFail(`docker ${args[0]}`, 'docker', args);
  /** One of the tools, with `folder/work` as its working directory. */
  const tryTool = (...command: string[]): Promise<CommandResult> => tools.run('home', command);
  const tool = async (...command: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await tryTool(...command);
    expect(exitCode, `${command.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
    return stdout.trim();
  };
  const digestIn = async (repository: string, reference: string): Promise<string | undefined> => {
    const { status, headers } = await client.send('HEAD', `/v2/${repository}/manifests/${reference}`);
    return status === 200 ? String(headers['docker-content-digest']) : undefined;
  };
  const expectNoFailures = (): void => expect(registry.log()).not.toContain('"level":50');

  it('docker pushes, mounts and pulls', async () => {
    const context = join(folder, 'context');
    await mkdir(context);
    const content = randomBytes(12_000_000);
    await writeFile(join(context, 'large'), content);
    await writeFile(join(context, 'small'), randomUUID());
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY large /large\nCOPY small /small\nCMD ["none"]\n');
    const pushed = `${host()}/team/pushed:one`;
    const copied = `${host()}/team/copied:one`;
    for (const image of [pushed, copied]) images.add(image);
    await docker('build', '--tag', pushed, context);
    const id = (await docker('image', 'inspect', '--format', '{{.Id}}', pushed)).trim();
    expect(await docker('push', pushed)).toContain(await digestIn('team/pushed', 'one'));
    await docker('tag', pushed, copied);
    expect(await docker('push', copied)).toContain('Mounted from team/pushed');
    expect(await docker('push', pushed)).toContain('Layer already exists');
    for (const image of [pushed, copied]) await docker('image', 'rm', '--force', image);
    await docker('pull', copied);
    expect((await docker('image', 'inspect', '--format', '{{.Id}}', copied)).trim()).toBe(id);
    const container = (await docker('create', copied)).trim();
    await docker('cp', `${container}:/large`, folder);
    await docker('rm', container);
    expect(Buffer.compare(await readFile(join(folder, 'large')), content)).toBe(0);
    expectNoFailures();
  });

  it('docker pushes a snapshot that it pulled, and the copy is the same image', async () => {
    const [from, to] = [`${host()}/dynamease:prod`, `${host()}/team/again:prod`];
    for (const image of [from, to]) images.add(image);
    await docker('pull', from);
    await docker('tag', from, to);
    await docker('push', to);
    const [original, copy] = [snapshot, await client.send('GET', '/v2/team/again/manifests/prod')];
    expect(jsonOf(copy).config.digest).toBe(JSON.parse(Buffer.from(original.bytes).toString()).config.digest);
    expectNoFailures();
  });

  it('crane lists, copies, tags, checks, pulls, pushes and deletes', async () => {
    const [from, to] = [`${host()}/dynamease:prod`, `${host()}/mirror/crane:prod`];
    await tool('crane', 'copy', from, to);
    expect(await tool('crane', 'digest', to)).toBe(snapshot.digest);
    await tool('crane', 'tag', to, 'second');
    expect((await tool('crane', 'ls', `${host()}/mirror/crane`)).split('\n')).toEqual(['prod', 'second']);
    expect((await tool('crane', 'catalog', host())).split('\n')).toEqual(expect.arrayContaining(['dynamease', 'mirror/crane']));
    expect(JSON.parse(await tool('crane', 'manifest', to))).toEqual(JSON.parse(Buffer.from(snapshot.bytes).toString()));
    // Its whole check takes every layer for a compressed one, which a snapshot's are not.
    await tool('crane', 'validate', '--fast', '--remote', to);
    await tool('crane', 'pull', '--format', 'oci', to, 'crane-layout');
    await tool('crane', 'push', 'crane-layout', `${host()}/mirror/pushed:x`);
    expect(await digestIn('mirror/pushed', 'x')).toBe(snapshot.digest);
    await writeFile(join(folder, 'work', 'more.tar'), Buffer.alloc(10_240));
    await tool('crane', 'append', '--base', to, '--new_layer', 'more.tar', '--new_tag', `${host()}/mirror/crane:more`);
    await tool('crane', 'append', '--new_layer', 'more.tar', '--new_tag', `${host()}/mirror/compressed:x`);
    await tool('crane', 'validate', '--remote', `${host()}/mirror/compressed:x`);
    await tool('crane', 'delete', `${host()}/mirror/crane@${snapshot.digest}`);
    expect((await tool('crane', 'ls', `${host()}/mirror/crane`)).split('\n')).toEqual(['more']);
    expect(await digestIn('dynamease', 'prod')).toBe(snapshot.digest);
    expectNoFailures();
  });

  it('skopeo inspects, copies, also into other forms and back, lists and deletes', async () => {
    const skopeo = (command: string, ...rest: string[]) => tool('skopeo', '--insecure-policy', command, ...rest);
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    const [from, to] = [`docker://${host()}/dynamease:prod`, `docker://${host()}/mirror/skopeo:prod`];
    await skopeo('copy', '--preserve-digests', ...plain, from, to);
    expect(JSON.parse(await skopeo('inspect', '--tls-verify=false', to)).Digest).toBe(snapshot.digest);
    await skopeo('copy', '--src-tls-verify=false', to, 'dir:/work/skopeo-dir');
    await skopeo(
      'copy',
      '--preserve-digests',
      '--dest-tls-verify=false',
      'dir:/work/skopeo-dir',
      `docker://${host()}/mirror/from-dir:prod`,
    );
    expect(await digestIn('mirror/from-dir', 'prod')).toBe(snapshot.digest);
    await skopeo('copy', ...plain, '--format', 'v2s2', from, `docker://${host()}/mirror/skopeo:docker`);
    const docker = await client.send('GET', '/v2/mirror/skopeo/manifests/docker');
    expect(docker.headers['content-type']).toBe('application/vnd.docker.distribution.manifest.v2+json');
    await skopeo('copy', ...plain, '--dest-compress-format', 'gzip', from, `docker://${host()}/mirror/skopeo:gzip`);
    const listed = JSON.parse(await skopeo('list-tags', '--tls-verify=false', `docker://${host()}/mirror/skopeo`));
    expect(listed.Tags).toEqual(['docker', 'gzip', 'prod']);
    await skopeo('delete', '--tls-verify=false', to);
    expect(await digestIn('mirror/skopeo', 'prod')).toBeUndefined();
    expect(await digestIn('dynamease', 'prod')).toBe(snapshot.digest);
    expectNoFailures();
  });

  it('oras pushes artifacts, attaches others to them, finds, copies, pulls and deletes them', async () => {
    const oras = (...command: string[]) => tool('oras', ...command);
    const http = '--plain-http';
    const artifact = `${host()}/team/artifact`;
    const text = randomUUID();
    await writeFile(join(folder, 'work', 'report.txt'), text);
    await writeFile(join(folder, 'work', 'signature.txt'), `signature of ${text}`);
    await oras('push', http, '--artifact-type', 'application/vnd.test.report', `${artifact}:v1`, 'report.txt:text/plain');
    await oras('attach', http, '--artifact-type', 'application/vnd.test.signature', `${artifact}:v1`, 'signature.txt:text/plain');
    await oras('attach', http, '--artifact-type', 'application/vnd.test.other', `${artifact}:v1`, 'report.txt:text/plain');
    const discover = async (...more: string[]) => JSON.parse(await oras('discover', http, '--format', 'json', ...more, `${artifact}:v1`));
    expect((await discover()).referrers).toHaveLength(2);
    const [signature, ...others] = (await discover('--artifact-type', 'application/vnd.test.signature')).referrers;
    expect(others).toEqual([]);
    expect(signature.artifactType).toBe('application/vnd.test.signature');
    await oras('cp', '--recursive', '--from-plain-http', '--to-plain-http', `${artifact}:v1`, `${host()}/mirror/artifact:v1`);
    await oras('pull', http, '--output', '/work/pulled', `${host()}/mirror/artifact:v1`);
    expect(await readFile(join(folder, 'work', 'pulled', 'report.txt'), 'utf8')).toBe(text);
    expect(await oras('repo', 'tags', http, `${host()}/mirror/artifact`)).toBe('v1');
    expect(await oras('repo', 'ls', http, host())).toContain('mirror/artifact');
    await oras('manifest', 'delete', http, '--force', `${artifact}@${signature.digest}`);
    expect((await discover()).referrers).toHaveLength(1);
    expect(await digestIn('mirror/artifact', signature.digest)).toBe(signature.digest);
    await oras('blob', 'push', http, artifact, 'signature.txt');
    const blob = digestOf(await readFile(join(folder, 'work', 'signature.txt')));
    await oras('blob', 'fetch', http, '--output', '/work/fetched.txt', `${artifact}@${blob}`);
    await oras('blob', 'delete', http, '--force', `${artifact}@${blob}`);
    expect((await client.send('HEAD', `/v2/team/artifact/blobs/${blob}`)).status).toBe(404);
    expectNoFailures();
  });

  it('are told what is not there', async () => {
    for (const command of [
      ['crane', 'digest', `${host()}/dynamease:missing`],
      ['skopeo', 'inspect', '--tls-verify=false', `docker://${host()}/no/such:thing`],
      ['oras', 'pull', '--plain-http', `${host()}/dynamease:missing`],
    ]) {
      const { exitCode, stdout, stderr } = await tryTool(...command);
      expect(exitCode).not.toBe(0);
      expect(`${stdout}${stderr}`).toMatch(/MANIFEST_UNKNOWN|not found|manifest unknown|404/i);
    }
    expectNoFailures();
  });

  it('are not given an image one of whose pieces is damaged, and the registry names the layer', async () => {
    // One image for each: once found, damage is refused at once, and each tool is to meet the body that is cut.
    const commands = (image: string): Readonly<Record<string, string[]>> => ({
      crane: ['crane', 'pull', '--format', 'oci', image, 'crane-damaged'],
      skopeo: ['skopeo', '--insecure-policy', 'copy', '--src-tls-verify=false', `docker://${image}`, 'dir:/work/skopeo-damaged'],
      oras: ['oras', 'copy', '--from-plain-http', '--to-oci-layout', image, '/work/oras-damaged:x'],
    });
    for (const [index, name] of Object.keys(commands('')).entries()) {
      const bytes = sampleBytes(2_000_000, 9 + index);
      const tag = `damaged-${name}`;
      const published = await publishImage(registry, { repository: 'dynamease', tag, layers: [[{ path: 'snapshot/damaged', bytes }]] });
      const [layer] = JSON.parse(Buffer.from(published.bytes).toString()).layers;
      const damaged = Uint8Array.from(bytes);
      damaged[1_999_000] = (damaged[1_999_000] ?? 0) ^ 1;
      await objects.write(`blobs/sha256/${digestOf(bytes).slice('sha256:'.length)}`, damaged, { sizeBytes: damaged.byteLength });
      expect(registry.log()).not.toContain(layer.digest);
      expect((await tryTool(...(commands(`${host()}/dynamease:${tag}`)[name] ?? []))).exitCode, name).not.toBe(0);
      const named = registry
        .log()
        .split('\n')
        .filter((line) => line.includes('DIGEST_MISMATCH') && line.includes(layer.digest));
      expect(named.length, name).toBeGreaterThan(0);
    }
  });
});
