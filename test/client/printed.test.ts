import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resultSchemas } from '../../client/results/index.ts';
import { DynDataError } from '../../core/errors.ts';
import { isEnded, type JobState } from '../../core/job.ts';
import { tokenIdOf } from '../../core/token-text.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { bundledClient, clientBundle } from '../support/client-bundle.ts';
import { makeDataImage } from '../support/data-image.ts';
import { times } from '../support/many-times.ts';
import { normalised } from '../support/normalised.ts';
import { runOnPseudoTerminal } from '../support/pseudo-terminal.ts';
import { publishImage } from '../support/published-image.ts';
import { expectPublished } from '../support/published-schemas.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { mysqlSource, postgresSource } from '../support/shop-data.ts';
import { storeDataImage } from '../support/stored-data-image.ts';

const fixtures = `${import.meta.dirname}/../fixtures/printed`;
const now = new Date('2024-06-03T12:00:00.000Z');
const widths = [60, 80, 120, 200];

let registry: RunningRegistry;
let folder: string;
/** What this run alone knows, with what stands for it in the files. */
const known = new Map<string, string>();
const remembered: Record<string, string> = {};

beforeAll(async () => {
  await bundledClient();
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-printed-'));
  registry = await startRegistry({
    objects: createMemoryObjects(),
    clock: () => now,
    build:
      (ports) =>
      async ({ environment, tag }, { signal }) => {
        if (tag === 'broken') throw new DynDataError('POLICY_INVALID', 'The policy is not valid. Correct it.');
        if (tag === 'waiting') await once(signal, 'abort');
        signal.throwIfAborted();
        return publishImage(ports, {
          repository: 'dynamease',
          environment,
          layers: [[{ path: `snapshot/${tag}`, bytes: new Uint8Array(10) }]],
          ...(tag === undefined ? {} : { tag }),
        });
      },
    policyTools: {
      schema: () => ({ type: 'object' }),
      text: async (environment) => ({ version: 1, environment, policyFile: 'prod.yaml', text: 'version: 1\nsources: {}\n' }),
      suggest: async (environment) => ({ version: 1, environment, text: 'version: 1\n# why\n', decided: 3, undecided: 1 }),
      check: async (environment) => ({
        version: 1,
        environment,
        policyFile: 'prod.yaml',
        plan: [
          { source: 'mysql', section: 'shop.users', name: 'email', type: 'varchar(254)', rule: 'email' },
          { source: 'mysql', section: 'shop.users', name: 'fax', type: 'varchar(20)' },
        ],
        invalid: [],
        undecided: ['mysql shop.users.fax varchar(20)'],
        patch: ['sources:', '  mysql:'],
        drift: { changes: [] },
      }),
      preview: async (environment) => ({ version: 1, environment, tables: [] }),
    },
  });
  known.set(folder, '/FOLDER');
  const may = await makeDataImage([mysqlSource({ customers: 20, chunkRows: 10 }), postgresSource({ installations: 1500 })]);
  const june = await makeDataImage([mysqlSource({ customers: 30, chunkRows: 10 }), postgresSource({ installations: 1500 })]);
  await storeDataImage(registry, may, { tag: 'prod-2024-05-01' });
  await storeDataImage(registry, june, { tag: 'prod-2024-06-01', takenAt: '2024-06-01T00:00:00.000Z' });
  const config = { version: 1, registry: registry.url, repository: 'dynamease', stack: { files: ['docker-compose.yml'] } };
  await writeFile(join(folder, 'dyn-data.yaml'), JSON.stringify(config));
  await writeFile(join(folder, 'away.yaml'), unreachable);
  await writeFile(join(folder, 'before.yaml'), 'version: 1\nsources: { mysql: { tables: { a: { keep: [b] } } } }\n');
  await writeFile(join(folder, 'after.yaml'), 'version: 1\nsources: { mysql: { tables: { a: { columns: { b: email } } } } }\n');
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true });
});

/** What is run once more as it ships, on a real terminal; many times over, all. Pausing and resuming count in the audit log that is printed. */
const shownAgain = new Set(['ls', 'show', 'policy check', 'schedule pause', 'schedule resume']);
const isEverythingTried = times(0, 1) === 1;

/** Nowhere is a docker; what needs one has tests of its own. */
const env = () => ({ PATH: '/nonexistent', DYN_DATA_TOKEN: '', DYN_DATA_REGISTRY: '', XDG_CONFIG_HOME: folder });
const run = (args: readonly string[], columns: number | undefined, more: Readonly<Record<string, string>> = {}, within = folder) =>
  runOnTerminal(args, { folder: within, columns, now, typed: remembered.TOKEN ?? '', env: { ...env(), ...more } });

