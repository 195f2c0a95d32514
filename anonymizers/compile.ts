import { DynDataError } from '../core/index.ts';
import type { CompiledPolicy, DefinitionsPlan, DirectoryPlan, Exemption, LiveSource, Survey, TablePlan } from './api.ts';
import { compileDefinitions } from './definitions-plan.ts';
import { canName, suggestNameRule, undecidedNames, writtenRule } from './directory-names.ts';
import { createDirectoryPlan } from './directory-plan.ts';
import { compileDirectoryRules, decisionOf } from './directory-rules.ts';
import { directorySurveys } from './directory-surveys.ts';
import { canonicalType, parseDn } from './dn.ts';
import type { Key } from './key.ts';
import { type Policy, policyDigest, type SourcePolicy } from './policy.ts';
import { createIdentityRules } from './prose/identity-rules.ts';
import { createReferences, type References, type SourceRules } from './references.ts';
import { checkRowReferences, createRowChoice } from './row-choice.ts';
import { createProblems, createRuleMaker, type MakeRule, type Problems } from './rule-maker.ts';
import { createSuggestions, type Suggestions, suggestRule } from './suggestions.ts';
import { compileTable, placeOf, targetOf } from './table-plan.ts';
import { readTableRules } from './table-rules.ts';
import { createLeakHooks } from './watch.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

type Compilation = {
  readonly make: MakeRule;
  readonly problems: Problems;
  readonly suggestions: Suggestions;
  /** Lines such as `mysql dynamease.users.email varchar(255)`. */
  readonly undecided: string[];
  readonly plans: Map<string, TablePlan>;
  readonly surveys: Survey[];
  readonly exemptions: Exemption[];
};

const directorySections = [
  'keep',
  'drop',
  'attributes',
  'classes',
  'filters',
  'keep_entries',
  'reference',
  'low_cardinality',
  'where',
  'dn',
] as const;
const tableSections = ['tables', 'comments', 'programs', 'defaults'] as const;

function checkSections(name: string, policy: SourcePolicy, wrong: readonly (keyof SourcePolicy)[], why: string, problems: Problems): void {
  for (const section of wrong) if (policy[section] !== undefined) problems.invalid.push(`${name} ${section}: ${why}`);
}

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
  const hooks = createLeakHooks();
  const identities = createIdentityRules(key);
  const make = problems.collect('the policy', () => createRuleMaker(policy, key, hooks, identities));
  const compilation: Compilation | undefined = make && {
    make,
    problems,
    suggestions: createSuggestions(),
    undecided: [],
    plans: new Map(),
    surveys: [],
    exemptions: [],
  };
  for (const name of Object.keys(policy.sources)) {
    if (!sources.some((source) => source.name === name)) problems.invalid.push(`sources ${name}: the environment has no such source`);
  }
  const directories = new Map<string, DirectoryPlan>();
  const definitions = new Map<string, DefinitionsPlan>();
  if (compilation) {
    const written = (name: string): SourcePolicy => policy.sources[name] ?? {};
    const tables = sources.flatMap((source) => {
      if (source.kind === 'ldap') return [];
      checkSections(source.name, written(source.name), directorySections, 'only an LDAP source has this', problems);
      return [{ source, tables: readTableRules(source, written(source.name), problems) }];
    });
    const references = createReferences(policy, tables);
    for (const source of sources) {
      if (source.kind === 'ldap') {
        directories.set(source.name, compileDirectory(source, written(source.name), references, compilation));
        continue;
      }
      for (const rules of tables) if (rules.source === source) compileTables(rules, references, key, compilation);
      definitions.set(source.name, compileDefinitions(source, written(source.name), compilation));
    }
  }
  report(problems, compilation?.undecided ?? [], compilation?.suggestions);

  return {
    policyDigest: policyDigest(policy),
    keyId: key.id,
    table: (source, schema, table) =>
      found(compilation?.plans ?? new Map(), tableId(source, schema, table), `${source} ${schema}.${table}`),
    directory: (source) => found(directories, source, source),
    definitions: (source) => definitions.get(source) ?? { comments: 'drop', drops: () => false },
    surveys: compilation?.surveys ?? [],
    literals: hooks.literals,
    phonePermutations: hooks.phonePermutations,
    accountPermutations: hooks.accountPermutations,
    ...(identities.wanted ? { known: identities.wanted } : {}),
    exemptions: (compilation?.exemptions ?? []).sort((a, b) => (a.place < b.place ? -1 : 1)),
  };
}

