import { qualifiedName, quoteName } from './connection.ts';
import type { Reader } from './programs.ts';

/** What makes MariaDB's sequences with their present state; defaults of tables refer to them, also from other databases. */
export async function readSequences(reader: Reader, databases: readonly string[]): Promise<string[]> {
  const found = await reader.rows(
    "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_TYPE = 'SEQUENCE' AND TABLE_SCHEMA IN (?) ORDER BY TABLE_SCHEMA, TABLE_NAME",
    [databases],
  );
  const statements: string[] = [];
  for (const { s, t } of found) {
    const [schema, name] = [s ?? '', t ?? ''];
    const { create } = await reader.show('SEQUENCE', schema, name, 'Create Table');
    const [state] = await reader.rows(`SELECT * FROM ${qualifiedName(schema, name)}`, []);
    // Its one row is its whole state, and writing it takes the place of the one that it has.
    const values = Object.values(state ?? {}).join(', ');
    statements.push(`USE ${quoteName(schema)}`, create, `INSERT INTO ${qualifiedName(schema, name)} VALUES (${values})`);
  }
  return statements;
}
