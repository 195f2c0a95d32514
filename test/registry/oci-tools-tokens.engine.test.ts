import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CommandResult, runCommand } from '../../scripts/run-command.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { describeWithEngine } from '../support/engine.ts';
import { type GuardedRegistry, startGuardedRegistry } from '../support/guarded-registry.ts';
import { type OciTools, ociTools, openOciTools } from '../support/oci-tools.ts';

describeWithEngine('tools with a token', () => {
  let folder: string;
  let tools: OciTools;
  let registry: GuardedRegistry;
  const host = (): string => `127.0.0.1:${registry.port}`;
  const runAs = (home: string, command: string, token?: string): Promise<CommandResult> => tools.run(home, ['sh', '-c', command], token);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-tool-tokens-'));
    tools = await openOciTools(folder);
    registry = await startGuardedRegistry(createMemoryObjects());
  });
  afterAll(async () => {
    await tools?.[Symbol.asyncDispose]();
    await registry?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const expectDone = (result: CommandResult): string => {
    expect(result.exitCode, `${result.stdout}${result.stderr}`).toBe(0);
    return result.stdout.trim();
  };
  const expectRefused = ({ exitCode, stdout, stderr }: CommandResult, why: RegExp): void => {
    expect(exitCode, stdout).not.toBe(0);
    expect(`${stdout}${stderr}`).toMatch(why);
  };
  /** Some tools ask the registry without a token and tell its answer, others see by its challenge that they have none. */
  const unauthorized = /unauthorized|401|authentication required|basic credential not found|no basic auth credentials/i;
  const denied = /denied|403|forbidden|ACCESS_DENIED/i;

  it.each(Object.entries(ociTools))('%s reads and writes what its token covers, and nothing without one', async (name, tool) => {
    const from = `${host()}/dynamease:may`;
    const mirror = `${host()}/team/test:${name}`;
    const digest = registry.digests.dynamease ?? '';
    expectRefused(await runAs(`${name}-nobody`, tool.digest(from)), unauthorized);

    const reader = await registry.issue('reader', ['dynamease']);
    expectDone(await runAs(`${name}-reader`, tool.login(host()), reader.text));
    expect(expectDone(await runAs(`${name}-reader`, tool.digest(from)))).toBe(digest);
    expectRefused(await runAs(`${name}-reader`, tool.copy(from, `${host()}/dynamease:copied`)), denied);
    expectRefused(await runAs(`${name}-reader`, tool.remove(`${host()}/dynamease@${digest}`)), denied);
    expectRefused(await runAs(`${name}-reader`, tool.digest(`${host()}/team/test:may`)), denied);

    const operator = await registry.issue('operator', ['dynamease', 'team/*']);
    expectDone(await runAs(`${name}-operator`, tool.login(host()), operator.text));
    expectDone(await runAs(`${name}-operator`, tool.copy(from, mirror)));
    expect(expectDone(await runAs(`${name}-operator`, tool.digest(mirror)))).toBe(digest);
    expectDone(await runAs(`${name}-operator`, tool.remove(`${host()}/team/test@${digest}`)));
    expectRefused(await runAs(`${name}-operator`, tool.digest(mirror)), /not found|MANIFEST_UNKNOWN|manifest unknown|404/i);

    await registry.revoke(operator.id);
    expectRefused(await runAs(`${name}-operator`, tool.digest(from)), unauthorized);
  });

  it('docker pulls with a token, and pushes only where it may', async () => {
    const home = join(folder, 'docker');
    await mkdir(home, { recursive: true });
    const docker = (command: string, token = ''): Promise<CommandResult> =>
      runCommand('sh', ['-c', command], { env: { DOCKER_CONFIG: home, TOKEN: token } });
    const login = `printf %s "$TOKEN" | docker login --username any --password-stdin ${host()}`;
    const [from, to] = [`${host()}/dynamease:may`, `${host()}/team/test:docker`];
    try {
      expectRefused(await docker(`docker pull ${from}`), unauthorized);
      expectRefused(await docker(login, 'wrong'), unauthorized);
      expectDone(await docker(login, (await registry.issue('reader', ['*'])).text));
      expectDone(await docker(`docker pull ${from} && docker tag ${from} ${to}`));
      expectRefused(await docker(`docker push ${to}`), denied);
      expectDone(await docker(login, (await registry.issue('operator', ['team/*'])).text));
      expectDone(await docker(`docker push ${to}`));
      expectRefused(await docker(`docker pull ${from}`), denied);
    } finally {
      await docker(`docker image rm --force ${from} ${to}`);
    }
  });
});
