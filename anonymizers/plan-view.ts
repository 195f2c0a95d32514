import type { LiveSource } from './api.ts';
import { decisionsOn } from './definitions-plan.ts';
import { directoryDefaults } from './directory-defaults.ts';
import { undecidedNames } from './directory-names.ts';
import { canonicalType } from './dn.ts';
import type { Policy, Rule, SourcePolicy } from './policy.ts';
import { createReferences, type References } from './references.ts';
import { createProblems } from './rule-maker.ts';
import { readTableRules, type TableRules } from './table-rules.ts';

/** What a policy says of one place of a live system. */
export type PlanLine = {
  readonly source: string;
  /** `schema.table`, or `structure`; for LDAP `attributes`, `class NAME`, `filter FILTER` or `dn`. */
  readonly section: string;
  /** Column or attribute; of the structure what and on what (`comment shop.users`, `view shop.active`); empty for which rows a table has. */
  readonly name: string;
  readonly sqlType?: string;
  /** Of a text of the structure. */
  readonly digest?: string;
  readonly decision:
    | { readonly kind: 'rule'; readonly rule: Rule; readonly follows: boolean }
    /** Left out. */
    | { readonly kind: 'drop' }
    /** Not all rows of a table: none, a share of them, or those of a condition. */
    | { readonly kind: 'rows'; readonly rows: TableRules['rows']; readonly where?: string }
    /** Rewritten as a DN. */
    | { readonly kind: 'dn' }
    | { readonly kind: 'undecided' };
};

/** Lists the rule in force for every place, in the systems' order; also of a policy that `compilePolicy` refuses. */
export function viewPlan(policy: Policy, sources: readonly LiveSource[]): PlanLine[] {
  // What is wrong is `compilePolicy`'s to say.
  const problems = createProblems();
  const written = (name: string): SourcePolicy => policy.sources[name] ?? { include: [] };
  const tables = sources.flatMap((source) =>
    source.kind === 'ldap' ? [] : [{ source, tables: readTableRules(source, written(source.name), problems) }],
  );
  const references = createReferences(policy, tables);
  return sources.flatMap((source): PlanLine[] => {
    if (source.kind === 'ldap') return viewDirectory(source, written(source.name), references);
    const rules = tables.find((one) => one.source === source)?.tables;
    const ofTables = source.tables.flatMap((table): PlanLine[] => {
      const section = `${table.schema}.${table.name}`;
      const { rows = 'all', where } = rules?.get(table) ?? {};
      const chosen: PlanLine[] =
        rows === 'all' && where === undefined
          ? []
          : [{ source: source.name, section, name: '', decision: { kind: 'rows', rows, ...(where === undefined ? {} : { where }) } }];
      if (rows === 'none') return chosen;
      const columns = table.columns.map(({ name, sqlType }): PlanLine => {
        const found = problems.collect(section, () => references.ruleOf(source.name, table, name));
        return { source: source.name, section, name, sqlType, decision: found ? { kind: 'rule', ...found } : { kind: 'undecided' } };
      });
      return [...chosen, ...columns];
    });
    return [...ofTables, ...viewStructure(source, written(source.name))];
  });
}

/** Comments, default values and programs: they can hold personal data as rows do. */
function viewStructure(source: Exclude<LiveSource, { kind: 'ldap' }>, policy: SourcePolicy): PlanLine[] {
  return (source.definitions ?? []).map((definition) => {
    const decisions = decisionsOn(definition, policy);
    const [decision] = decisions.length === 1 ? decisions : [];
    return {
      source: source.name,
      section: 'structure',
      name: `${definition.kind} ${definition.name}`,
      digest: definition.digest,
      decision: decision === 'keep' ? { kind: 'rule', rule: 'keep', follows: false } : { kind: decision === 'drop' ? 'drop' : 'undecided' },
    };
  });
}

function viewDirectory(source: Extract<LiveSource, { kind: 'ldap' }>, policy: SourcePolicy, references: References): PlanLine[] {
  const levels: readonly SourcePolicy[] = [policy, ...(policy.included ?? [])];
  const problems = createProblems();
  const ruled = (rule: Rule): PlanLine['decision'] => {
    const resolved = problems.collect('', () => ({ rule: references.directoryRule(source.name, rule) }));
    if (!resolved) return { kind: 'undecided' };
    return resolved.rule === 'dn' ? { kind: 'dn' } : { kind: 'rule', rule: resolved.rule, follows: false };
  };
  const byDefaultOf = directoryDefaults(source);
  const decide = (attribute: string): PlanLine['decision'] => {
    for (const wanted of [attribute.toLowerCase(), canonicalType(attribute)]) {
      const same = (key: string): boolean => (key.includes(';') ? key.toLowerCase() : canonicalType(key)) === wanted;
      for (const { keep = [], drop = [], attributes = {} } of levels) {
        const rule = Object.entries(attributes).find(([key]) => same(key));
        if (rule) return ruled(rule[1]);
        if (keep.some(same)) return ruled('keep');
        if (drop.some(same)) return { kind: 'drop' };
      }
    }
    const byDefault = byDefaultOf.get(canonicalType(attribute));
    if (byDefault === undefined) return { kind: 'undecided' };
    return byDefault === 'keep' ? ruled('keep') : { kind: byDefault };
  };
  const lines = (section: string, rules: Readonly<Record<string, Rule>>): PlanLine[] =>
    Object.entries(rules).map(([name, rule]) => ({ source: source.name, section, name, decision: ruled(rule) }));
  return [
    ...source.attributes.map((name) => ({ source: source.name, section: 'attributes', name, decision: decide(name) })),
    ...levels.flatMap(({ filters = {} }) => Object.entries(filters).flatMap(([filter, rules]) => lines(`filter ${filter}`, rules))),
    ...levels.flatMap(({ classes = {} }) => Object.entries(classes).flatMap(([name, rules]) => lines(`class ${name}`, rules))),
    ...levels.flatMap(({ dn = {} }) => lines('dn', dn)),
    ...undecidedNames(source, policy).map(
      (name): PlanLine => ({ source: source.name, section: 'dn', name, decision: { kind: 'undecided' } }),
    ),
  ];
}
