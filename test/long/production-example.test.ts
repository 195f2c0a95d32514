import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CopyObjectCommand, CreateBucketCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { newToken } from '../../core/index.ts';
import { samplePolicy } from '../../demo/sample-registry.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { removeSample } from '../../sample/seed-sample.ts';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { projectFolder } from '../../scripts/project-paths.ts';
import { buildRegistryImage } from '../../scripts/registry-image.ts';
import { runCommand, runOrFail } from '../../scripts/run-command.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { seedFreshSample } from '../support/fresh-sample.ts';

const project = 'dyn-data-test-production';
const sampleProject = 'dyn-data-test-production-sources';
const image = 'dyn-data/registry-in-production';
const bundle = join(import.meta.dirname, '../../dist/test-long-production.mjs');
const anyPorts = { SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };
const storeKeys = { accessKeyId: 'production-access-key', secretAccessKey: 'production-secret-key' };

type Inspected = {
  readonly Name: string;
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Health?: { readonly Status: string } };
  readonly Config: { readonly User: string };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: readonly string[];
    readonly SecurityOpt: readonly string[];
    readonly Memory: number;
    readonly PidsLimit: number;
    readonly NanoCpus: number;
    readonly RestartPolicy: { readonly Name: string };
    readonly LogConfig: { readonly Config: Readonly<Record<string, string>> };
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string }[]>> | null;
  };
};

