import { readFile } from 'node:fs/promises';
import { compilePolicy, type LiveSource, parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { connectLdap } from '../../builder/ldap/session.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import { connectPostgres } from '../../builder/postgres/session.ts';
import type { System } from '../systems.ts';
import type { KeptColumns } from './kept-columns.ts';

/** Which columns are kept does not depend on the key. */
const anyKey = '01'.repeat(32);

/** The columns that a policy keeps, found by compiling it against the live source as the builder does. */
export async function keptColumns(
  policyFile: string,
  system: System,
  pgDump: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<KeptColumns[]> {
  const signal = new AbortController().signal;
  const { mysql, postgres, ldap } = system;
  await using my = await connectMysql(
    'mysql',
    { kind: 'mysql', ...mysql, password: { env: 'none' }, databases: [mysql.database] },
    mysql.password,
    signal,
  );
  await using post = await connectPostgres(
    'aerogear',
    { kind: 'postgres', ...postgres, password: { env: 'none' }, pgDump: [...pgDump] },
    postgres.password,
    environment,
    signal,
  );
  await using directory = await connectLdap('ldap', { kind: 'ldap', ...ldap, password: { env: 'none' } }, ldap.password, signal);
  const kept: KeptColumns[] = [];
  const parsed = parsePolicy(await readFile(policyFile, 'utf8'), policyFile);
  const sources: LiveSource[] = [];
  for (const session of [my, directory, post]) {
    await session.openPoint(signal);
    sources.push((await session.describe(signal)).live);
  }
  const compiled = compilePolicy({ policy: parsed, key: parseKey(anyKey), sources });
  for (const source of sources) {
    if (source.kind === 'ldap') continue;
    for (const table of source.tables) {
      const plan = compiled.table(source.name, table.schema, table.name);
      kept.push({
        kind: source.kind,
        schema: table.schema,
        table: table.name,
        columns: table.columns.filter((_column, index) => plan.kept[index]).map(({ name }) => name),
      });
    }
  }
  return kept;
}
