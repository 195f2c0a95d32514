import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import processSettings from '../../registry/process-settings.json' with { type: 'json' };
import { runCommand } from '../../scripts/run-command.ts';
import { startRegistryHere } from '../support/registry-here.ts';

const program = (name: string): string => join(import.meta.dirname, '../../registry', name);

describe('the programs of the image', () => {
  let folder: string;
  let registry: ChildProcess;
  let env: Record<string, string>;
  const check = () => runCommand(process.execPath, [program('healthcheck.mjs')], { env });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-image-'));
    env = { DYN_DATA_CONFIG: join(folder, 'registry.yaml'), DYN_DATA_ROLE: 'all', DYN_DATA_LISTENING_FILE: join(folder, 'listening') };
    await writeFile(join(folder, 'registry.yaml'), 'version: 1\nlisten: { port: 0 }\nstorage: { folder: store }\nenvironments: {}\n');
  });
  afterAll(async () => {
    registry?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  it('are healthy between the start and the stop, with the settings of the registry in one process', async () => {
    expect(await check()).toMatchObject({ exitCode: 1, stderr: 'It does not listen yet (ENOENT).\n' });
    registry = spawn(process.execPath, [program('start.mjs')], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(registry, 'exit');
    await once(registry.stdout ?? registry, 'data');
    expect(await check()).toMatchObject({ exitCode: 0, stdout: '200\n' });
    const commandLine = (await readFile(`/proc/${registry.pid}/cmdline`, 'utf8')).split('\0').slice(1, -1);
    expect(commandLine).toEqual([...processSettings.nodeOptions, program('main.ts')]);
    registry.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(await check()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('does not answer (ECONNREFUSED)') });
  });

  it('say where a builder must listen to be asked', async () => {
    await writeFile(join(folder, 'listening'), '{"working":true}\n');
    expect(await check()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('set builder.listen') });
  });

  it('refuse a role that there is not', async () => {
    const { exit, output } = startRegistryHere([], { env: { ...env, DYN_DATA_ROLE: 'registrar' } });
    expect(await exit).toBe(2);
    expect(output().stderr).toMatch(/^USAGE: There is no such role/);
  });
});
