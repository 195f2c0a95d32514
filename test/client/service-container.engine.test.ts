import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createEngine } from '../../client/engine.ts';
import { createRunner, type Runner } from '../../client/process.ts';
import { createProjectContainers } from '../../client/project-containers.ts';
import { createServiceContainer, type ServiceContainer } from '../../client/service-container.ts';
import { runCommand, runOrFail } from '../../scripts/run-command.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';

const timeoutMs = 30_000;

/** A compose project of its own, as compose makes its containers. */
type Project = AsyncDisposable & {
  nameOf(service: string): string;
  /** @returns the id */
  start(service: string, script: string, ...options: string[]): Promise<string>;
  container(service: string): ServiceContainer;
  /** What docker was asked, by its first word. */
  readonly asked: readonly string[];
};

async function openProject(name: string): Promise<Project> {
  const project = `dyn-data-test-service-${name}`;
  const { signal } = new AbortController();
  const asked: string[] = [];
  const open: ServiceContainer[] = [];
  const runner = createRunner({ env: process.env, signal });
  const processes: Runner = {
    ...runner,
    run(command, args, options) {
      asked.push(args[0] ?? '');
      return runner.run(command, args, options);
    },
  };
  const containers = createProjectContainers(createEngine(processes), project);
  const nameOf = (service: string): string => `${project}-${service}-1`;
  const remove = async (): Promise<void> => {
    const { stdout } = await runCommand('docker', ['ps', '--all', '--quiet', '--filter', `label=com.docker.compose.project=${project}`]);
    const ids = stdout.split('\n').filter((id) => id !== '');
    if (ids.length > 0) await runCommand('docker', ['rm', '--force', ...ids]);
  };
  await remove();
  return {
    asked,
    nameOf,
    async start(service, script, ...options) {
      const labels = [`project=${project}`, `service=${service}`, 'oneoff=False'].flatMap((one) => [
        '--label',
        `com.docker.compose.${one}`,
      ]);
      const image = imageVariables().NGINX_IMAGE ?? '';
      const entrypoint = ['--init', '--name', nameOf(service), '--entrypoint', 'sh'];
      const run = ['run', '-d', ...labels, ...options, ...entrypoint, image, '-c', script];
      return (await runOrFail('Starting', 'docker', run)).trim();
    },
    container(service) {
      const engine = createEngine(processes);
      const made = createServiceContainer({ processes, engine, containers, service, signal, now: () => new Date() });
      open.push(made);
      return made;
    },
    async [Symbol.asyncDispose]() {
      for (const one of open) await one[Symbol.asyncDispose]();
      await containers[Symbol.asyncDispose]();
      await remove();
    },
  };
}

const healthyWhen = (file: string): string[] => ['--health-cmd', `test -e ${file}`, '--health-interval', '500ms'];

