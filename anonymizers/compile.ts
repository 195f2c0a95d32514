import { canonicalJson, DynDataError, digestOf, type JsonValue } from '../core/index.ts';
import type { CompiledPolicy, DirectoryPlan, LiveSource, LiveTable, TablePlan } from './api.ts';
import { createDirectoryPlan } from './directory-plan.ts';
import { compileDirectoryRules, decisionOf } from './directory-rules.ts';
import { parseDn } from './dn.ts';
import type { Key } from './key.ts';
import type { Policy, SourcePolicy, TablePolicy } from './policy.ts';
import { createProblems, createRuleMaker, type MakeRule, type Problems } from './rule-maker.ts';
import { createSuggestions, type Suggestions, suggestRule } from './suggestions.ts';
import { compileTable, placeOf, targetOf } from './table-plan.ts';

type SqlSource = Exclude<LiveSource, { kind: 'ldap' }>;
type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

type Compilation = {
  readonly make: MakeRule;
  readonly problems: Problems;
  readonly suggestions: Suggestions;
  /** Lines such as `mysql dynamease.users.email varchar(255)`. */
  readonly undecided: string[];
};

/**
 * Holds a policy against the live systems, before any row is read. Everything that is wrong in all sources is named at once.
 * @throws DynDataError POLICY_INVALID for rules that name what does not exist, that are not understood, or that cannot stand where they
 * stand; POLICY_UNDECIDED for columns and attributes without a rule. Its details name each, and end with a patch for the policy.
 */
export function compilePolicy(input: {
  readonly policy: Policy;
  readonly key: Key;
  readonly sources: readonly LiveSource[];
}): CompiledPolicy {
  const { policy, key, sources } = input;
  const problems = createProblems();
  const make = problems.collect('the policy', () => createRuleMaker(policy, key));
  const compilation = make && { make, problems, suggestions: createSuggestions(), undecided: [] };
  for (const name of Object.keys(policy.sources)) {
    if (!sources.some((source) => source.name === name)) problems.invalid.push(`sources ${name}: the environment has no such source`);
  }
  const tables = new Map<string, TablePlan>();
  const directories = new Map<string, DirectoryPlan>();
  for (const source of compilation ? sources : []) {
    if (!compilation) break;
    const own = policy.sources[source.name] ?? {};
    if (source.kind === 'ldap') {
      const plan = compileDirectory(source, own, compilation);
      if (plan) directories.set(source.name, plan);
    } else compileTables(source, own, compilation, tables);
  }
  report(problems, compilation?.undecided ?? [], compilation?.suggestions);

  return {
    policyDigest: digestOf(canonicalJson(policy as JsonValue)),
    keyId: key.id,
    table: (source, schema, table) => found(tables, tableId(source, schema, table), `${source} ${schema}.${table}`),
    directory: (source) => found(directories, source, source),
  };
}

function compileTables(source: SqlSource, policy: SourcePolicy, compilation: Compilation, plans: Map<string, TablePlan>): void {
  const { make, problems, suggestions, undecided } = compilation;
  for (const section of ['keep', 'drop', 'attributes', 'classes', 'dn'] as const) {
    if (policy[section] !== undefined) problems.invalid.push(`${source.name} ${section}: only an LDAP source has this`);
  }
  const written = policy.tables ?? {};
  const named = new Map(source.tables.map((table) => [table, keysOf(table, source, written, problems)]));
  const used = new Set([...named.values()].flat());
  for (const key of Object.keys(written)) if (!used.has(key)) problems.invalid.push(`${source.name} ${key}: there is no such table`);
  for (const table of source.tables) {
    const [key] = named.get(table) ?? [];
    const plan = compileTable(table, key === undefined ? undefined : written[key], {
      source,
      make,
      problems,
      undecided: (_, column) => {
        undecided.push(`${placeOf(source, table)}.${column.name} ${column.sqlType}`);
        suggestions.column(
          source.name,
          key ?? patchKey(table, source),
          column.name,
          suggestRule(column.name, targetOf(source, table, column), make),
        );
      },
    });
    if (plan) plans.set(tableId(source.name, table.schema, table.name), plan);
    else if (table.columns.length === 0 && key === undefined) undecided.push(`${placeOf(source, table)} (a table without columns)`);
  }
}

/** The keys under which the policy names a table: none, or one. */
function keysOf(table: LiveTable, source: SqlSource, written: Readonly<Record<string, TablePolicy>>, problems: Problems): string[] {
  const keys = [`${table.schema}.${table.name}`, table.name].filter((key) => Object.hasOwn(written, key));
  if (keys.length === 2) problems.invalid.push(`${source.name} ${table.name}: is named twice, with its schema and without`);
  if (keys.includes(table.name) && isAmbiguous(table, source)) {
    problems.invalid.push(`${source.name} ${table.name}: more than one schema has this table; write ${table.schema}.${table.name}`);
  }
  return keys;
}

function isAmbiguous(table: LiveTable, source: SqlSource): boolean {
  return source.tables.some((other) => other !== table && other.name === table.name);
}

function patchKey(table: LiveTable, source: SqlSource): string {
  return isAmbiguous(table, source) ? `${table.schema}.${table.name}` : table.name;
}

function compileDirectory(source: LdapSource, policy: SourcePolicy, compilation: Compilation): DirectoryPlan | undefined {
  const { make, problems, suggestions, undecided } = compilation;
  if (policy.tables !== undefined) problems.invalid.push(`${source.name} tables: an LDAP source has no tables`);
  const rules = compileDirectoryRules(source, policy, make, problems);
  for (const attribute of source.attributes) {
    if (decisionOf(rules.all, attribute)) continue;
    // A rule that is wrong is named among the problems, not here.
    if (problems.invalid.some((line) => line.startsWith(`${source.name} attribute ${attribute}:`))) continue;
    undecided.push(`${source.name} attribute ${attribute}`);
    const target = { type: 'text', sqlType: 'an LDAP attribute', nullable: true, unique: false, place: '', sourceKind: 'ldap' } as const;
    const rule = suggestRule(attribute, target, make);
    suggestions.attribute(source.name, attribute, rule === 'text' ? 'drop' : rule);
  }
  const base = parseDn(source.base);
  if (base) return createDirectoryPlan(source, base, rules);
  problems.invalid.push(`${source.name}: the base "${source.base}" is no DN`);
  return undefined;
}

function report({ invalid }: Problems, undecided: readonly string[], suggestions: Suggestions | undefined): void {
  const patch =
    undecided.length === 0 || !suggestions
      ? []
      : ['', 'A patch for the policy; look at every line before you take it:', ...suggestions.lines()];
  if (invalid.length > 0) {
    const rest = undecided.length === 0 ? [] : ['', 'Not decided:', ...undecided, ...patch];
    throw new DynDataError('POLICY_INVALID', 'The policy does not fit the systems. Nothing was read. Correct what is named below.', {
      details: [...invalid, ...rest],
    });
  }
  if (undecided.length > 0) {
    throw new DynDataError(
      'POLICY_UNDECIDED',
      `The policy does not decide ${undecided.length} columns or attributes. Nothing was read. Add a rule for each to the policy; a patch stands below.`,
      { details: [...undecided, ...patch] },
    );
  }
}

function tableId(source: string, schema: string, table: string): string {
  return [source, schema, table].join('\0');
}

function found<T>(plans: ReadonlyMap<string, T>, id: string, name: string): T {
  const plan = plans.get(id);
  if (!plan) throw new DynDataError('INTERNAL', `${name} was not described when the policy was compiled. Please report it.`);
  return plan;
}