/** Runs it in a folder that holds just these files. */
async function runAnew(files: Readonly<Record<string, string>>, args: readonly string[], columns: number | undefined) {
  const within = await mkdtemp(join(tmpdir(), 'dyn-data-printed-'));
  known.set(within, '/FOLDER');
  for (const [name, text] of Object.entries(files)) await writeFile(join(within, name), text);
  const answer = await run(args, columns, {}, within);
  await rm(within, { recursive: true });
  return { ...answer, written: normalised(answer.written, known) };
}

/** The client as it ships, on a real terminal, prints what it prints here, but for what depends on the time of day. */
async function expectSameOnPseudoTerminal(
  args: readonly string[],
  columns: number,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const timeless = (text: string): string =>
    text.replaceAll(/\b(?:\d+ (?:years?|months?|days?|hours?|minutes?|s)|now)\b/g, 'AGE').replaceAll(/ +/g, ' ');
  const here = await run(args, columns, more);
  const there = await runOnPseudoTerminal([process.execPath, clientBundle, ...args], { folder, columns, env: { ...env(), ...more } });
  expect(timeless(there.written)).toBe(timeless(here.written));
  expect(there.exitCode).toBe(here.exitCode);
}

/** What a command printed in a pipe, and on terminals where that is something else. */
async function printedBy(args: readonly string[], columns: readonly number[], isProgressShown: boolean, runs = run): Promise<string> {
  const piped = await runs(args, undefined);
  const parts = [`$ dyn-data ${args.join(' ')}`, `--- in a pipe, exit code ${piped.exitCode}`, piped.stdout.trimEnd()];
  if (piped.stderr !== '' && isProgressShown) parts.push('--- on standard error', piped.stderr.trimEnd());
  let before = piped.written;
  for (const width of columns) {
    const { exitCode, written } = await runs(args, width);
    expect(exitCode).toBe(piped.exitCode);
    if (written !== before) parts.push(`--- on a terminal of ${width} columns`, written.trimEnd());
    before = written;
  }
  // Letters and digits like any other word.
  const { tokens } = JSON.parse((await run(['token', 'list', '--json'], undefined)).stdout);
  for (const { id } of tokens) known.set(id, 't'.repeat(id.length));
  return `${normalised(parts.join('\n'), known)}\n`;
}

const expectAsStored = (name: string, text: string): Promise<void> =>
  expect(text).toMatchFileSnapshot(join(fixtures, `${name.replaceAll(' ', '-')}.txt`));

type Args = readonly string[] | (() => readonly string[]);
type Printing = {
  readonly name: string;
  readonly args: Args;
  /** Where it changes something: other arguments, for which it does so again. Such a command is not run on terminals. */
  readonly json?: Args;
  /** Keys of its JSON that later commands take. */
  readonly keep?: Readonly<Record<string, string>>;
  /** It says on the way what a job does, which is another thing each time. */
  readonly follows?: true;
  /** It leaves a job behind, whose end the audit log and the tags that are printed later tell of. */
  readonly leavesJob?: true;
  /** What has to be there first. */
  readonly before?: () => Promise<void>;
  /** Its table leaves columns out. */
  readonly fits?: true;
};
const argsOf = (args: Args): readonly string[] => (typeof args === 'function' ? args() : args);
const given =
  (...args: readonly string[]) =>
  (): readonly string[] =>
    args.map((arg) => remembered[arg] ?? arg);
const nightly = (environment: string): readonly string[] => [
  ...['--environment', environment, '--cron', '30 2 * * *'],
  ...['--tag', `${environment}-{yyyy}-{MM}-{dd}`],
];
const reader = ['--role', 'reader', '--repository', 'dynamease', '--expires', '90d'];