describeWithEngine('the example of production in deploy/', () => {
  let folder: string;
  let env: Record<string, string>;
  let client: ClientProject;
  let host: string;
  let first: string;

  const docker = (...args: string[]): Promise<string> => runOrFail(`docker ${args[0]}`, 'docker', args);
  const compose = (...args: string[]): Promise<string> =>
    runOrFail(`docker compose ${args[0]}`, 'docker', ['compose', '-f', 'docker-compose.yml', '-f', 'test.yml', '-p', project, ...args], {
      cwd: join(folder, 'deploy'),
      env,
    });
  const inspect = async (...services: string[]): Promise<Inspected[]> => {
    const ids = (await compose('ps', '--all', '--quiet', ...services)).trim().split('\n');
    return JSON.parse(await docker('inspect', ...ids));
  };
  const dynData = async (...args: string[]): Promise<string> => {
    const run = await client.run(args);
    expect(run, `${args.join(' ')}\n${run.stdout}${run.stderr}`).toMatchObject({ exitCode: 0 });
    return run.stdout;
  };
  /** The containers' user owns what they read: that of this process, or an ordinary one where this is root. */
  const owner = process.getuid?.() === 0 ? 1000 : (process.getuid?.() ?? 1000);
  const giveToOwner = async (): Promise<void> => {
    if (process.getuid?.() === 0) await runOrFail('chown', 'chown', ['-R', `${owner}:${owner}`, folder]);
  };
  const changeConfig = async (change: (config: ReturnType<typeof parse>) => void): Promise<void> => {
    const file = join(folder, 'deploy/config/registry.yaml');
    const config = parse(await readFile(file, 'utf8'));
    change(config);
    await writeFile(file, stringify(config));
  };
  /** The sources answer by the names in the example, in the network where builders look for them. */
  const connectSources = async (): Promise<void> => {
    for (const [service, name] of Object.entries({ mysql: 'db', ldap: 'ldap', postgres: 'push-db' }))
      await docker('network', 'connect', '--alias', `${name}.example.com`, `${project}_outside`, `${sampleProject}-${service}-1`);
  };
  const disconnectSources = async (): Promise<void> => {
    for (const service of ['mysql', 'ldap', 'postgres'])
      await runCommand('docker', ['network', 'disconnect', '--force', `${project}_outside`, `${sampleProject}-${service}-1`]);
  };

  const token = newToken(randomBytes).text;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-production-example-'));
    const deploy = join(folder, 'deploy');
    const isOfExample = (path: string): boolean => !/\/deploy\/(?:\.env$|secrets|data)/.test(path);
    await cp(join(projectFolder, 'deploy'), deploy, { recursive: true, filter: isOfExample });
    await cp(samplePolicy, join(deploy, 'config/prod.policy.yaml'));
    await cp(join(projectFolder, 'sample/make-bucket.mjs'), join(folder, 'make-bucket.mjs'));
    await cp(join(deploy, '.env.example'), join(deploy, '.env'));
    const port = await freePort();
    host = `127.0.0.1:${port}`;
    const numbers = { LISTEN_PORT: String(port), DYN_DATA_UID: String(owner), DYN_DATA_GID: String(owner) };
    env = { ...imageVariables(), ...numbers, REGISTRY_IMAGE: image };
    await runCommand('docker', ['compose', '-p', project, 'down', '--volumes', '--remove-orphans', '--timeout', '5']);

    const sources: SampleConnections = await seedFreshSample({
      size: 'small',
      project: sampleProject,
      env: { ...process.env, ...imageVariables(), ...anyPorts },
    });
    const prepared = await runCommand(join(deploy, 'prepare.sh'), []);
    expect(prepared).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('admin.token tls.crt tls.key') });
    const secrets = {
      'admin.token': token,
      's3-access-key': storeKeys.accessKeyId,
      's3-secret-key': storeKeys.secretAccessKey,
      'mysql-password': sources.mysql.password,
      'ldap-password': sources.ldap.password,
      'aerogear-password': sources.postgres.password,
    };
    for (const [name, text] of Object.entries(secrets)) await writeFile(join(deploy, 'secrets', name), `${text}\n`, { mode: 0o600 });
    const certificate = ['-keyout', 'tls.key', '-out', 'tls.crt', '-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...certificate];
    await runOrFail('openssl', 'openssl', request, { cwd: join(deploy, 'secrets') });
    const key = await readFile(join(deploy, 'secrets/prod.key'), 'utf8');
    expect(await runCommand(join(deploy, 'prepare.sh'), [])).toMatchObject({ exitCode: 0 });
    expect(await readFile(join(deploy, 'secrets/prod.key'), 'utf8')).toBe(key);

    // An S3 store elsewhere, and sources without TLS.
    await changeConfig((config) => {
      config.storage.s3.endpoint = 'http://store:9000';
      Object.assign(config.environments.prod.sources.ldap, {
        url: 'ldap://ldap.example.com',
        bindDn: sources.ldap.bindDn,
        base: sources.ldap.baseDn,
      });
    });
    const keys = { SAMPLE_S3_ACCESS_KEY: storeKeys.accessKeyId, SAMPLE_S3_SECRET_KEY: storeKeys.secretAccessKey };
    const test = {
      services: {
        store: {
          image: env.S3_IMAGE,
          command: ['server', '/data'],
          environment: { MINIO_ROOT_USER: storeKeys.accessKeyId, MINIO_ROOT_PASSWORD: storeKeys.secretAccessKey },
          ports: ['127.0.0.1::9000'],
          networks: ['outside'],
        },
        bucket: {
          image,
          entrypoint: ['node', '/app/sample/make-bucket.mjs', 'http://store:9000', 'dyn-data'],
          environment: keys,
          volumes: ['../make-bucket.mjs:/app/sample/make-bucket.mjs:ro'],
          networks: ['outside'],
          depends_on: ['store'],
          healthcheck: { disable: true },
        },
      },
    };
    await writeFile(join(deploy, 'test.yml'), stringify(test));
    await giveToOwner();
    await buildRegistryImage({ tag: image, log: (line) => process.stderr.write(`${line}\n`) });
    await compose('run', '--rm', 'bucket');
    await compose('up', '--detach', '--no-build', '--wait', '--wait-timeout', '180', 'proxy', 'builder');
    await connectSources();
    await bundleClient(bundle);
    client = await createClientProject({
      client: bundle,
      registry: `https://${host}`,
      repository: 'dynamease',
      // Logins of this test only.
      env: { XDG_CONFIG_HOME: folder, DOCKER_CONFIG: join(folder, 'docker'), NODE_EXTRA_CA_CERTS: join(deploy, 'secrets/tls.crt') },
    });
    const login = await client.run(['login', `https://${host}`], {}, `${token}\n`);
    expect(login, login.stderr).toMatchObject({ exitCode: 0 });
  });
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]();
    await disconnectSources();
    await compose('down', '--volumes', '--remove-orphans', '--timeout', '5');
    await removeSample({ project: sampleProject, env: process.env });
    const pulled = (await docker('image', 'ls', '--quiet', `${host}/dynamease`)).trim().split('\n');
    for (const name of [image, ...pulled]) await runCommand('docker', ['image', 'rm', '--force', name]);
    await rm(folder, { recursive: true, force: true });
  });

  it('runs every service healthy, without privileges, within limits, and lets in nobody but by the proxy', async () => {
    const running = await inspect('proxy', 'registry', 'builder', 'redis');
    expect(running).toHaveLength(6);
    for (const { Name, State, Config, HostConfig } of running) {
      expect(State, Name).toMatchObject({ Status: 'running', Health: { Status: 'healthy' } });
      expect(Config.User, Name).toBe(`${owner}:${owner}`);
      expect(HostConfig, Name).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        RestartPolicy: { Name: 'unless-stopped' },
        LogConfig: { Config: { 'max-size': '10m', 'max-file': '5' } },
      });
      for (const limit of [HostConfig.Memory, HostConfig.PidsLimit, HostConfig.NanoCpus]) expect(limit, Name).toBeGreaterThan(0);
      const published = Object.values(HostConfig.PortBindings ?? {}).flat();
      expect(
        published.map(({ HostIp }) => HostIp),
        Name,
      ).toEqual(Name.includes('proxy') ? ['127.0.0.1'] : []);
    }
  });

  it('gives the metrics of registries and builders on their own network, for a token', async () => {
    const ask = `fetch(process.argv[1], { headers: process.env.TOKEN ? { authorization: 'Bearer ' + process.env.TOKEN } : {} }).then(({ status }) => console.log(status))`;
    for (const address of ['http://builder:9400/metrics', 'http://registry:5000/metrics']) {
      expect((await compose('exec', '-T', 'registry', 'node', '-e', ask, address)).trim()).toBe('401');
      expect((await compose('exec', '-T', '--env', `TOKEN=${token}`, 'registry', 'node', '-e', ask, address)).trim()).toBe('200');
    }
  });

  it('asks for a token, takes a snapshot and gives it to docker and the client', async () => {
    const stranger = { DYN_DATA_REGISTRY: `https://${host}`, DYN_DATA_TOKEN: newToken(randomBytes).text };
    const refused = await client.run(['ls'], stranger);
    expect(refused.exitCode).not.toBe(0);
    await dynData('snapshot', 'create', 'prod', '--tag', 'before', '--follow');
    first = JSON.parse(await dynData('pull', 'before', '--json')).digest;
    expect(first).toMatch(/^sha256:/);
  });

  it('goes on when one of the registries is killed', async () => {
    const [victim] = await inspect('registry');
    await docker('kill', victim?.Name.slice(1) ?? '');
    for (let turn = 0; turn < 10; turn += 1) expect(await dynData('ls')).toContain('before');
    await compose('up', '--detach', '--no-build', '--no-recreate', '--wait', '--wait-timeout', '120', 'proxy', 'builder');
  });

  it('comes back from a copy of the bucket and the kept secrets alone, as in the drill of docs/operations.md', async () => {
    const { head } = JSON.parse(await dynData('audit', 'verify', '--json'));
    await disconnectSources();
    await compose('stop', 'proxy', 'registry', 'builder', 'redis');
    // One registry was killed and started again; all of them drained now.
    for (const { Name, State } of await inspect('registry', 'builder'))
      expect(State, Name).toMatchObject({ Status: 'exited', ExitCode: 0 });
    await compose('rm', '--force', 'proxy', 'registry', 'builder', 'redis');
    await rm(join(folder, 'deploy/data/redis'), { recursive: true });
    expect(await runCommand(join(folder, 'deploy/prepare.sh'), [])).toMatchObject({ exitCode: 0 });

    const endpoint = `http://${(await compose('port', 'store', '9000')).trim()}`;
    const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: storeKeys });
    await s3.send(new CreateBucketCommand({ Bucket: 'restored' }));
    for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: 'dyn-data' }))
      for (const { Key = '' } of page.Contents ?? []) {
        if (Key.startsWith('collector/')) continue;
        await s3.send(new CopyObjectCommand({ Bucket: 'restored', Key, CopySource: encodeURI(`dyn-data/${Key}`) }));
      }
    await changeConfig((config) => {
      config.storage.s3.bucket = 'restored';
      config.redisPrefix = 'restored';
    });
    await giveToOwner();
    await compose('up', '--detach', '--no-build', '--wait', '--wait-timeout', '180', 'proxy', 'builder');
    await connectSources();

    await dynData('audit', 'verify', '--head', `${head.number}:${head.hash}`);
    expect(JSON.parse(await dynData('pull', 'before', '--json')).digest).toBe(first);
    // The same data, policy and key give the same snapshot: no pseudonym is another one.
    await dynData('snapshot', 'create', 'prod', '--tag', 'after', '--follow');
    expect(JSON.parse(await dynData('pull', 'after', '--json')).digest).toBe(first);
  });
});
