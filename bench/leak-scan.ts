import { parseArgs } from 'node:util';
import type { CompiledPolicy } from '../anonymizers/index.ts';
import type { LeakScan, prepareLeakScan } from '../builder/leak-scan/leak-scan.ts';
import { pgDumpCommand } from '../demo/sample-registry.ts';
import type { SampleConnections } from '../sample/connections.ts';
import { buildSample } from '../test/support/sample-build.ts';
import { median, printResult } from './measure.ts';
import { connectionsTo } from './sample-servers.ts';

const usage = `Usage: node bench/leak-scan.ts --servers MYSQL,LDAP,POSTGRES [--runs N]

Builds a snapshot of a filled sample system (sample/seed.ts) without the leak scan and with it, in turns, and prints what the scan adds: the median of what it
added to the build right before.`;

/** A scan that looks at nothing. What the first pass does besides is done all the same: a directory's names are checked in every build. */
const withoutScan: typeof prepareLeakScan = () => {
  const nothing = { add: () => undefined, take: () => undefined, all: [] };
  const watched = { email: 0, phone: 0, login: 0, name: 0, secret: 0, value: 0 };
  const scanOf = (compiled: CompiledPolicy): LeakScan => ({
    observe: async (session, signal) => session.checkNames?.(compiled, signal),
    source: () => ({ chunks: (_extraction, _framing, chunks) => chunks, isClean: async () => true, found: nothing, exempt: nothing }),
    outcome: async (_sources, scannedBytes) => ({
      watched,
      indistinct: 0,
      ambiguous: 0,
      overflow: 0,
      falsePositivesPerTrillion: 0,
      scannedBytes,
      findings: 0,
      exemptions: [],
    }),
  });
  return { start: (_policy, compiled) => scanOf(compiled), [Symbol.asyncDispose]: async () => undefined };
};

type Cost = { readonly wallMs: number; readonly cpuMs: number };

const measure = async (connections: SampleConnections, scanned: boolean): Promise<Cost & { bytes: number }> => {
  const postgresImage = process.env.POSTGRES_IMAGE ?? 'postgres:18';
  const before = process.cpuUsage();
  const { manifest, durationMs } = await buildSample({
    connections,
    pgDump: pgDumpCommand(postgresImage),
    ...(scanned ? {} : { ports: { prepareLeakScan: withoutScan } }),
  });
  const { user, system } = process.cpuUsage(before);
  return { wallMs: durationMs, cpuMs: (user + system) / 1_000, bytes: manifest.leakScan?.scannedBytes ?? 0 };
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { servers: { type: 'string' }, runs: { type: 'string', default: '5' } } });
  const connections = connectionsTo(values.servers);
  const runs = Number(values.runs);
  if (!connections || !Number.isInteger(runs) || runs < 1) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  // The first build pays for compiling the program.
  await measure(connections, true);
  const withScan: Cost[] = [];
  const without: Cost[] = [];
  let bytes = 0;
  for (let run = 0; run < runs; run += 1) {
    without.push(await measure(connections, false));
    const scanned = await measure(connections, true);
    withScan.push(scanned);
    ({ bytes } = scanned);
  }
  // A build is compared with the one right before it: where other work shares the machine, its speed is another one a minute later.
  const print = (name: string, unit: string, of: (cost: Cost) => number): void =>
    printResult({
      name,
      value: median(withScan.map((cost, run) => of(cost) / of(without[run] as Cost) - 1)),
      unit,
      aim: '<= 0.25',
      ours: median(withScan.map(of)),
      peer: median(without.map(of)),
    });
  print('leak-scan-overhead', 'share of the build without it', ({ wallMs }) => wallMs);
  print('leak-scan-overhead-cpu', 'share of the process time of the build without it', ({ cpuMs }) => cpuMs);
  console.log(
    `${runs} runs each, ${(bytes / 1e6).toFixed(1)} MB scanned; the value is the median of the builds' pairs, ours and peer are the medians in ms with and without the scan`,
  );
};

await main();
