import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fitTable } from '../../client/fitted-table.ts';
import { digestOf } from '../../core/digest.ts';
import type { Manifest } from '../../core/manifest.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { type DataImage, makeDataImage, type SourceContent } from '../support/data-image.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { mysqlSource, postgresSource } from '../support/shop-data.ts';
import { storeDataImage } from '../support/stored-data-image.ts';

let registry: RunningRegistry;
let client: ClientProject;
let may: DataImage;
let june: DataImage;

/** Columns of a table, and whether the source changed while it was read. */
const described =
  (columns: readonly string[], consistent: boolean, more: Partial<Manifest> = {}) =>
  (manifest: Manifest): Manifest => ({
    ...manifest,
    ...more,
    sources: manifest.sources.map((source) => ({
      ...source,
      consistency: { ...source.consistency, consistent },
      tables: source.tables.map((table) => (table.name === 'customers' ? { ...table, columns: [...columns] } : table)),
    })),
  });
/** Without one of its tables. */
const without = (source: SourceContent, name: string): SourceContent => ({
  ...source,
  tables: source.tables.filter((table) => table.name !== name),
});

beforeAll(async () => {
  registry = await startRegistry({ objects: createMemoryObjects(), build: () => () => Promise.reject(new Error('builds nothing')) });
  client = await createClientProject({ registry: registry.url, repository: 'dynamease' });
  const sources = [mysqlSource({ customers: 20, chunkRows: 10 }), postgresSource({ installations: 1500 })];
  may = await makeDataImage(sources, { change: described(['id', 'name', 'fax'], true) });
  const scan = {
    watched: { email: 3, phone: 2, login: 0, name: 0, secret: 0, value: 0 },
    indistinct: 0,
    ambiguous: 0,
    overflow: 0,
    falsePositivesPerTrillion: 0,
    scannedBytes: 5000,
    findings: 0 as const,
    exemptions: [],
  };
  const policy = { digest: digestOf('other policy'), exemptions: [{ place: 'shop.customers.note', rule: 'keep', reason: 'made up' }] };
  const changed = [without(mysqlSource({ customers: 30, chunkRows: 10 }), 'nothing'), postgresSource({ installations: 1500 })];
  june = await makeDataImage(changed, { change: described(['id', 'name', 'phone'], false, { leakScan: scan, policy }) });
  await storeDataImage(registry, may, { tag: 'may' });
  await storeDataImage(registry, june, { tag: 'june', takenAt: '2024-06-01T00:00:00.000Z' });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await registry.stop();
});

const json = (args: readonly string[]) => client.runJson(args);

describe('ls', () => {
  test('tells consistency, and what is pinned: by the lockfile, and by pins in force', async () => {
    await json(['snapshot', 'pin', 'may', '--why', 'bug 17']);
    await json(['snapshot', 'pin', 'may', '--why', 'bug 18', '--until', '2999-01-01']);
    await writeFile(join(client.folder, 'dyn-data.lock'), `version: 1\nrepository: dynamease\ndigest: ${may.digest}\n`);
    const lines = (await client.run(['ls'])).stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^TAG +DIGEST +AGE +SIZE +ROWS +SOURCES +CONSISTENT +PINNED$/);
    expect(lines[1]).toMatch(/^june .* main, push +not main, push +-$/);
    expect(lines[2]).toMatch(/^may .* main, push +yes +lock, 2 pins$/);
    const { snapshots } = await json(['ls']);
    expect(snapshots.map(({ tags, pins, locked }: { tags: string[]; pins: number; locked: boolean }) => [...tags, pins, locked])).toEqual([
      ['june', 0, false],
      ['may', 2, true],
    ]);
    await rm(join(client.folder, 'dyn-data.lock'));
  });
});

