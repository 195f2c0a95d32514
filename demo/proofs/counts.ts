import type { OpenSystem } from '../systems.ts';

/** Rows per table and entries, by `mysql users`, `aerogear installation`, `ldap entries`. */
export type Counts = ReadonlyMap<string, number>;

/** Counted by the servers themselves. */
export async function countAll(system: OpenSystem): Promise<Counts> {
  const counts = new Map<string, number>();
  const tables = await system.mysql(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'dynamease' AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME",
  );
  for (const { name } of tables) {
    const [row] = await system.mysql(`SELECT COUNT(*) AS n FROM dynamease.\`${name}\``);
    counts.set(`mysql ${name}`, Number(row?.n));
  }
  const pushTables = await system.postgres(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1",
  );
  for (const { name } of pushTables) {
    const [row] = await system.postgres(`SELECT count(*) AS n FROM public."${name}"`);
    counts.set(`aerogear ${name}`, Number(row?.n));
  }
  counts.set('ldap entries', (await system.ldap('(objectClass=*)', ['1.1'])).length);
  return counts;
}

/** Names whose numbers differ, with both numbers. Empty is what is wanted. */
export function countDifferences(source: Counts, copy: Counts): string[] {
  const names = new Set([...source.keys(), ...copy.keys()]);
  return [...names]
    .filter((name) => source.get(name) !== copy.get(name))
    .map((name) => `${name}: ${source.get(name) ?? 'absent'} in the source, ${copy.get(name) ?? 'absent'} in the copy`);
}
