import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuildSnapshot, isEnded, type Job, routes } from '../../core/index.ts';
import { startRegistryHere } from '../support/registry-here.ts';
import { smallBuild } from '../support/small-build.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-main-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const mainFile = join(import.meta.dirname, '../../registry/main.ts');
const smallFile = join(import.meta.dirname, 'small-registry-program.ts');
/** The shape of a secret that must never be printed. */
const secret = 's3cr3t-value-0123456789';
const secrets = { TEST_KEY: secret, TEST_PASSWORD: secret };
const environments = `environments:
  prod:
    repository: dynamease
    policy: policy.yaml
    key: { env: TEST_KEY }
    sources:
      mysql: { kind: mysql, host: 127.0.0.1, user: dyndata, password: { env: TEST_PASSWORD }, databases: [dynamease] }
`;
const configOf = (changes: { listen?: string; storage?: string; more?: string } = {}): string =>
  `version: 1\nlisten: ${changes.listen ?? '{ port: 0 }'}\nstorage: ${changes.storage ?? '{ folder: store }'}\n${environments}${changes.more ?? ''}`;

type Running = { child: ChildProcess; output: () => { stdout: string; stderr: string }; exit: Promise<number | null> };
const start = (program: string, commandLine: readonly string[], env: Record<string, string> = {}): Running => {
  const child = spawn(process.execPath, [program, ...commandLine], {
    env: { ...process.env, ...secrets, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (text) => {
    stdout += String(text);
  });
  child.stderr?.on('data', (text) => {
    stderr += String(text);
  });
  return { child, output: () => ({ stdout, stderr }), exit: once(child, 'close').then(([code]) => code as number | null) };
};
const fileWith = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
};

describe('a registry that cannot start', () => {
  const expectFailure = (output: { stdout: string; stderr: string }, words: readonly RegExp[]): void => {
    expect(output.stdout).toBe('');
    for (const word of words) expect(output.stderr).toMatch(word);
    expect(output.stderr).not.toContain(secret);
    expect(output.stderr).not.toMatch(/\n\s+at /);
  };
  const fails = async (commandLine: readonly string[], exitCode: number, words: readonly RegExp[], env: Record<string, string> = {}) => {
    const { exit, output } = startRegistryHere(commandLine, { env: { ...secrets, ...env } });
    expect(await exit, output().stderr).toBe(exitCode);
    expectFailure(output(), words);
  };

  it('says how it is called', async () => {
    const program = start(mainFile, ['--confg', 'x']);
    expect(await program.exit).toBe(2);
    expectFailure(program.output(), [/^USAGE: /, /--config FILE/]);
    await fails([], 2, [/^USAGE: /, /--config FILE/]);
  });

  it('names a configuration that it cannot read', async () => {
    await fails(['--config', join(folder, 'missing.yaml')], 2, [/^CONFIG_NOT_FOUND: /, /missing\.yaml/, /ENOENT/]);
    await fails(['--config', folder], 2, [/^CONFIG_NOT_FOUND: /, /EISDIR/]);
  });

  it('names every wrong key of its configuration, and prints no value', async () => {
    const wrongKeys = await fileWith('keys.yaml', `${configOf()}\npassword: ${secret}\nstorag: 1\n`);
    await fails(['--config', wrongKeys], 2, [/^CONFIG_INVALID: /, /keys\.yaml/, /password: not a known key/, /storag: not a known key/]);
    const wrongYaml = await fileWith('yaml.yaml', `version: 1\n  bad: [${secret}\n`);
    await fails(['--config', wrongYaml], 2, [/^CONFIG_INVALID: /, /line \d+/]);
  });

  it('refuses to serve other machines where it asks for no token', async () => {
    const open = await fileWith('open.yaml', configOf({ listen: '{ host: 0.0.0.0, port: 0 }' }));
    await fails(['--config', open], 2, [/^CONFIG_INVALID: /, /0\.0\.0\.0/, /asks for no authentication/]);
  });

  it('says that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const taken = await fileWith('taken.yaml', configOf({ listen: `{ port: ${port} }` }));
    await fails(['--config', taken], 2, [new RegExp(`^(?:\\{.*\\}\\n)*CONFIG_INVALID: Port ${port} `)]);
    other.close();
  });

  it('says which secret of its storage is missing, and that a store does not answer', async () => {
    const s3 = (port: number) =>
      `{ s3: { endpoint: "http://127.0.0.1:${port}", region: x, bucket: abc, accessKeyId: { env: TEST_ID }, secretAccessKey: { file: s3.secret } } }`;
    const config = await fileWith('s3.yaml', configOf({ storage: s3(1) }));
    await fails(['--config', config], 4, [/^SECRET_MISSING: /, /TEST_ID|s3\.secret/]);
    await fileWith('s3.secret', `${secret}\n`);
    await fails(['--config', config], 5, [/^STORAGE_UNREACHABLE: /, /storage\.s3\.endpoint/], { TEST_ID: 'id' });
  });

  it('says that its storage folder is none', async () => {
    await fileWith('no-folder', 'a file');
    const config = await fileWith('folder.yaml', configOf({ storage: '{ folder: no-folder }' }));
    await fails(['--config', config], 5, [/^STORAGE_FAILED: /]);
  });
});

describe('a running registry', () => {
  const listening = async (running: Running): Promise<string> => {
    await expect.poll(() => running.output().stdout, { timeout: 20_000 }).toContain('\n');
    return JSON.parse(running.output().stdout.split('\n')[0] ?? '').listening;
  };
  const create = async (url: string): Promise<Job> => {
    const body = JSON.stringify({ environment: 'prod', tag: 'may' });
    const response = await fetch(`${url}${routes.createSnapshot.path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    return routes.createSnapshot.answer.parse(await response.json());
  };
  const jobOf = async (url: string, id: string): Promise<Job> =>
    routes.showJob.answer.parse(await (await fetch(`${url}/api/v1/jobs/${id}`)).json());

  it('keeps its snapshots over a restart and stops when told to', async () => {
    const config = await fileWith('run.yaml', configOf());
    const first = start(smallFile, ['--config', config]);
    const url = await listening(first);
    const { id } = await create(url);
    await expect.poll(async () => isEnded((await jobOf(url, id)).state)).toBe(true);
    const { state, digest } = await jobOf(url, id);
    expect(state).toBe('succeeded');
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(0);
    const lines = first.output().stderr.trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ msg: 'registry stopped' });
    expect(first.output().stdout.trim().split('\n')).toHaveLength(1);

    const second = startRegistryHere(['--config', config], { env: secrets, build: smallBuild });
    const manifest = await fetch(`${await second.listening}/v2/dynamease/manifests/may`, { method: 'HEAD' });
    expect(manifest.headers.get('docker-content-digest')).toBe(digest);
    expect(await second.stop()).toBe(0);
    expect(first.output().stderr + second.output().stderr).not.toContain(secret);
  });

  it('cancels its builds and ends within seconds', async () => {
    const config = await fileWith('hang.yaml', configOf({ storage: '{ folder: hang-store }' }));
    const hang =
      (): BuildSnapshot =>
      (_request, { signal }) =>
        sleep(600_000, { digest: '' }, { signal });
    const running = startRegistryHere(['--config', config], { env: secrets, build: hang });
    const url = await running.listening;
    const { id } = await create(url);
    await expect.poll(async () => (await jobOf(url, id)).state).toBe('running');
    expect(await running.stop()).toBe(0);
    expect(running.output().stderr).toContain('"state":"cancelled"');
  });
});