describe('show', () => {
  test('tells everything of a snapshot', async () => {
    const { stdout, stderr, exitCode } = await client.run(['show', 'june']);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const stable = stdout.replaceAll(june.digest, 'DIGEST').replace(/\(\d+ years? ago\)/, '(AGE)');
    expect(stable.replace(/^size .*$/m, 'size').replace(/ \d[\d.]* k?B +\d+$/gm, ' STORED')).toBe(`repository   dynamease
digest       DIGEST
tags         june
environment  test
taken        2024-06-01T00:00:00.000Z (AGE), in 1 min 1 s; sources 0.0 s apart
size
rows         1,540 in 3 tables, 6 chunks
policy       ${digestOf('other policy')}
exemption    shop.customers.note: keep (made up)
key id       test-key
leak scan    5.0 kB searched for 5 real values: nothing found
made by      dyn-data 0.1.0, format 2

main: mysql, mysql 0
  NOT one point in time: it changed while it was read (exported-snapshot), at 2024-06-01T00:00:00.000Z, writers held back for 0.0 s
  position position 7
  TABLE            ROWS   SIZE     STORED   CHUNKS
  shop.customers   30     1.5 kB   STORED
  shop.orders      10     92 B     STORED

push: postgres, postgres 0
  NOT one point in time: it changed while it was read (exported-snapshot), at 2024-06-01T00:00:00.000Z, writers held back for 0.0 s
  position position 7
  TABLE                 ROWS    SIZE      STORED   CHUNKS
  public.installation   1,500   27.6 kB   STORED
`);
  });

  test('as JSON it has the tables with rows, bytes and columns, and the record of the registry', async () => {
    const shown = await json(['show', `dynamease@${may.digest}`]);
    expect(shown).toMatchObject({
      version: 1,
      digest: may.digest,
      tags: ['may'],
      locked: false,
      policy: { digest: digestOf('policy') },
      key: { id: 'test-key' },
      leakScan: null,
      provenance: { takenAt: '2024-05-01T00:00:00.000Z' },
    });
    expect(shown.pins).toHaveLength(2);
    expect(shown.sources[0].tables[0]).toMatchObject({
      schema: 'shop',
      name: 'customers',
      rows: 20,
      chunks: 2,
      columns: ['id', 'name', 'fax'],
    });
    expect(shown.sources[0].files.map(({ path }: { path: string }) => path)).toEqual([
      'main/schema/before-0.sql',
      'main/schema/customers-indexes.sql',
      'main/schema/after-0.sql',
    ]);
  });

  test('of an image that was pushed it tells what the image itself says', async () => {
    const image = await makeDataImage([postgresSource({ installations: 7 })]);
    await storeDataImage(registry, image, { tag: 'pushed', record: false });
    expect((await client.run(['show', 'pushed'])).stdout).toMatch(/^taken +not known: the image was pushed/m);
    expect(await json(['show', 'pushed'])).toMatchObject({ provenance: null, rows: 7 });
  });

  test.each([
    ['an unknown tag', 'mai', 'TAG_UNKNOWN', 3],
    ['an unknown digest', digestOf('nothing'), 'SNAPSHOT_UNKNOWN', 3],
    ['no reference', 'a b', 'REFERENCE_INVALID', 2],
  ])('%s is an error', async (_what, reference, code, exitCode) => {
    const run = await client.run(['show', reference]);
    expect(run.stderr).toContain(`error ${code}`);
    expect(run.exitCode).toBe(exitCode);
  });

  test('a manifest that is not the one of the label is refused', async () => {
    const image = await makeDataImage([postgresSource({ installations: 1 })], { labelDigest: digestOf('another') });
    await storeDataImage(registry, image, { tag: 'mislabelled' });
    const { stderr, exitCode } = await client.run(['show', 'mislabelled']);
    expect(stderr).toContain('error DIGEST_MISMATCH');
    expect(exitCode).toBe(6);
  });
});

