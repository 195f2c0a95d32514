import { Session } from 'node:inspector/promises';
import { parseArgs } from 'node:util';
import { pgDumpCommand } from '../demo/sample-registry.ts';
import type { SampleConnections } from '../sample/connections.ts';
import { buildSample } from '../test/support/sample-build.ts';
import { median, printResult } from './measure.ts';
import { connectionsTo } from './sample-servers.ts';

const usage = `Usage: node bench/anonymize-share.ts --servers MYSQL,LDAP,POSTGRES [--runs N]

Builds a snapshot of a filled sample system under the CPU profiler and prints, as JSON, the share of the busy time that is spent in anonymizers/.`;

const aim = 0.35;
const notWork = new Set(['(idle)', '(program)']);

/** Self times by the profiler's samples, in ms: all that was work, and what of it was in anonymizers/. */
async function profile(connections: SampleConnections, postgresImage: string): Promise<{ busyMs: number; anonymizeMs: number }> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  await buildSample({ connections, pgDump: pgDumpCommand(postgresImage) });
  const { profile: taken } = await session.post('Profiler.stop');
  session.disconnect();
  const nodeOf = new Map(taken.nodes.map((node) => [node.id, node.callFrame]));
  const times = { busyMs: 0, anonymizeMs: 0 };
  for (const [index, id] of (taken.samples ?? []).entries()) {
    const frame = nodeOf.get(id);
    const ms = (taken.timeDeltas?.[index] ?? 0) / 1000;
    if (!frame || notWork.has(frame.functionName)) continue;
    times.busyMs += ms;
    if (frame.url.includes('/anonymizers/')) times.anonymizeMs += ms;
  }
  return times;
}

const { values } = parseArgs({ options: { servers: { type: 'string' }, runs: { type: 'string', default: '3' } } });
const connections = connectionsTo(values.servers);
const runs = Number(values.runs);
if (!connections || !Number.isInteger(runs) || runs < 1) {
  console.error(usage);
  process.exit(2);
}
const all = [];
for (let run = 0; run < runs; run += 1) all.push(await profile(connections, process.env.POSTGRES_IMAGE ?? 'postgres:18'));
printResult({
  name: 'anonymize-share',
  value: median(all.map(({ anonymizeMs, busyMs }) => anonymizeMs / busyMs)),
  unit: "share of the build's busy time in one thread",
  aim: `<= ${aim}`,
  ours: median(all.map(({ anonymizeMs }) => anonymizeMs)),
  peer: median(all.map(({ busyMs }) => busyMs)),
});