// Most of their time they wait, each for containers of its own.
describeWithEngine('the container of a service', () => {
  test.concurrent('several are waited for without a question while nothing happens, and seen when they are healthy', async () => {
    await using project = await openProject('several');
    const { start, container, nameOf, asked } = project;
    await Promise.all(['a', 'b'].map((service) => start(service, 'sleep 1000', ...healthyWhen('/tmp/ready'))));
    const waiting = Promise.all(['a', 'b'].map((service) => container(service).waitHealthy({ timeoutMs })));
    const questions = (): number => asked.filter((word) => word === 'ps').length;
    // Docker tells when it finds them unhealthy; until then, it is asked.
    for (let before = -1; before !== questions(); await sleep(2_000)) before = questions();
    for (const service of ['a', 'b']) await runOrFail('Touching', 'docker', ['exec', nameOf(service), 'touch', '/tmp/ready']);
    expect((await waiting).map(({ service, health }) => `${service} ${health}`)).toEqual(['a healthy', 'b healthy']);
    expect(asked.filter((word) => word === 'events')).toHaveLength(1);
  });

  test.concurrent('its check is asked without waiting for Docker, as the user of the container', async () => {
    await using project = await openProject('rare');
    const { start, container } = project;
    const check = 'test "$(id -u) $PLACE" = "1000 here" && test -e /tmp/ready';
    const options = ['--user', '1000', '--env', 'PLACE=here', '--health-cmd', check, '--health-interval', '1h'];
    await start('rare', 'sleep 2; touch /tmp/ready; exec sleep 1000', ...options);
    expect(await container('rare').waitHealthy({ timeoutMs })).toMatchObject({ status: 'running', health: 'healthy' });
  });

  test.concurrent('one without a shell that could be asked is what Docker finds', async () => {
    await using project = await openProject('bare');
    const { start, container, nameOf } = project;
    await start(
      'bare',
      'rm /bin/sh; touch /tmp/ready; exec sleep 1000',
      '--health-cmd',
      'true',
      '--health-interval',
      '2s',
      '--health-retries',
      '1',
    );
    const direct = ['docker', 'exec', nameOf('bare'), 'test', '-e', '/tmp/ready'] as const;
    while ((await runCommand(direct[0], direct.slice(1))).exitCode !== 0) await sleep(100);
    await expect(container('bare').waitHealthy({ timeoutMs: 8_000 })).rejects.toMatchObject({
      message: expect.stringMatching(/is not healthy after .* \(running, unhealthy\)/),
    });
  });

  test.concurrent('one that ended is named with its exit code and last lines; one that is to end well is waited for', async () => {
    await using project = await openProject('ended');
    const { start, container } = project;
    await start('bad', 'sleep 1; echo goodbye; exit 3');
    await expect(container('bad').waitHealthy({ timeoutMs, endsByItself: true })).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('The service bad ended with exit code 3.'),
      details: ['bad | goodbye'],
    });
    await start('good', 'sleep 1');
    expect(await container('good').waitHealthy({ timeoutMs, endsByItself: true })).toMatchObject({ status: 'exited', exitCode: 0 });
  });

  test.concurrent('one that is started again by the engine is waited for', async () => {
    await using project = await openProject('again');
    const { start, container, nameOf } = project;
    await start(
      'again',
      'test -e /tmp/second && exec sleep 1000; touch /tmp/second; sleep 1; exit 1',
      '--restart',
      'always',
      ...healthyWhen('/proc/1'),
    );
    await runOrFail('Waiting', 'docker', ['wait', nameOf('again')]);
    expect(await container('again').waitHealthy({ timeoutMs })).toMatchObject({ status: 'running', health: 'healthy' });
  });

  test.concurrent('commands run in the one that was made anew', async () => {
    await using project = await openProject('made');
    const { start, container, nameOf } = project;
    const first = await start('made', 'sleep 1000', '--hostname', 'first');
    const made = container('made');
    expect((await made.waitHealthy({ timeoutMs })).id).toBe(first);
    expect((await made.exec(['cat', '/etc/hostname'])).stdout).toBe('first\n');
    await runOrFail('Removing', 'docker', ['rm', '--force', nameOf('made')]);
    const waiting = made.waitHealthy({ timeoutMs });
    await sleep(1_500);
    const second = await start('made', 'sleep 1000', '--hostname', 'second');
    expect((await waiting).id).toBe(second);
    expect((await made.exec(['cat', '/etc/hostname'])).stdout).toBe('second\n');
    // With an input that no shell takes, and line by line.
    const lines: string[] = [];
    const input = `${'x'.repeat(100_000)}\nsecond line\n`;
    expect((await made.exec(['cat'], { input, onLine: (line) => lines.push(line) })).stdout).toBe(input);
    expect(lines).toEqual([input.slice(0, 100_000), 'second line']);
    expect((await made.exec(['cat'], { input: 'a\0b' })).stdout).toBe('a\0b');
  });

  test.concurrent('a time limit names how it is and what it printed', async () => {
    await using project = await openProject('limit');
    const { start, container } = project;
    await start('sick', 'echo I feel unwell; exec sleep 1000', ...healthyWhen('/never'), '--health-retries', '1');
    await expect(container('sick').waitHealthy({ timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringMatching(/^The service sick is not healthy after .* \(running, unhealthy\)/),
      details: ['sick | I feel unwell'],
    });
    await expect(container('absent').waitHealthy({ timeoutMs: 500 })).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('(no container)'),
    });
    await expect(container('absent').exec(['true'])).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
  });
});