function compileTables({ source, tables }: SourceRules, references: References, key: Key, compilation: Compilation): void {
  const { make, problems, suggestions, undecided, plans, surveys, exemptions } = compilation;
  for (const table of source.tables) {
    const rules = tables.get(table);
    if (!rules) continue;
    const found = undecided.length + problems.invalid.length;
    const compiled = compileTable(table, rules, {
      source,
      make,
      problems,
      ruleOf: (column) => references.ruleOf(source.name, table, column.name),
      rowChoice: () => createRowChoice(table, rules, key),
      undecided: (column) => {
        undecided.push(`${placeOf(source, table)}.${column.name} ${column.sqlType}`);
        suggestions.column(source.name, rules.key, column.name, suggestRule(column.name, targetOf(source, table, column), make));
      },
    });
    if (compiled) {
      plans.set(tableId(source.name, table.schema, table.name), compiled.plan);
      surveys.push(...compiled.surveys);
    } else if (!rules.named && undecided.length + problems.invalid.length === found) {
      // It has no columns, or all of them follow foreign keys: still, nobody said that its rows may leave.
      undecided.push(`${placeOf(source, table)} (a table that the policy does not name)`);
      suggestions.table(source.name, rules.key);
    }
    for (const [column, reason] of Object.entries(rules.lowCardinality)) {
      exemptions.push({ place: `${placeOf(source, table)}.${column}`, rule: 'low-cardinality', reason });
    }
  }
  checkRowReferences({ source, tables }, problems);
}

function compileDirectory(source: LdapSource, policy: SourcePolicy, references: References, compilation: Compilation): DirectoryPlan {
  const { make, problems, suggestions, undecided } = compilation;
  checkSections(source.name, policy, tableSections, 'an LDAP source has no tables', problems);
  const rules = compileDirectoryRules(source, policy, make, problems, (rule) => references.directoryRule(source.name, rule));
  for (const attribute of source.attributes) {
    if (decisionOf(rules.all, attribute)) continue;
    // A rule that is wrong is named among the problems, not here.
    if (problems.invalid.some((line) => line.startsWith(`${source.name} attribute ${attribute}:`))) continue;
    undecided.push(`${source.name} attribute ${attribute}`);
    const type = canonicalType(attribute);
    if (source.namingTypes?.includes(type)) {
      // It names entries: the rule has to be the one of its DNs.
      const name = suggestNameRule(type, make);
      suggestions.attribute(source.name, attribute, name.rule, name.look);
      continue;
    }
    const target = { type: 'text', sqlType: 'an LDAP attribute', nullable: true, unique: false, place: '', sourceKind: 'ldap' } as const;
    const suggested = suggestRule(attribute, target, make);
    const rule = 'rule' in suggested ? suggested.rule : null;
    suggestions.attribute(source.name, attribute, rule === 'text' || rule === null ? 'drop' : rule);
  }
  for (const type of undecidedNames(source, policy)) {
    undecided.push(`${source.name} dn ${type} (an attribute type that names entries)`);
    const written = writtenRule(policy, type, (rule) => references.directoryRule(source.name, rule));
    if (written === undefined || canName(written, make)) {
      const name = written === undefined ? suggestNameRule(type, make) : { rule: written };
      suggestions.name(source.name, type, name.rule, name.look);
    } else suggestions.openName(source.name, type);
  }
  const lowCardinality = readLowCardinality(source, policy, compilation);
  compilation.surveys.push(...directorySurveys(source, rules, lowCardinality, make));
  const bases = source.bases.map(parseDn);
  for (const [index, base] of bases.entries()) {
    if (!base) problems.invalid.push(`${source.name}: the base "${source.bases[index]}" is no DN`);
  }
  return createDirectoryPlan(
    source,
    bases.filter((base) => base !== undefined),
    rules,
  );
}

/** An attribute, or `attribute path` of its documents, in one spelling. */
function canonicalPlace(name: string): string {
  const [type = '', path] = splitPath(name);
  return path === undefined ? canonicalType(type) : `${canonicalType(type)} ${path}`;
}

function splitPath(name: string): string[] {
  const at = name.indexOf(' $');
  return at < 0 ? [name] : [name.slice(0, at), name.slice(at + 1)];
}

/** Attributes by their canonical types, of which the policy says in writing that they may have few values. */
function readLowCardinality(source: LdapSource, policy: SourcePolicy, { problems, exemptions }: Compilation): ReadonlySet<string> {
  const written = Object.assign(
    {},
    ...(policy.included ?? []).map(({ low_cardinality }) => low_cardinality).reverse(),
    policy.low_cardinality,
  );
  const types = new Set(source.attributes.map(canonicalType));
  const isUsed = (name: string): boolean => types.has(canonicalType(splitPath(name)[0] ?? ''));
  for (const attribute of Object.keys(policy.low_cardinality ?? {})) {
    if (!isUsed(attribute))
      problems.invalid.push(`${source.name} attribute ${attribute}: low_cardinality names no attribute that is in use`);
  }
  for (const [attribute, reason] of Object.entries<string>(written)) {
    if (isUsed(attribute)) exemptions.push({ place: `${source.name} attribute ${attribute}`, rule: 'low-cardinality', reason });
  }
  return new Set(Object.keys(written).map(canonicalPlace));
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