/** In order: the later ones need what the earlier ones have made. */
const printings: readonly Printing[] = [
  { name: 'version', args: [] },
  { name: 'completion', args: ['fish'] },
  { name: 'ls', args: [], fits: true },
  { name: 'snapshot list', args: [], fits: true },
  { name: 'show', args: ['prod-2024-06-01'] },
  { name: 'diff', args: ['prod-2024-05-01', 'prod-2024-06-01'] },
  { name: 'snapshot show', args: ['prod-2024-06-01'] },
  { name: 'snapshot pin', args: ['prod-2024-05-01', '--why', 'bug 17'], json: ['prod-2024-05-01', '--why', 'bug 18'], keep: { id: 'PIN' } },
  { name: 'snapshot unpin', args: given('prod-2024-05-01', '--pin', 'PIN'), json: ['prod-2024-05-01'] },
  { name: 'tag set', args: ['latest', 'prod-2024-06-01'], json: ['newest', 'prod-2024-06-01'] },
  { name: 'tag list', args: [], fits: true },
  { name: 'tag show', args: ['latest'] },
  { name: 'tag rm', args: ['latest'], json: ['newest'] },
  { name: 'retention plan', args: ['prod'] },
  { name: 'retention apply', args: ['prod', '--yes', '--dry-run'], follows: true },
  { name: 'collect', args: ['--dry-run'], follows: true },
  {
    name: 'snapshot create',
    args: ['prod', '--tag', 'first', '--follow'],
    json: ['test', '--tag', 'second', '--follow'],
    keep: { id: 'JOB' },
    follows: true,
  },
  { name: 'jobs list', args: ['--environment', 'test'], fits: true },
  { name: 'jobs show', args: given('JOB') },
  { name: 'jobs log', args: given('JOB') },
  { name: 'jobs follow', args: given('JOB'), follows: true },
  { name: 'jobs verify', args: ['prod-2024-06-01'], follows: true },
  { name: 'jobs retry', before: () => startJobs('broken', 'BROKEN'), args: given('BROKEN'), json: given('BROKEN'), leavesJob: true },
  // The second waits for the first: one build at a time of an environment.
  {
    name: 'jobs cancel',
    before: () => startJobs('waiting', 'FIRST', 'SECOND'),
    args: given('SECOND'),
    json: given('FIRST'),
    leavesJob: true,
  },
  { name: 'schedule create', args: ['nightly', ...nightly('prod')], json: ['weekly', ...nightly('test')] },
  { name: 'schedule change', args: ['nightly', ...nightly('prod'), '--catch-up'], json: ['weekly', ...nightly('test'), '--catch-up'] },
  { name: 'schedule list', args: [], fits: true },
  { name: 'schedule show', args: ['nightly'] },
  { name: 'schedule run', args: ['nightly'], json: ['weekly'], leavesJob: true },
  { name: 'schedule pause', args: ['nightly'] },
  { name: 'schedule resume', args: ['nightly'] },
  { name: 'schedule rm', args: ['nightly'], json: ['weekly'] },
  { name: 'policy suggest', args: ['prod'] },
  { name: 'policy check', args: ['prod'] },
  { name: 'policy diff', args: ['before.yaml', 'after.yaml'] },
  { name: 'token generate', args: [], json: [] },
  { name: 'token create', args: ['ci', ...reader], json: ['ci', ...reader], keep: { text: 'TOKEN' } },
  { name: 'token rotate', args: () => [tokenId()], json: () => [tokenId(), '--overlap', '24h'], keep: { text: 'TOKEN' } },
  { name: 'token list', args: [], fits: true },
  { name: 'token show', args: () => [tokenId()] },
  { name: 'login', args: ['--no-docker'] },
  { name: 'logout', args: [], json: [] },
  { name: 'token revoke', args: () => [tokenId()] },
  { name: 'audit list', args: ['--limit', '3'], fits: true },
  { name: 'audit verify', args: [] },
  { name: 'snapshot rm', args: ['prod-2024-05-01'], json: ['first'] },
  { name: 'rm', args: ['second'], json: ['prod-2024-06-01'] },
];
const tokenId = (): string => tokenIdOf(remembered.TOKEN ?? '') ?? '';
/** Builds of the environment test, whose ids are remembered under these names. */
async function startJobs(tag: string, ...names: readonly string[]): Promise<void> {
  for (const name of names)
    remembered[name] = JSON.parse((await run(['snapshot', 'create', 'test', '--tag', tag, '--json'], undefined)).stdout).id;
}

const haveJobsEnded = async (): Promise<boolean> => {
  const { stdout } = await run(['jobs', 'list', '--json'], undefined);
  return JSON.parse(stdout).jobs.every(({ state }: { state: JobState }) => isEnded(state));
};

