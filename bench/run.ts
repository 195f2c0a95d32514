import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import processSettings from '../registry/process-settings.json' with { type: 'json' };
import { removeSample } from '../sample/seed-sample.ts';
import { ensureEngine } from '../scripts/engine.ts';
import { ensureImages } from '../scripts/images.ts';
import { startSample } from './sample-servers.ts';

// `npm run bench [-- --size demo] [--only NAME]`: every benchmark, on a sample system of its own; the results go to bench/results.json.
const project = 'dyn-data-bench';

type Result = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly aim: string | number;
  readonly ours: number;
  readonly peer: number;
};
type Benchmark = {
  readonly names: readonly string[];
  readonly file: string;
  readonly needs: 'nothing' | 'sample' | 'samples' | 'images' | 'directory';
};

/** Rows of the large MySQL database, by size. */
const largeRows = { tiny: 80_000, small: 800_000, demo: 8_000_000 } as const;
const isSize = (text: string): text is keyof typeof largeRows => Object.hasOwn(largeRows, text);

/** Entries of the large directory, by size. */
const largeEntries = { tiny: 1_000, small: 10_000, demo: 100_000 } as const;

const benchmarks: readonly Benchmark[] = [
  { names: ['anonymize-values-per-second'], file: 'anonymize.ts', needs: 'nothing' },
  { names: ['client-start-up'], file: 'client-start-up.ts', needs: 'nothing' },
  { names: ['anonymize-share'], file: 'anonymize-share.ts', needs: 'sample' },
  { names: ['reads-with-one-token-vs-without', 'reads-with-many-tokens-vs-without'], file: 'token-checks.ts', needs: 'nothing' },
  { names: ['registry-throughput-vs-docker-registry', 'registry-p99-vs-docker-registry'], file: 'registry/load.ts', needs: 'nothing' },
  { names: ['leak-scan-overhead', 'leak-scan-overhead-cpu'], file: 'leak-scan.ts', needs: 'sample' },
  {
    names: ['mysql-snapshot-vs-mydumper', 'mysql-snapshot-vs-mysqldump'],
    file: 'mysql/compare.ts',
    needs: 'images',
  },
  { names: ['mysql-restore-vs-myloader', 'mysql-restore-vs-mysql'], file: 'mysql/restore.ts', needs: 'images' },
  { names: ['memory-client'], file: 'mysql/client-memory.ts', needs: 'images' },
  {
    names: [
      'nightly-contiguous-bytes-stored',
      'nightly-contiguous-bytes-pulled',
      'nightly-three-ranges-bytes-stored',
      'nightly-three-ranges-bytes-pulled',
      'nightly-scattered-bytes-stored',
      'nightly-scattered-bytes-pulled',
      'nightly-time',
    ],
    file: 'mysql/nightly.ts',
    needs: 'images',
  },
  { names: ['chunk-sizes'], file: 'mysql/chunk-sizes.ts', needs: 'images' },
  { names: ['memory-builder', 'memory-builder-growth', 'growth-time'], file: 'growth.ts', needs: 'samples' },
  { names: ['postgres-snapshot-vs-pg_dump', 'postgres-restore-vs-pg_restore'], file: 'postgres/compare.ts', needs: 'images' },
  { names: ['up-vs-initdb'], file: 'up/compare.ts', needs: 'sample' },
  { names: ['ldap-snapshot-vs-ldapsearch', 'ldap-restore-vs-slapadd'], file: 'ldap/compare.ts', needs: 'directory' },
];

const { values } = parseArgs({ options: { size: { type: 'string', default: 'demo' }, only: { type: 'string' } } });
const { size, only } = values;
const chosen = benchmarks.filter(({ names }) => only === undefined || names.includes(only));
if (!isSize(size) || chosen.length === 0) {
  console.error(`Usage: npm run bench [-- --size tiny|small|demo] [--only ${benchmarks.flatMap(({ names }) => names).join('|')}]`);
  process.exit(2);
}

/** Runs one benchmark, shows what it prints, and gives its result lines. */
function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Result[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...processSettings.nodeOptions, join(import.meta.dirname, file), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env,
    });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      process.stdout.write(text);
      printed += text;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status !== 0) return reject(new Error(`bench/${file} ended with ${status}`));
      return resolve(
        printed
          .split('\n')
          .filter((line) => line.startsWith('{"name"'))
          .map((line) => JSON.parse(line) as Result),
      );
    });
  });
}

const log = (line: string): void => console.error(line);
let env: NodeJS.ProcessEnv = process.env;
let servers = '';
if (chosen.some(({ needs }) => needs !== 'nothing')) {
  await ensureEngine({ log });
  env = { ...process.env, ...(await ensureImages({ log })), SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };
}
if (chosen.some(({ needs }) => needs === 'sample')) {
  servers = await startSample({ size, project, env, log });
}
try {
  const results: Result[] = [];
  for (const { file, needs } of chosen) {
    log(`bench/${file}`);
    // The sample's policy refuses columns with as few values as the tiny one has.
    const args = {
      nothing: [],
      sample: ['--servers', servers],
      samples: ['--size', size === 'tiny' ? 'small' : size],
      images: ['--rows', String(largeRows[size])],
      directory: ['--entries', String(largeEntries[size])],
    }[needs];
    results.push(...(await run(file, args, env)));
  }
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    platform: platform(),
    arch: arch(),
    node: process.version,
  };
  await writeFile(join(import.meta.dirname, 'results.json'), `${JSON.stringify({ size, machine, results }, null, 2)}\n`);
} finally {
  if (servers !== '') await removeSample({ project, env });
}
