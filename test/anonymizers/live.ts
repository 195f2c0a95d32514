import {
  type CompiledPolicy,
  compilePolicy,
  type DirectoryPlan,
  type LiveColumn,
  type LiveSource,
  parseKey,
  parsePolicy,
} from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';
import { keyText } from './making.ts';

type SqlSource = Exclude<LiveSource, { kind: 'ldap' }>;
export type TableFacts = Partial<Omit<SqlSource['tables'][number], 'columns'>> & { readonly columns: readonly LiveColumn[] };

/** A column as a server would describe it: varchar(255), may be NULL. */
export function column(name: string, facts: Partial<LiveColumn> = {}): LiveColumn {
  return { name, type: 'text', sqlType: 'varchar(255)', maxLength: 255, nullable: true, unique: false, ...facts };
}

/** A MySQL source with one schema, `shop`. */
export function shop(tables: Readonly<Record<string, readonly LiveColumn[] | TableFacts>>, more: Partial<SqlSource> = {}): SqlSource {
  return {
    name: 'mysql',
    kind: 'mysql',
    tables: Object.entries(tables).map(([name, facts]) => ({ schema: 'shop', name, ...('columns' in facts ? facts : { columns: facts }) })),
    ...more,
  };
}

export function compile(policy: string, ...sources: readonly LiveSource[]): CompiledPolicy {
  return compilePolicy({ policy: parsePolicy(`version: 1\n${policy}`, 'test.yaml'), key: parseKey(keyText), sources });
}

/** The error of a policy that does not fit. */
export function refusal(policy: string, ...sources: readonly LiveSource[]): DynDataError {
  try {
    compile(policy, ...sources);
  } catch (error) {
    if (error instanceof DynDataError) return error;
    throw error;
  }
  throw new Error('a DynDataError was expected');
}

/** A row of `shop` through its plan, as texts. */
export function transformed(policy: CompiledPolicy, table: string, ...values: readonly (string | null)[]): (string | null)[] {
  const row = values.map((value) => (value === null ? null : Buffer.from(value)));
  policy.table('mysql', 'shop', table).transform(row);
  return row.map((value) => value && Buffer.from(value).toString());
}

/** An entry through its plan, values as texts. */
export function transformedEntry(
  plan: DirectoryPlan,
  dn: string,
  attributes: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, string | readonly string[]>> {
  const made = plan.transform({
    dn,
    attributes: new Map(Object.entries(attributes).map(([name, list]) => [name, list.map((value) => Buffer.from(value))])),
  });
  return {
    dn: made.dn,
    ...Object.fromEntries([...made.attributes].map(([name, list]) => [name, list.map((value) => Buffer.from(value).toString())])),
  };
}
