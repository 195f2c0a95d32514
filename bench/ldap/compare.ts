import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { runCommand, runOrFail } from '../../scripts/run-command.ts';
import { withFolder } from '../build-snapshot.ts';
import { inTurns, printResult, timed } from '../measure.ts';
import { createRestore } from '../restore-by-client.ts';
import { addressOf, ensureTools, runTools, type Server } from '../servers.ts';
import { base } from './large-directory.ts';
import { bindDn, environment, image, load, password, ready, startLdap } from './server.ts';
import { repository, snapshot, tag } from './snapshot.ts';

const usage = `Usage: node bench/ldap/compare.ts --entries N [--runs N]

Fills an OpenLDAP server, then takes snapshots in turns with ldapsearch, and restores them in turns with slapadd by hand. Last, once, with ldapadd.`;

const project = 'dyn-data-bench-directory';
const byHand = 'dyn-data-bench-directory-by-hand';

const login = ({ address: { host, port } }: Pick<Server, 'address'>): string =>
  `-x -H ldap://${host}:${port} -D '${bindDn}' -w ${password}`;
const search = (server: Server, attributes: string): string =>
  `ldapsearch ${login(server)} -LLL -o ldif-wrap=no -b '${base}' -E pr=1000/noprompt ${attributes}`;

/** As the developer has it, who restores by hand and by dyn-data. */
const service = {
  image,
  labels: { 'dyn-data.source': 'ldap' },
  environment,
  ports: ['127.0.0.1:0:389'],
  healthcheck: { test: ['CMD-SHELL', ready], interval: '1s', retries: 90 },
};

/** A fresh server of the same compose file, and the time that the work on it takes, in seconds. */
async function onFreshServer(folder: string, work: (compose: (args: string) => Promise<string>) => Promise<unknown>): Promise<number> {
  const file = join(folder, 'by-hand.yml');
  await writeFile(file, stringify({ services: { restored: service } }));
  const compose = (args: string): Promise<string> =>
    runOrFail(args, 'bash', ['-o', 'pipefail', '-ec', args.replaceAll('COMPOSE', `docker compose -f '${file}' -p ${byHand}`)]);
  await compose('COMPOSE up --detach --wait');
  try {
    return await timed(() => work(compose));
  } finally {
    await runCommand('docker', ['compose', '-f', file, '-p', byHand, 'down', '--volumes']);
  }
}

const { values } = parseArgs({ options: { entries: { type: 'string', default: '100000' }, runs: { type: 'string', default: '3' } } });
const [entries, runs] = [Number(values.entries), Number(values.runs)];
if (!Number.isInteger(entries) || entries < 100 || !Number.isInteger(runs) || runs < 1) {
  console.error(usage);
  process.exit(2);
}
await ensureTools((line) => console.error(line));
const folder = await mkdtemp(join(tmpdir(), 'dyn-data-bench-'));
const client = join(folder, 'dyn-data.mjs');
const unit = 'of its time';
try {
  await using source = await startLdap('dyn-data-bench-ldap', entries);
  const taken = await inTurns(runs, {
    ours: () => withFolder(folder, (own) => timed(() => snapshot(own, source.address))),
    ldapsearch: () => withFolder(folder, (own) => runTools(own, `${search(source, "'*' '+'")} | zstd -q -3 > /work/dump.ldif.zst`)),
  });
  printResult({
    name: 'ldap-snapshot-vs-ldapsearch',
    value: taken.ours / taken.ldapsearch,
    unit,
    aim: '<= 1.0',
    ours: taken.ours,
    peer: taken.ldapsearch,
  });

  await mkdir(join(folder, 'store'));
  await snapshot(join(folder, 'store'), source.address);
  // slapcat writes what slapadd reads; ldapadd reads what a search gives, without what only the server may write.
  await runOrFail('slapcat', 'sh', [
    '-ec',
    `docker exec ${source.name} slapcat -F /etc/ldap/slapd.d -b '${base}' -o ldif-wrap=no > '${folder}/whole.ldif'`,
  ]);
  await runTools(folder, `zstd -q -3 --rm whole.ldif && ${search(source, "'*'")} > /work/entries.ldif`);
  await bundleClient(client);
  await using restore = await createRestore({ folder, client, project, repository, tag, service });
  const slapadd = `zstd -q -dc '${folder}/whole.ldif.zst' | docker run --rm --interactive --network none --user 0 --volumes-from "$(COMPOSE ps --all --quiet restored)" --entrypoint sh '${image}' -c "$LOAD"`;
  process.env.LOAD = load;
  const restored = await inTurns(runs, {
    ours: () => restore.run(),
    slapadd: () =>
      onFreshServer(folder, async (compose) => {
        await compose('COMPOSE stop restored');
        await compose(slapadd);
        await compose('COMPOSE up --detach --wait restored');
      }),
  });
  printResult({
    name: 'ldap-restore-vs-slapadd',
    value: restored.ours / restored.slapadd,
    unit,
    aim: '<= 1.0',
    ours: restored.ours,
    peer: restored.slapadd,
  });
  const added = await onFreshServer(folder, async () => {
    const address = await addressOf(`${byHand}-restored-1`, 389);
    // The base entry is there already.
    await runTools(folder, `ldapadd ${login({ address })} -c -f /work/entries.ldif > /work/added.txt 2>&1 || test $? = 68`);
  });
  console.log(`ldapadd takes ${added.toFixed(1)} s for the same entries, without their operational attributes`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
