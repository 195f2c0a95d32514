import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { type DataImage, makeDataImage, type SourceContent } from '../support/data-image.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { normalised, timeless } from '../support/normalised.ts';
import { runOnPseudoTerminal } from '../support/pseudo-terminal.ts';
import { expectPublished } from '../support/published-schemas.ts';
import { postgresSource, pushDbService } from '../support/shop-data.ts';
import { type SmallRegistry, startSmallRegistry } from '../support/small-registry.ts';

const project = 'dyn-data-test-commands';
const bundle = `${import.meta.dirname}/../../dist/test-client-commands.mjs`;
const composeFile = `
services:
${pushDbService}  speaker:
    image: \${NGINX_IMAGE}
    entrypoint: ["sh", "-c", "echo to out; echo to err >&2; exec sleep 1000"]
    init: true
    depends_on: [push-db]
volumes: { push: }
`;

describeWithEngine('with a restored stack', () => {
  let registry: SmallRegistry;
  let client: ClientProject;
  let image: DataImage;
  let tampered: DataImage;

  beforeAll(async () => {
    registry = await startSmallRegistry();
    await bundleClient(bundle);
    const source = postgresSource({ installations: 2500 });
    image = await makeDataImage([source]);
    registry.add('shop', 'first', image);
    tampered = await makeDataImage([withChanged(source)]);
    registry.add('shop', 'tampered', tampered);
    client = await createClientProject({ client: bundle, registry: registry.url, project, composeFile, env: imageVariables() });
    const up = await client.run(['up', 'first']);
    expect(up.exitCode, up.stderr).toBe(0);
  });
  afterAll(async () => {
    await client.run(['down', '-v']);
    for (const { digest } of [image, tampered]) await client.docker(['image', 'rm', `${registry.host}/shop@${digest}`]);
    await client[Symbol.asyncDispose]();
    await registry.close();
    await rm(bundle);
  });
  /** The first and the last chunk hold other bytes than the manifest says. */
  const withChanged = (source: SourceContent): SourceContent => ({
    ...source,
    tables: source.tables.map((table) => ({
      ...table,
      chunks: table.chunks.map((chunk, index) => (index === 1 ? chunk : { ...chunk, storedText: chunk.text.replace(/alias\d/, 'aliasX') })),
    })),
  });
  const sql = async (statement: string): Promise<string> =>
    (await client.docker(['exec', `${project}-push-db-1`, 'psql', '-U', 'push', '-d', 'push', '-XAtc', statement])).stdout.trim();

  test('up --dry-run tells the order, and what would be pulled, kept, replaced and restored, and does nothing', async () => {
    const kept = await client.run(['up', '--dry-run']);
    expect(kept.stderr).toBe('');
    expect(kept.stdout).toMatch(
      /^Plan for dyn-data-test-commands with first \(sha256:[0-9a-f]{12}\); nothing is changed\.\nThe data image is here\.\n\nSTEP +SERVICE +NOW +IMAGE +DATA +ROWS\n1 +push-db +running +here +keep: it holds this snapshot +2,500 \([\d.]+ kB\)\n2 +speaker +running +here\n$/,
    );
    const other = JSON.parse((await client.run(['up', 'tampered', '--dry-run', '--json'])).stdout);
    expect(other).toMatchObject({
      version: 1,
      dryRun: true,
      digest: tampered.digest,
      dataImage: { pull: true, layers: 1 },
      services: [
        { service: 'push-db', step: 1, state: 'running', source: 'push', data: 'replace', holds: 'first', rows: 2500 },
        { service: 'speaker', step: 2, state: 'running' },
      ],
    });
    const replaced = JSON.parse((await client.run(['up', '--replace', '--dry-run', '--json'])).stdout);
    expect(replaced.services[0]).toMatchObject({ data: 'replace' });
    const locked = await client.run(['up', '--locked', '--dry-run']);
    expect(locked.stderr).toContain('error LOCK_MISSING');
    expect(await client.docker(['image', 'inspect', `${registry.host}/shop@${tampered.digest}`])).toMatchObject({ exitCode: 1 });
  });

  test('doctor finds all well, and a port that somebody else has', async () => {
    const well = await client.run(['doctor']);
    expect(well.stdout).toMatch(/^ok {4}engine +Docker \d/m);
    expect(well.stdout).toMatch(/^ok {4}compose +Docker Compose \d/m);
    expect(well.stdout).toMatch(/^(?:ok {2}|warn) {2}disk +/m);
    expect(well.stdout).toMatch(/^(?:ok {2}|warn) {2}memory +[\d.]+ [MGT]B, \d+ cores$/m);
    expect(well.stdout).toMatch(/^ok {4}stack +2 services of dyn-data-test-commands; push-db takes push$/m);
    const port = new URL(registry.url).port;
    const original = composeFile.replace('    init: true', `    init: true\n    ports: ["127.0.0.1:${port}:80"]`);
    await writeFile(join(client.folder, 'taken.yml'), original);
    const config = JSON.parse(await readFile(join(client.folder, 'dyn-data.yaml'), 'utf8'));
    await writeFile(join(client.folder, 'taken.yaml'), JSON.stringify({ ...config, stack: { ...config.stack, files: ['taken.yml'] } }));
    const taken = await client.run(['--config', 'taken.yaml', 'doctor']);
    expect(taken.stdout).toContain(`taken by somebody else: ${port} (speaker)`);
    expect(taken.exitCode).toBe(4);
  });

  test('verify hashes every chunk and schema file, and with --restored counts what the services hold', async () => {
    const verified = await client.run(['verify']);
    expect(verified.stderr).toBe('');
    expect(verified.stdout).toMatch(/^first \(sha256:[0-9a-f]{12}\) is whole: 3 chunks of 1 tables? and 2 schema files, [\d.]+ kB, in /);
    const restored = await client.run(['verify', '--restored', '--json']);
    expect(restored.exitCode, restored.stderr).toBe(0);
    expect(JSON.parse(restored.stdout)).toMatchObject({
      version: 1,
      digest: image.digest,
      chunks: 3,
      restored: [{ service: 'push-db', source: 'push', state: 'same', tables: 1, differences: [] }],
    });
  });

  test('verify names every chunk that is not what the manifest says', async () => {
    expect((await client.run(['pull', 'tampered'])).exitCode).toBe(0);
    const { stderr, exitCode } = await client.run(['verify', 'tampered']);
    expect(stderr).toContain('error DIGEST_MISMATCH');
    expect(stderr).toContain('  table public.installation of push: chunk 000000.zst\n');
    expect(stderr).toContain('  table public.installation of push: chunk 000002.zst\n');
    expect(exitCode).toBe(6);
    const absent = await client.run(['verify', `sha256:${'0'.repeat(64)}`]);
    expect(absent.stderr).toContain('error NOT_FOUND');
    expect(absent.stderr).toContain('dyn-data pull');
    expect(absent.exitCode).toBe(3);
    expect((await client.run(['pull', 'first'])).exitCode).toBe(0);
  });

  test('reset asks, and brings back what was changed', async () => {
    await sql('DELETE FROM installation WHERE id > 7');
    const changed = await client.run(['verify', '--restored']);
    expect(changed.stderr).toContain('  push-db: public.installation: 2500 rows in the snapshot, 7 here\n');
    expect(changed.exitCode).toBe(6);
    const unasked = await client.run(['reset']);
    expect(unasked.stderr).toContain('error USAGE');
    expect(unasked.stderr).toContain('add --yes');
    expect(unasked.exitCode).toBe(2);
    expect(await sql('SELECT COUNT(*) FROM installation')).toBe('7');
    const reset = await client.run(['reset', '--service', 'push-db', '--yes', '--json']);
    expect(reset.exitCode, reset.stderr).toBe(0);
    expect(JSON.parse(reset.stdout)).toMatchObject({ version: 1, reference: 'first', digest: image.digest });
    expect(await sql('SELECT COUNT(*) FROM installation')).toBe('2500');
    const unknown = await client.run(['reset', '--service', 'speaker', '--yes']);
    expect(unknown.stderr).toContain('error NOT_FOUND: The stack has no service speaker that takes data. It has: push-db.');
    expect(unknown.exitCode).toBe(3);
  });

  test('logs show both outputs of the services, as lines and as JSON lines', async () => {
    const text = await client.run(['logs', 'speaker']);
    expect(text.exitCode, text.stderr).toBe(0);
    expect(
      text.stdout
        .trimEnd()
        .split('\n')
        .sort()
        .map((line) => line.replace(/ +/g, ' ')),
    ).toEqual(expect.arrayContaining(['speaker-1 | to err', 'speaker-1 | to out']));
    const lines = (await client.run(['logs', 'speaker', '--json', '--tail', '5'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(expect.arrayContaining([{ version: 1, service: 'speaker', line: 'to out' }]));
    const unknown = await client.run(['logs', 'listener']);
    expect(unknown.stderr).toContain('error NOT_FOUND: The stack has no service listener. It has: push-db, speaker.');
  });

  test('following logs ends with an interruption, and that is no failure', async () => {
    const following = client.start(['logs', '--follow', 'speaker']);
    await new Promise<void>((resolve) => following.child.stdout?.once('data', () => resolve()));
    following.child.kill('SIGINT');
    expect(await following.ended).toMatchObject({ exitCode: 0, stderr: '' });
  });

  const printings: readonly (readonly [name: string, args: readonly string[]])[] = [
    ['pull', ['first']],
    ['pin', ['first']],
    ['up', ['--dry-run']],
    ['up', ['--locked']],
    ['status', []],
    ['verify', ['--restored']],
    ['reset', ['--service', 'push-db', '--yes']],
    ['down', []],
  ];

  test.each(printings)(
    '%s %j prints what is stored for a pipe and for terminals, and JSON as its published schema says',
    async (name, args) => {
      const parts = [`$ dyn-data ${[name, ...args].join(' ')}`];
      const piped = await client.run([name, ...args]);
      expect(piped.exitCode, piped.stderr).toBe(0);
      parts.push('--- in a pipe', piped.stdout.trimEnd());
      // What comes meanwhile is in another order each time.
      const noted = piped.stderr.split('\n').filter((line) => !line.includes(': ') && line !== '');
      if (noted.length > 0) parts.push('--- on standard error', ...noted);
      const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...imageVariables() };
      for (const columns of name === 'up' || name === 'status' ? [60, 120] : []) {
        const { written, exitCode } = await runOnPseudoTerminal([process.execPath, bundle, name, ...args], {
          folder: client.folder,
          columns,
          env,
        });
        expect(exitCode, written).toBe(0);
        // The table; before it lines come and go.
        const table = written.slice(written.lastIndexOf('\u001b[2K') + 1);
        parts.push(`--- on a terminal of ${columns} columns`, table.slice(table.search(/^(?:SERVICE|STEP) /m)).trimEnd());
        for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
      }
      const known = new Map(Object.values(imageVariables()).map((image) => [image, 'IMAGE'] as const));
      const file = `${import.meta.dirname}/../fixtures/printed/${[name, ...args].join('-').replaceAll('--', '')}.txt`;
      await expect(`${timeless(normalised(parts.join('\n'), known))}\n`).toMatchFileSnapshot(file);
      expectPublished(name, await client.runJson([name, ...args]));
    },
  );

  test('doctor and each line of logs keep to their published schemas', async () => {
    expectPublished('doctor', JSON.parse((await client.run(['doctor', '--json'])).stdout));
    expect((await client.run(['up', '--locked'])).exitCode).toBe(0);
    const lines = (await client.run(['logs', 'speaker', '--json'])).stdout.trimEnd().split('\n');
    for (const line of lines) expectPublished('logs', JSON.parse(line));
  });
});
