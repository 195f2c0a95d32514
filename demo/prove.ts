import { join } from 'node:path';
import type { SampleConnections } from '../sample/connections.ts';
import type { SampleSize } from '../sample/sizes.ts';
import { developerFolder, stackFile, stackProject } from './layout.ts';
import { countAll, countDifferences } from './proofs/counts.ts';
import { proveErrors } from './proofs/errors.ts';
import { searchImage } from './proofs/image-search.ts';
import { proveInterruptions } from './proofs/interruptions.ts';
import { keptDifferences } from './proofs/kept-columns.ts';
import { proveMemory } from './proofs/memory.ts';
import { countJoins, findPerson, seePerson } from './proofs/person.ts';
import { keptColumns } from './proofs/policy-columns.ts';
import { proveSameDigest } from './proofs/same-digest.ts';
import { collectSourceValues } from './proofs/source-values.ts';
import { startOrder } from './proofs/start-order.ts';
import type { RunningRegistry } from './registry-process.ts';
import { runClient } from './run-client.ts';
import { pgDumpCommand, samplePolicy } from './sample-registry.ts';
import type { Teller } from './say.ts';
import type { LongProof } from './state.ts';
import { openSystem, sampleSystem, stackSystem } from './systems.ts';

export type ProofContext = {
  readonly size: SampleSize;
  readonly tell: Teller;
  readonly connections: SampleConnections;
  /** Environment of the developer's commands. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly images: Readonly<Record<string, string>>;
  readonly registry: RunningRegistry;
  readonly configFile: string;
  /** Environment of the sample system's containers. */
  readonly sampleEnvironment: Readonly<Record<string, string | undefined>>;
};

const count = (number: number): string => number.toLocaleString('en');

/** What is shown at every run: 1 equality, 2 one identity and no leak, 3 order, 7 errors. */
export async function proveQuick(context: ProofContext): Promise<{ image: string }> {
  const { tell, connections, env, images, registry } = context;
  const production = sampleSystem(connections);
  const copySystem = await stackSystem(stackFile, stackProject, definedOnly(env));
  await using source = await openSystem(production);
  await using copy = await openSystem(copySystem);

  const sourceCounts = await countAll(source);
  const different = countDifferences(sourceCounts, await countAll(copy));
  const total = [...sourceCounts.values()].reduce((sum, rows) => sum + rows, 0);
  tell.proof(
    1,
    different.length === 0,
    `${count(total)} rows and entries in ${sourceCounts.size} tables: counts in the copy equal the source's${list(different)}`,
  );
  const kept = await keptColumns(samplePolicy, production, pgDumpCommand(images.POSTGRES_IMAGE ?? 'postgres:18'), process.env);
  const unequal = await keptDifferences(kept, source, copy);
  const columns = kept.reduce((sum, table) => sum + table.columns.length, 0);
  tell.proof(1, unequal.length === 0, `${columns} kept columns are byte-equal on every row, hashed by both servers${list(unequal)}`);

  const keys = await findPerson(source);
  const [before, after] = [await seePerson(source, keys), await seePerson(copy, keys)];
  const oneIdentity =
    after.mysqlEmail !== '' &&
    after.mysqlEmail === after.ldapEmail &&
    after.mysqlEmail === after.pushAlias &&
    after.mysqlEmail !== before.mysqlEmail;
  tell.proof(2, oneIdentity, `user ${keys.userId} is ${after.mysqlEmail} in MySQL, LDAP and AeroGear alike`);
  tell.proof(2, after.managerExists, `her manager ${after.managerDn} is there`);
  const [joinsBefore, joinsAfter] = [await countJoins(source), await countJoins(copy)];
  tell.proof(
    2,
    joinsBefore.ldap === joinsAfter.ldap && joinsBefore.push === joinsAfter.push,
    `people found by e-mail across systems: ${count(joinsAfter.ldap)} in LDAP, ${count(joinsAfter.push)} in AeroGear, as many as in the source`,
  );
  const values = await collectSourceValues(source);
  const pulled = JSON.parse((await runClient(['pull', context.registry.url ? 'prod-2024-05' : '', '--json'], { env })).stdout) as {
    image: string;
  };
  const search = await searchImage(pulled.image, values);
  tell.proof(
    2,
    search.hits.length === 0,
    `none of ${count(values.emails.size)} e-mail addresses, ${count(values.phones.size)} phone numbers and ${count(values.secrets.size)} secrets of the source in ${count(search.files)} files of ${search.layers} layers (${count(Math.round(search.bytes / 1e6))} MB)${list(search.hits)}`,
  );

  const order = await startOrder(stackProject);
  tell.proof(3, order.holds, `started in the order of the graph, data before its dependants: ${order.text}`);
  const answer = await fetch(`http://127.0.0.1:${env.NGINX_PORT}/counts`);
  const seen = (await answer.json()) as { dynamease?: { users?: number; ldapEntries?: number }; aerogear?: { installations?: number } };
  const nginxHolds =
    seen.dynamease?.users === sourceCounts.get('mysql users') &&
    seen.dynamease?.ldapEntries === sourceCounts.get('ldap entries') &&
    seen.aerogear?.installations === sourceCounts.get('aerogear installation');
  tell.proof(3, nginxHolds, `nginx answers with both counts: ${JSON.stringify(seen)}`);

  for (const { holds, text } of await proveErrors({
    env,
    registryUrl: registry.url,
    configFile: context.configFile,
    folder: join(developerFolder, '..', 'errors'),
  }))
    tell.proof(7, holds, text);
  return { image: pulled.image };
}

/** What takes minutes: 4 the same build twice, 5 memory at four times the size, 6 interruptions. */
export async function proveLong(context: ProofContext): Promise<{ proofs: LongProof[]; registryPid: number }> {
  const proofs: LongProof[] = [];
  const prove = (number: number, { holds, text }: { holds: boolean; text: string }): void => {
    context.tell.proof(number, holds, text);
    proofs.push({ number, holds, text });
  };
  for (const result of await proveSameDigest(context)) prove(4, result);
  // A smaller sample says nothing of growth: it is over before the builder has reached its working size.
  if (context.size === 'demo') prove(5, await proveMemory(context));
  const { results, registryPid } = await proveInterruptions(context);
  for (const result of results) prove(6, result);
  return { proofs, registryPid };
}

function list(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `; NOT SO: ${lines.join('; ')}`;
}

export function definedOnly(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
