import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isDebianAsRoot, unpackDebianPackage } from '../../scripts/debian.ts';
import type { ClientRun } from '../support/client-project.ts';
import { describeWithEngine } from '../support/engine.ts';
import { mysqlSource } from '../support/shop-data.ts';
import { createShopStack, directory, push, type ShopStack } from '../support/shop-stack.ts';

const canFetch = await isDebianAsRoot();

/** Debian 13 has the oldest that the client takes; the other tests run on that of sid. */
describeWithEngine('the client with Docker Compose 2.26', () => {
  let folder = '';
  let stack: ShopStack;

  beforeAll(async () => {
    if (!canFetch) return;
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-compose-'));
    await unpackDebianPackage('docker-compose', folder, { release: 'trixie' });
    const plugins = join(folder, 'config/cli-plugins');
    await mkdir(plugins, { recursive: true });
    await copyFile(join(folder, 'usr/libexec/docker/cli-plugins/docker-compose'), join(plugins, 'docker-compose'));
    stack = await createShopStack('dyn-data-test-oldest', { DOCKER_CONFIG: join(folder, 'config') });
    await stack.publish('first', [mysqlSource({ customers: 250, chunkRows: 100 }), push, directory]);
    // A part of the stack, and what only a profile has.
    await writeFile(
      join(stack.client.folder, 'more.yml'),
      `services: { tool: { image: "\${MYSQL_IMAGE}", profiles: [tools], entrypoint: ["sleep", "1000"], init: true } }\n`,
    );
    await writeFile(join(stack.client.folder, '.env'), 'COMPOSE_PROFILES=tools\n');
    const config = { version: 1, registry: stack.registry.url, repository: 'shop' };
    const files = ['docker-compose.yml', 'more.yml'];
    await writeFile(join(stack.client.folder, 'dyn-data.yaml'), JSON.stringify({ ...config, stack: { files, project: stack.project } }));
  });
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    if (folder !== '') await rm(folder, { recursive: true });
  });
  const run = async (...args: string[]): Promise<ClientRun> => {
    const ended = await stack.client.run(args);
    expect(ended.exitCode, ended.stderr).toBe(0);
    return ended;
  };
  const runJson = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout);

  test.runIf(canFetch)('brings up, looks, resets, pins and ends a stack', async () => {
    expect((await stack.client.docker(['compose', 'version', '--short'])).stdout).toMatch(/^v?2\.26\./);
    await run('pull', 'first');
    expect((await runJson('up', '--dry-run')).services.map((one: { service: string }) => one.service)).toContain('tool');
    const { services } = await runJson('up');
    expect(services).toHaveLength(5);
    expect(await stack.readerSaw()).toBe('250');
    expect(await stack.isRunning('tool')).toBe(true);
    expect(await runJson('verify', '--restored')).toMatchObject({ restored: Array(3).fill({ state: 'same' }) });
    await stack.mysql('DELETE FROM shop.orders');
    await run('reset', '--yes');
    expect(await stack.mysql('SELECT COUNT(*) FROM shop.orders')).toEqual([['10']]);
    expect((await run('logs', 'reader', '--tail', '1')).stdout).toContain('250');
    await run('pin', 'first');
    await run('up', '--locked');
    expect((await runJson('status')).services).toHaveLength(5);
    const { checks } = JSON.parse((await stack.client.run(['doctor', '--json'])).stdout);
    expect(checks).toContainEqual(expect.objectContaining({ name: 'compose', state: 'ok', found: expect.stringContaining('2.26.') }));
    await run('down', '-v');
    expect((await stack.client.docker(['ps', '-aq', '--filter', `label=com.docker.compose.project=${stack.project}`])).stdout).toBe('');
  });
});
