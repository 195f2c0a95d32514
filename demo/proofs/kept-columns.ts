import type { OpenSystem } from '../systems.ts';

/** The columns of one table that the policy keeps. */
export type KeptColumns = {
  readonly kind: 'mysql' | 'postgres';
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
};

/** Tables whose kept columns are not byte-equal on every row, as `schema.table`. Empty is what is wanted. */
export async function keptDifferences(kept: readonly KeptColumns[], source: OpenSystem, copy: OpenSystem): Promise<string[]> {
  const differences: string[] = [];
  for (const item of kept) {
    if (item.columns.length === 0) continue;
    const [left, right] = await Promise.all([fingerprint(item, source), fingerprint(item, copy)]);
    if (left !== right) differences.push(`${item.schema}.${item.table}`);
  }
  return differences;
}

/**
 * Number of rows and the sum of a hash of each row's kept columns, computed by the server on the values' own bytes, NULL told apart from
 * the empty string. It does not depend on the order of rows.
 */
async function fingerprint({ kind, schema, table, columns }: KeptColumns, system: OpenSystem): Promise<string> {
  if (kind === 'mysql') {
    const parts = columns.map((column) => `IFNULL(HEX(CAST(\`${column}\` AS BINARY)), '~')`).join(", '|', ");
    const [row] = await system.mysql(
      `SELECT COUNT(*) AS n, COALESCE(SUM(CAST(CONV(LEFT(SHA2(CONCAT(${parts}), 256), 15), 16, 10) AS DECIMAL(65, 0))), 0) AS sum FROM \`${schema}\`.\`${table}\``,
    );
    return `${row?.n} ${row?.sum}`;
  }
  const parts = columns.map((column) => `coalesce(encode(convert_to("${column}"::text, 'UTF8'), 'hex'), '~')`).join(` || '|' || `);
  const [row] = await system.postgres(
    `SELECT count(*) AS n, coalesce(sum(('x' || left(encode(sha256((${parts})::bytea), 'hex'), 15))::bit(60)::bigint::numeric), 0) AS sum FROM "${schema}"."${table}"`,
  );
  return `${row?.n} ${row?.sum}`;
}