describe('what a command prints', () => {
  test.each(printings)('$name', async ({ name, args, json, keep = {}, follows = false, fits = false, leavesJob = false, before }) => {
    const path = name.split(' ');
    await before?.();
    const isLookedAt = json === undefined && !follows;
    await expectAsStored(name, await printedBy([...path, ...argsOf(args)], isLookedAt ? widths : [], !follows));
    for (const width of fits ? widths : []) {
      const { written } = await run([...path, ...argsOf(args)], width);
      for (const line of written.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
    }
    // A login asks for a token there.
    if (isLookedAt && name !== 'login' && (isEverythingTried || shownAgain.has(name)))
      await expectSameOnPseudoTerminal([...path, ...argsOf(args)], 80);
    const printed = await run([...path, ...argsOf(json ?? args), '--json'], 80);
    expect(printed.stderr).toBe('');
    const value = JSON.parse(printed.stdout);
    expectPublished(name, value);
    for (const [key, as] of Object.entries(keep)) remembered[as] = value[key];
    if (leavesJob) await expect.poll(haveJobsEnded).toBe(true);
  });
});

const composeFile = `services:
  mysql: { image: mysql:9.7 }
  push-db: { image: postgres:17, labels: { dyn-data.source: push } }
  aerogear: { image: aerogear/unifiedpush-wildfly }
  tomcat: { image: tomcat, volumes: ['\${DYNAMEASE_CONFIG_DIR}:/config'] }
`;
const unreachable = JSON.stringify({
  version: 1,
  registry: 'http://127.0.0.1:1',
  repository: 'dynamease',
  stack: { files: ['docker-compose.yml'] },
});

describe('what a command prints in a folder', () => {
  test.each([
    ['init', 'of a stack', { 'docker-compose.yml': composeFile }, ['--repository', 'dynamease']],
    ['init', 'of a stack, labels', { 'docker-compose.yml': composeFile }, ['--repository', 'dynamease', '--print-labels']],
    ['doctor', 'of no project', {}, []],
    ['doctor', 'of a project out of reach', { 'dyn-data.yaml': unreachable }, []],
  ] as const)('%s %s', async (name, of, files, options) => {
    known.set(process.versions.node, 'VERSION');
    const args = [name, ...options, ...(name === 'init' ? ['--registry', registry.url] : [])];
    const runs: typeof run = (given, columns) => runAnew(files, given, columns);
    await expectAsStored(`${name} ${of}`.replace(',', ''), await printedBy(args, widths, true, runs));
    expectPublished(name, JSON.parse((await runs([...args, '--json'], undefined)).stdout));
  });
});

describe('a command that fails', () => {
  test.each([
    ['nothing is asked for', [], 2],
    ['a wrong option', ['up', '--fast'], 2],
    ['a wrong name', ['pul'], 2],
    ['no such snapshot', ['show', 'prod-1999'], 3],
    ['no such job', ['jobs', 'show', 'none'], 3],
    ['no snapshot by that name', ['pull', 'Prod x'], 2],
    ['no docker', ['up', 'prod-2024-06-01'], 5],
    ['not without a yes', ['retention', 'apply', 'prod'], 2],
    ['no lock', ['up', '--locked'], 2],
    ['no project', ['--config', 'none.yaml', 'ls'], 2],
    ['no registry', ['--config', 'away.yaml', 'ls'], 5],
    ['nothing to restore into', ['restore', 'latest'], 2],
    ['a server that sounds like production', ['restore', 'latest', '--to', 'mysql://root@prod-db'], 4],
    ['over what is there', ['init', '--registry', 'http://127.0.0.1:1', '--repository', 'x', '--file', 'before.yaml'], 4],
  ] as const)('%s', async (name, args, exitCode) => {
    await expectAsStored(`failed ${name}`, await printedBy(args, [80], true));
    const { stderr, stdout, exitCode: ended } = await run([...args, '--json'], undefined);
    expect([stdout, ended]).toEqual(['', exitCode]);
    const { error } = JSON.parse(stderr);
    expectPublished('error', { error });
    expect(error.exitCode).toBe(exitCode);
    // It says what to do.
    expect(error.message).toMatch(/[Rr]un |dyn-data [a-z]|Give |Install|--\w|try again|by hand/);
  });

  test('is red on a terminal alone, and not under NO_COLOR', async () => {
    await expectSameOnPseudoTerminal(['show', 'prod-1999'], 60);
    await expectSameOnPseudoTerminal(['show', 'prod-1999'], 60, { NO_COLOR: '1' });
    expect((await run(['show', 'prod-1999'], 80)).stderr).toContain('\u001b[31m');
    expect((await run(['show', 'prod-1999'], 80, { NO_COLOR: '1' })).written).not.toContain('\u001b');
    expect((await run(['show', 'prod-1999'], undefined)).written).not.toContain('\u001b');
  });
});

test.each(['', 'up', 'snapshot', 'token create'])('the help of "%s" fits the terminal', async (name) => {
  const args = [...name.split(' ').filter((part) => part !== ''), '--help'];
  await expectAsStored(`help ${name}`.trim(), await printedBy(args, widths, true));
  for (const width of widths)
    for (const line of (await run(args, width)).stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
  if (isEverythingTried || name === 'up') await expectSameOnPseudoTerminal(args, 60);
});

test('each command that prints something has a file of it', async () => {
  const files = await readdir(fixtures);
  const without = Object.keys(resultSchemas).filter((name) => {
    const file = name.replaceAll(' ', '-');
    return !files.some((one) => one === `${file}.txt` || one.startsWith(`${file}-`));
  });
  expect(without).toEqual([]);
});
