import type { SampleConnections } from '../sample/connections.ts';
import { type Developer, stackFile } from './developer.ts';
import { countAll, countDifferences } from './proofs/counts.ts';
import { proveErrors } from './proofs/errors.ts';
import { searchImage } from './proofs/image-search.ts';
import { proveInterruptions } from './proofs/interruptions.ts';
import { keptDifferences } from './proofs/kept-columns.ts';
import { countJoins, findPerson, seePerson } from './proofs/person.ts';
import { keptColumns } from './proofs/policy-columns.ts';
import { proveSameDigest } from './proofs/same-digest.ts';
import { collectSourceValues } from './proofs/source-values.ts';
import { startOrder } from './proofs/start-order.ts';
import type { RunningRegistry } from './registry-process.ts';
import { pgDumpCommand } from './sample-registry.ts';
import { openSystem, sampleSystem, stackSystem } from './systems.ts';

export type ProofContext = {
  readonly connections: SampleConnections;
  readonly developer: Developer;
  readonly images: Readonly<Record<string, string>>;
  readonly registry: RunningRegistry;
  /** Holds the registry's configuration and its log. */
  readonly registryFolder: string;
  readonly configFile: string;
  /** What the snapshots are taken by. */
  readonly policyFile: string;
  /** For configurations that are wrong on purpose. */
  readonly errorsFolder: string;
  /** Of the snapshot that the developer's stack holds. */
  readonly tag: string;
};

/** Told each result as it is found; the numbers are those of the list in the README's issue: 1 equality … 7 errors. */
export type Prove = (number: number, holds: boolean, text: string) => void;

const count = (number: number): string => number.toLocaleString('en');

/** What is shown at every run: 1 equality, 2 one identity and no leak, 3 order, 7 errors. */
export async function proveQuick(context: ProofContext, prove: Prove): Promise<{ image: string }> {
  const { connections, developer, images, policyFile, registry } = context;
  const production = sampleSystem(connections);
  const copySystem = await stackSystem(stackFile, developer);
  await using source = await openSystem(production);
  await using copy = await openSystem(copySystem);

  const sourceCounts = await countAll(source);
  const different = countDifferences(sourceCounts, await countAll(copy));
  const total = [...sourceCounts.values()].reduce((sum, rows) => sum + rows, 0);
  prove(
    1,
    different.length === 0,
    `${count(total)} rows and entries in ${sourceCounts.size} tables: counts in the copy equal the source's${list(different)}`,
  );
  const kept = await keptColumns(policyFile, production, pgDumpCommand(images.POSTGRES_IMAGE ?? 'postgres:18'), process.env);
  const unequal = await keptDifferences(kept, source, copy);
  const columns = kept.reduce((sum, table) => sum + table.columns.length, 0);
  prove(1, unequal.length === 0, `${columns} kept columns are byte-equal on every row, hashed by both servers${list(unequal)}`);

  const keys = await findPerson(source);
  const [before, after] = [await seePerson(source, keys), await seePerson(copy, keys)];
  const oneIdentity =
    after.mysqlEmail !== '' &&
    after.mysqlEmail === after.ldapEmail &&
    after.mysqlEmail === after.pushAlias &&
    after.mysqlEmail !== before.mysqlEmail;
  prove(2, oneIdentity, `user ${keys.userId} is ${after.mysqlEmail} in MySQL, LDAP and AeroGear alike`);
  prove(2, after.managerExists, `her manager ${after.managerDn} is there`);
  const [joinsBefore, joinsAfter] = [await countJoins(source), await countJoins(copy)];
  prove(
    2,
    joinsBefore.ldap === joinsAfter.ldap && joinsBefore.push === joinsAfter.push,
    `people found by e-mail across systems: ${count(joinsAfter.ldap)} in LDAP, ${count(joinsAfter.push)} in AeroGear, as many as in the source`,
  );
  const values = await collectSourceValues(source);
  const pulled = JSON.parse((await developer.run(['pull', context.tag, '--json'])).stdout) as { image: string };
  const search = await searchImage(pulled.image, values);
  prove(
    2,
    search.hits.length === 0,
    `none of ${count(values.emails.size)} e-mail addresses, ${count(values.phones.size)} phone numbers and ${count(values.secrets.size)} secrets of the source in ${count(search.files)} files of ${search.layers} layers (${count(Math.round(search.bytes / 1e6))} MB)${list(search.hits)}`,
  );

  const order = await startOrder(developer.stackProject);
  prove(3, order.holds, `started in the order of the graph, data before its dependants: ${order.text}`);
  const answer = await fetch(`${developer.url}/counts`);
  const seen = (await answer.json()) as { dynamease?: { users?: number; ldapEntries?: number }; aerogear?: { installations?: number } };
  const nginxHolds =
    seen.dynamease?.users === sourceCounts.get('mysql users') &&
    seen.dynamease?.ldapEntries === sourceCounts.get('ldap entries') &&
    seen.aerogear?.installations === sourceCounts.get('aerogear installation');
  prove(3, nginxHolds, `nginx answers with both counts: ${JSON.stringify(seen)}`);

  const errors = { developer, registryUrl: registry.url, configFile: context.configFile, folder: context.errorsFolder };
  for (const { holds, text } of await proveErrors(errors)) prove(7, holds, text);
  return { image: pulled.image };
}

/** What takes longer: 4 the same build twice, 6 interruptions. The registry is another process afterwards. */
export async function proveLong(context: ProofContext, prove: Prove): Promise<{ registryPid: number }> {
  for (const { holds, text } of await proveSameDigest(context)) prove(4, holds, text);
  const { results, registryPid } = await proveInterruptions(context);
  for (const { holds, text } of results) prove(6, holds, text);
  return { registryPid };
}

function list(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `; NOT SO: ${lines.join('; ')}`;
}
