import { DynDataError } from '../../core/index.ts';
import { quoteName } from './connection.ts';
import { type Program, type Reader, withoutDefiner } from './programs.ts';

export type View = Program & {
  /** Why it cannot be made again; absent where it can. */
  readonly broken?: string;
};

type TableName = { readonly schema: string; readonly name: string };
const idOf = ({ schema, name }: TableName): string => `${schema}\0${name}`;

/**
 * All views of the source, in an order in which each finds the views that it reads, in whatever database they are. Without a current
 * database the server prints every table in a view with its own.
 */
export async function readViews(reader: Reader, databases: readonly string[]): Promise<View[]> {
  const found = await reader.rows(
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS v, TABLE_COMMENT AS comment FROM information_schema.TABLES
     WHERE TABLE_TYPE = 'VIEW' AND TABLE_SCHEMA IN (?) ORDER BY TABLE_SCHEMA, TABLE_NAME`,
    [databases],
  );
  const others = await reader.rows('SELECT SCHEMA_NAME AS s FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (?)', [databases]);
  const views = new Map<string, { readonly view: View; readonly reads: readonly TableName[] }>();
  for (const { s, v, comment } of found) {
    const [schema, name] = [s ?? '', v ?? ''];
    const { row, create } = await reader.show('VIEW', schema, name, 'Create View');
    const reads = tablesRead(create);
    const outside = reads.find((table) => others.some((other) => other.s === table.schema));
    // Functions of the view's own database stand in it without a database.
    const settings = [`USE ${quoteName(schema)}`, `SET SESSION collation_connection = ${row.collation_connection ?? 'DEFAULT'}`];
    const view: View = { kind: 'view', name: `${schema}.${name}`, statements: [...settings, withoutDefiner(create), 'SET NAMES utf8mb4'] };
    // What the server says in the place of a comment of a view that it cannot open.
    if (comment !== 'VIEW') views.set(idOf({ schema, name }), { view: { ...view, broken: 'it does not work at the source' }, reads });
    else if (outside) views.set(idOf({ schema, name }), { view: { ...view, broken: `it reads the database ${outside.schema}` }, reads });
    else views.set(idOf({ schema, name }), { view, reads });
  }
  const ordered: View[] = [];
  const placed = new Set<string>();
  const place = (id: string): void => {
    const entry = views.get(id);
    if (!entry || placed.has(id)) return;
    placed.add(id);
    for (const table of entry.reads) place(idOf(table));
    ordered.push(entry.view);
  };
  for (const id of views.keys()) place(id);
  return ordered;
}

/** @throws DynDataError SOURCE_UNSUPPORTED naming the views that no server could make again. */
export function refuseBrokenViews(sourceName: string, views: readonly View[]): void {
  const broken = views.filter((view) => view.broken !== undefined);
  if (broken.length === 0) return;
  throw new DynDataError(
    'SOURCE_UNSUPPORTED',
    `The MySQL source "${sourceName}" has views that cannot be restored. Mend or drop them at the source, add what they read to its "databases", or leave them out with "programs: { drop: [...] }" in the policy.`,
    { details: broken.map((view) => `view ${view.name}: ${view.broken}`) },
  );
}

/** The server prints a view's tables after `from` or `join`; a text in it that looks so only adds to the order. */
function tablesRead(create: string): TableName[] {
  const tables = create.matchAll(/(?:\bfrom|join) \(*`((?:[^`]|``)+)`\.`((?:[^`]|``)+)`/g);
  return [...tables].map(([, schema = '', name = '']) => ({ schema: schema.replaceAll('``', '`'), name: name.replaceAll('``', '`') }));
}
