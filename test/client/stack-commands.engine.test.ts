import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandsStack, composeFile, openCommandsStack } from '../support/commands-stack.ts';
import { describeWithEngine } from '../support/engine.ts';
import { pinSuite } from './pin-suite.ts';

const project = 'dyn-data-test-commands';

describeWithEngine('with a restored stack', () => {
  let stack: CommandsStack;
  beforeAll(async () => {
    stack = await openCommandsStack(project);
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  const sql = async (statement: string): Promise<string> =>
    (await stack.client.docker(['exec', `${project}-push-db-1`, 'psql', '-U', 'push', '-d', 'push', '-XAtc', statement])).stdout.trim();

  test('up --dry-run tells the order, and what would be pulled, kept, replaced and restored, and does nothing', async () => {
    const kept = await stack.client.run(['up', '--dry-run']);
    expect(kept.stderr).toBe('');
    expect(kept.stdout).toMatch(
      /^Plan for dyn-data-test-commands with first \(sha256:[0-9a-f]{12}\); nothing is changed\.\nThe data image is here\.\n\nSTEP +SERVICE +NOW +IMAGE +DATA +ROWS\n1 +push-db +running +here +keep: it holds this snapshot +2,500 \([\d.]+ kB\)\n2 +speaker +running +here\n$/,
    );
    const other = JSON.parse((await stack.client.run(['up', 'tampered', '--dry-run', '--json'])).stdout);
    expect(other).toMatchObject({
      version: 1,
      dryRun: true,
      digest: stack.tampered.digest,
      dataImage: { pull: true, layers: 1 },
      services: [
        { service: 'push-db', step: 1, state: 'running', source: 'push', data: 'replace', holds: 'first', rows: 2500 },
        { service: 'speaker', step: 2, state: 'running' },
      ],
    });
    const replaced = JSON.parse((await stack.client.run(['up', '--replace', '--dry-run', '--json'])).stdout);
    expect(replaced.services[0]).toMatchObject({ data: 'replace' });
    const locked = await stack.client.run(['up', '--locked', '--dry-run']);
    expect(locked.stderr).toContain('error LOCK_MISSING');
    expect(await stack.client.docker(['image', 'inspect', `${stack.registry.host}/shop@${stack.tampered.digest}`])).toMatchObject({
      exitCode: 1,
    });
  });

  test('doctor finds all well, and a port that somebody else has', async () => {
    const well = await stack.client.run(['doctor']);
    expect(well.stdout).toMatch(/^ok {4}engine +Docker \d/m);
    expect(well.stdout).toMatch(/^ok {4}compose +Docker Compose \d/m);
    expect(well.stdout).toMatch(/^(?:ok {2}|warn) {2}disk +/m);
    expect(well.stdout).toMatch(/^(?:ok {2}|warn) {2}memory +[\d.]+ [MGT]B, \d+ cores$/m);
    expect(well.stdout).toMatch(/^ok {4}stack +2 services of dyn-data-test-commands; push-db takes push$/m);
    const port = new URL(stack.registry.url).port;
    const original = composeFile.replace('    init: true', `    init: true\n    ports: ["127.0.0.1:${port}:80"]`);
    await writeFile(join(stack.client.folder, 'taken.yml'), original);
    const config = JSON.parse(await readFile(join(stack.client.folder, 'dyn-data.yaml'), 'utf8'));
    await writeFile(
      join(stack.client.folder, 'taken.yaml'),
      JSON.stringify({ ...config, stack: { ...config.stack, files: ['taken.yml'] } }),
    );
    const taken = await stack.client.run(['--config', 'taken.yaml', 'doctor']);
    expect(taken.stdout).toContain(`taken by somebody else: ${port} (speaker)`);
    expect(taken.exitCode).toBe(4);
  });

  test('verify hashes every chunk and schema file, and with --restored counts what the services hold', async () => {
    const verified = await stack.client.run(['verify']);
    expect(verified.stderr).toBe('');
    expect(verified.stdout).toMatch(/^first \(sha256:[0-9a-f]{12}\) is whole: 3 chunks of 1 tables? and 2 schema files, [\d.]+ kB, in /);
    const restored = await stack.client.run(['verify', '--restored', '--json']);
    expect(restored.exitCode, restored.stderr).toBe(0);
    expect(JSON.parse(restored.stdout)).toMatchObject({
      version: 1,
      digest: stack.image.digest,
      chunks: 3,
      restored: [{ service: 'push-db', source: 'push', state: 'same', tables: 1, differences: [] }],
    });
  });

  test('verify names every chunk that is not what the manifest says', async () => {
    expect((await stack.client.run(['pull', 'tampered'])).exitCode).toBe(0);
    const { stderr, exitCode } = await stack.client.run(['verify', 'tampered']);
    expect(stderr).toContain('error DIGEST_MISMATCH');
    expect(stderr).toContain('  table public.installation of push: chunk 000000.zst\n');
    expect(stderr).toContain('  table public.installation of push: chunk 000002.zst\n');
    expect(exitCode).toBe(6);
    const absent = await stack.client.run(['verify', `sha256:${'0'.repeat(64)}`]);
    expect(absent.stderr).toContain('error NOT_FOUND');
    expect(absent.stderr).toContain('dyn-data pull');
    expect(absent.exitCode).toBe(3);
    expect((await stack.client.run(['pull', 'first'])).exitCode).toBe(0);
  });

  test('reset asks, and brings back what was changed', async () => {
    await sql('DELETE FROM installation WHERE id > 7');
    const changed = await stack.client.run(['verify', '--restored']);
    expect(changed.stderr).toContain('  push-db: public.installation: 2500 rows in the snapshot, 7 here\n');
    expect(changed.exitCode).toBe(6);
    const unasked = await stack.client.run(['reset']);
    expect(unasked.stderr).toContain('error USAGE');
    expect(unasked.stderr).toContain('add --yes');
    expect(unasked.exitCode).toBe(2);
    expect(await sql('SELECT COUNT(*) FROM installation')).toBe('7');
    const reset = await stack.client.run(['reset', '--service', 'push-db', '--yes', '--json']);
    expect(reset.exitCode, reset.stderr).toBe(0);
    expect(JSON.parse(reset.stdout)).toMatchObject({ version: 1, reference: 'first', digest: stack.image.digest });
    expect(await sql('SELECT COUNT(*) FROM installation')).toBe('2500');
    const unknown = await stack.client.run(['reset', '--service', 'speaker', '--yes']);
    expect(unknown.stderr).toContain('error NOT_FOUND: The stack has no service speaker that takes data. It has: push-db.');
    expect(unknown.exitCode).toBe(3);
  });

  test('logs show both outputs of the services, as lines and as JSON lines', async () => {
    const text = await stack.client.run(['logs', 'speaker']);
    expect(text.exitCode, text.stderr).toBe(0);
    expect(
      text.stdout
        .trimEnd()
        .split('\n')
        .sort()
        .map((line) => line.replace(/ +/g, ' ')),
    ).toEqual(expect.arrayContaining(['speaker-1 | to err', 'speaker-1 | to out']));
    const lines = (await stack.client.run(['logs', 'speaker', '--json', '--tail', '5'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(expect.arrayContaining([{ version: 1, service: 'speaker', line: 'to out' }]));
    const unknown = await stack.client.run(['logs', 'listener']);
    expect(unknown.stderr).toContain('error NOT_FOUND: The stack has no service listener. It has: push-db, speaker.');
  });

  test('following logs ends with an interruption, and that is no failure', async () => {
    const following = await stack.client.start(['logs', '--follow', 'speaker']);
    await new Promise<void>((resolve) => following.child.stdout?.once('data', () => resolve()));
    following.child.kill('SIGINT');
    expect(await following.ended).toMatchObject({ exitCode: 0, stderr: '' });
  });

  pinSuite(() => stack);
});