describe('diff', () => {
  test('tells schemas, counts, chunks, policy and key', async () => {
    const { stdout, exitCode } = await client.run(['diff', 'may', 'june']);
    expect(exitCode).toBe(0);
    const short = (digest: string) => digest.slice(0, 19);
    expect(
      stdout.replace(/^to pull .*$/m, 'to pull').replace(/^size .*$/m, 'size'),
    ).toBe(`may (${short(may.digest)}) → june (${short(june.digest)})
policy     changed: ${short(digestOf('policy'))} → ${short(digestOf('other policy'))}
exemption  + shop.customers.note: keep
key        the same
rows       1,530 → 1,540 (+10)
size
chunks     5 shared, 1 new (496 B)
to pull

main (mysql): 1 table the same
  ~ table shop.customers: column + phone, column - fax, rows 20 → 30 (+10), 1 new (496 B)
  - table shop.nothing: 0 rows, 0 B

push (postgres): the same
`);
    const document = await json(['diff', 'june', 'may']);
    expect(document).toMatchObject({
      version: 1,
      before: { reference: 'june', digest: june.digest },
      rows: { before: 1540, after: 1530 },
      chunks: { shared: 5, added: 0, removed: 1, removedBytes: 496 },
      transfer: { layers: 1, allLayers: 1 },
    });
    expect(document.sources[0].tables).toHaveLength(2);
  });

  test('of the same snapshot says so', async () => {
    expect((await client.run(['diff', 'may', may.digest])).stdout).toContain('They are the same snapshot.');
  });

  test('names a source that came, files that changed, another key and another server', async () => {
    const first = await makeDataImage([postgresSource({ installations: 3 })]);
    const source = { ...postgresSource({ installations: 3 }), after: ['SELECT 1;\n'] };
    const second = await makeDataImage([source, mysqlSource({ customers: 1, chunkRows: 1 })], {
      change: (manifest) => ({
        ...manifest,
        key: { id: 'other-key' },
        sources: manifest.sources.map((one) => ({ ...one, server: { ...one.server, version: '1' } })),
      }),
    });
    await storeDataImage(registry, first, { tag: 'first' });
    await storeDataImage(registry, second, { tag: 'second' });
    const { stdout } = await client.run(['diff', 'first', 'second']);
    expect(stdout).toContain('key      changed: test-key → other-key; all pseudonyms are others');
    expect(stdout).toContain('main (mysql): added');
    expect(stdout).toContain('  + table shop.customers: 1 rows');
    expect(stdout).toContain('  ~ server postgres 0 → postgres 1');
    expect(stdout).toContain('  ~ schema file push/schema/after-0.sql');
  });
});

describe('on a terminal', () => {
  const onTerminal = async (columns: number, ...args: string[]): Promise<string[]> => {
    const now = new Date('2026-06-01T00:00:00Z');
    const { exitCode, written } = await runOnTerminal(args, { folder: client.folder, columns, env: { NO_COLOR: '1' }, now });
    expect(exitCode).toBe(0);
    expect(written).not.toContain('\u001b');
    return written.trimEnd().split('\n');
  };

  test.each([60, 72, 80, 100, 120, 200])('the list fits %i columns, and keeps tag and age', async (columns) => {
    const lines = await onTerminal(columns, 'ls');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines[0]).toMatch(/^TAG +(?:DIGEST +)?AGE\b/);
    expect(lines.find((line) => line.startsWith('june'))).toContain('2 years');
  });

  test('the list at 60 columns', async () => {
    const lines = await onTerminal(60, 'ls');
    expect(lines.filter((line) => /^(?:TAG|june|may) /.test(line)).map((line) => line.replace(/[\d.]+ kB/, 'SIZE'))).toEqual([
      expect.stringMatching(/^TAG +(?:DIGEST +)?AGE +SIZE +ROWS$/),
      expect.stringMatching(/^june +(?:sha256:[0-9a-f]{12} +)?2 years +SIZE +1,540$/),
      expect.stringMatching(/^may +(?:sha256:[0-9a-f]{12} +)?2 years +SIZE +1,530$/),
    ]);
  });
});

describe('a table on a terminal', () => {
  const columns = [{ header: 'NAME' }, { header: 'LONG', dispensable: 2 }, { header: 'LAST', dispensable: 1 }];
  const rows = [
    ['a-rather-long-name', 'something', 'end'],
    ['b', 'other', ''],
  ];
  test('has all its columns in a pipe', () => {
    expect(fitTable(columns, rows, undefined)).toBe(
      'NAME                 LONG        LAST\na-rather-long-name   something   end\nb                    other',
    );
  });
  test('leaves out what matters least, then cuts names', () => {
    expect(fitTable(columns, rows, 30)).toBe('NAME                 LAST\na-rather-long-name   end\nb');
    expect(fitTable(columns, rows, 12)).toBe('NAME\na-rather-lo…\nb');
  });
});
