import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ServiceReport } from '../../client/bring-up.ts';
import { formatSteps } from '../../client/steps.ts';
import { createDeveloper, type Developer, stackFile } from '../../demo/developer.ts';
import { startRegistry, stopRegistry } from '../../demo/registry-process.ts';
import { pgDumpCommand, writeSampleRegistry } from '../../demo/sample-registry.ts';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { type CommandOptions, runCommand, runOrFail } from '../../scripts/run-command.ts';
import { freePort } from '../../test/support/free-port.ts';
import { inTurns, printResult, timed } from '../measure.ts';
import { connectionsTo } from '../sample-servers.ts';

const usage = `Usage: node bench/up/compare.ts --servers MYSQL,LDAP,POSTGRES [--runs N]

Takes a snapshot of a filled sample system and brings the example stack up with it, from nothing to ready: by \`dyn-data up\`, and in turns by
\`docker compose up --wait\` with the same data as dumps that the images load at their first start. Neither time has the way of the data to
this machine in it.`;

const [ours, peer, tag] = ['dyn-data-bench-up', 'dyn-data-bench-initdb', 'bench'];

const { values } = parseArgs({ options: { servers: { type: 'string' }, runs: { type: 'string', default: '3' } } });
const connections = connectionsTo(values.servers);
const runs = Number(values.runs);
if (!connections || !Number.isInteger(runs) || runs < 1) {
  console.error(usage);
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'dyn-data-bench-up-'));
const postgresImage = process.env.POSTGRES_IMAGE ?? 'postgres:18';
const registry = await startRegistry(
  await writeSampleRegistry({ folder, connections, pgDump: pgDumpCommand(postgresImage), port: 0 }),
  join(folder, 'registry.log'),
);
/** Of the data image, as the engine names it. */
const repository = `${new URL(registry.url).host}/dynamease`;

const environmentOf = ({ env }: Developer): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));

/** With a free port of its own for nginx. */
const developerOf = async (stackProject: string): Promise<Developer> =>
  createDeveloper({ folder: join(folder, stackProject), registryUrl: registry.url, images: {}, stackProject, nginxPort: await freePort() });

async function run(developer: Developer, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await developer.run(args);
  if (exitCode !== 0) throw new Error(`dyn-data ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** What the applications of the stack see of the data. */
const countsSeen = async ({ url }: Developer): Promise<string> => (await fetch(`${url}/counts`)).text();

/** As somebody dumps the databases of a stack: each into one file of plain statements. */
async function dumpAll(into: string): Promise<void> {
  const dump = async (file: string, service: string, command: string): Promise<void> => {
    await mkdir(join(into, service), { recursive: true });
    const script = `docker exec "$1" sh -c "$2" > "$3"`;
    await runOrFail(`Dumping ${service}`, 'bash', ['-c', script, 'bash', `${ours}-${service}-1`, command, join(into, service, file)]);
  };
  await dump(
    'dump.sql',
    'mysql',
    'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysqldump -uroot --single-transaction --routines --triggers --events dynamease',
  );
  await dump('dump.sql', 'aerogear-db', 'pg_dump -U aerogear aerogear');
  const login = '-x -D "cn=admin,$LDAP_BASE_DN" -w "$LDAP_ADMIN_PASSWORD" -H ldapi:///';
  await dump('dump.ldif', 'ldap', `ldapsearch ${login} -E pr=1000/noprompt -LLL -o ldif-wrap=no -b "$LDAP_BASE_DN"`);
}

/** The example stack, and what its databases need to load dumps; loading may take as long as it takes. */
async function writePeer(dumps: string): Promise<string> {
  // Compose learns from Docker's checks alone, dyn-data asks by itself.
  const often = { interval: '2s' };
  const patient = { ...often, start_period: '1h' };
  const file = join(folder, 'initdb.yml');
  const services = {
    mysql: { volumes: [`${join(dumps, 'mysql')}:/docker-entrypoint-initdb.d:ro`], healthcheck: patient },
    'aerogear-db': { volumes: [`${join(dumps, 'aerogear-db')}:/docker-entrypoint-initdb.d:ro`], healthcheck: patient },
    ldap: {
      entrypoint: ['bash', '/with-ldif.sh'],
      volumes: [`${join(dumps, 'ldap')}:/ldif:ro`, `${join(import.meta.dirname, 'ldap-with-ldif.sh')}:/with-ldif.sh:ro`],
      healthcheck: patient,
    },
    ...Object.fromEntries(['aerogear', 'tomcat', 'nginx'].map((service) => [service, { healthcheck: often }])),
  };
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ services }));
  return file;
}

try {
  await bundleClient();
  const developer = await developerOf(ours);
  const byHand = await developerOf(peer);
  await run(developer, 'snapshot', 'create', 'prod', '--tag', tag, '--follow');
  await run(developer, 'pull', tag);
  await run(developer, 'up');
  const dumps = join(folder, 'dumps');
  await dumpAll(dumps);
  const expected = await countsSeen(developer);
  await run(developer, 'down', '--volumes');

  const peerFile = await writePeer(dumps);
  const options: CommandOptions = { env: environmentOf(byHand) };
  const compose = (...args: string[]): Promise<string> =>
    runOrFail('docker compose', 'docker', ['compose', '-f', stackFile, '-f', peerFile, '-p', peer, ...args], options);
  const requireCounts = async (one: Developer): Promise<void> => {
    const seen = await countsSeen(one);
    if (seen !== expected) throw new Error(`${one.stackProject} holds other data: ${seen} in place of ${expected}`);
  };

  const times = await inTurns(runs, {
    async ours() {
      let report = '';
      const seconds = await timed(async () => {
        report = await run(developer, 'up', '--json');
      });
      await requireCounts(developer);
      const { services } = JSON.parse(report) as { services: ServiceReport[] };
      for (const { service, steps } of services) console.error(`    ${service}: ${formatSteps(steps)}`);
      await run(developer, 'down', '--volumes');
      return seconds;
    },
    async initdb() {
      try {
        const seconds = await timed(() => compose('up', '--detach', '--wait'));
        await requireCounts(byHand);
        return seconds;
      } finally {
        await compose('down', '--volumes');
      }
    },
  });
  printResult({
    name: 'up-vs-initdb',
    unit: 'of its time',
    value: times.ours / times.initdb,
    aim: '<= 0.5',
    ours: times.ours,
    peer: times.initdb,
  });
} finally {
  const leave = await developerOf(ours);
  await leave.run(['down', '--volumes']);
  const { stdout } = await runCommand('docker', ['images', '--digests', '--format', '{{.Repository}}@{{.Digest}}', repository]);
  for (const image of stdout.split('\n')) if (image !== '') await runCommand('docker', ['image', 'rm', image]);
  await stopRegistry(registry.pid);
  await rm(folder, { recursive: true, force: true });
}
