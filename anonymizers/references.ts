import { canonicalJson, type JsonValue } from '../core/index.ts';
import { refuse } from './anonymizer.ts';
import type { LiveSource, LiveTable } from './api.ts';
import { canonicalType } from './dn.ts';
import { type Policy, type Rule, readRule } from './policy.ts';
import type { TableRules } from './table-rules.ts';

type SqlSource = Exclude<LiveSource, { kind: 'ldap' }>;

/** One source's tables with their rules. */
export type SourceRules = { readonly source: SqlSource; readonly tables: ReadonlyMap<LiveTable, TableRules> };

type Column = { readonly rules: SourceRules; readonly table: LiveTable; readonly name: string };

/** Says what decides a column in the end. Foreign keys and `same_as` are followed to where a rule stands. */
export type References = {
  /**
   * @returns undefined where nothing decides the column.
   * @throws DynDataError POLICY_INVALID for `same_as` that leads nowhere or round in a circle, and for a foreign key with a rule of its own.
   */
  ruleOf(source: string, table: LiveTable, column: string): { readonly rule: Rule; readonly follows: boolean } | undefined;
  /** What an attribute's rule stands for where it is `same_as`; any other rule is given back. @throws DynDataError POLICY_INVALID */
  directoryRule(source: string, rule: Rule): Rule;
};

export function createReferences(policy: Policy, all: readonly SourceRules[]): References {
  const ruleOf = (column: Column, from: readonly string[]): { rule: Rule; follows: boolean } | undefined => {
    const { rules, table, name } = column;
    const id = `${rules.source.name} ${table.schema}.${table.name}.${name}`;
    // Tables that refer to each other in a circle: whichever has a rule decides.
    if (from.includes(id)) return undefined;
    const own = rules.tables.get(table)?.rules.get(name);
    const given = own === undefined ? undefined : follow(own, rules.source.name, [...from, id]);
    let target: Rule | undefined;
    for (const parent of parentsOf(column)) {
      const found = ruleOf(parent, [...from, id])?.rule;
      if (found === undefined) continue;
      const what = `a foreign key to ${parent.table.name}.${parent.name}`;
      if (target !== undefined && !sameRule(target, found)) refuse(`it is ${what} and to another column, which have different rules`);
      target = found;
      if (given !== undefined && !sameRule(given, found) && readRule(given).name !== 'null') {
        refuse(`it is ${what}, which has another rule, so rows would lose each other; leave the rule out, the column follows by itself`);
      }
    }
    if (given !== undefined) return { rule: given, follows: false };
    return target === undefined ? undefined : { rule: target, follows: true };
  };

  /** The rule with every `same_as` inside it replaced: of a path of a document, of a branch of `when`. */
  const followInside = (part: unknown, sourceName: string, from: readonly string[]): unknown => {
    if (Array.isArray(part)) return part.map((item) => followInside(item, sourceName, from));
    if (typeof part !== 'object' || part === null) return part;
    const members = Object.entries(part);
    if (members.length === 1 && members[0]?.[0] === 'same_as') return follow(part as Rule, sourceName, from);
    return Object.fromEntries(members.map(([key, member]) => [key, followInside(member, sourceName, from)]));
  };
  const follow = (rule: Rule, sourceName: string, from: readonly string[]): Rule => {
    const { name, parameters } = readRule(rule);
    if (name !== 'same_as') return followInside(rule, sourceName, from) as Rule;
    if (typeof parameters !== 'string') return refuse('"same_as" takes a column, such as users.email or "mysql users.email"');
    const words = parameters.trim().split(/\s+/);
    const target = words.length > 1 ? words.slice(1).join(' ') : parameters.trim();
    const targetSource = words.length > 1 ? (words[0] as string) : sourceName;
    const directory = policy.sources[targetSource];
    const found = all.find(({ source }) => source.name === targetSource);
    if (!found) return followAttribute(directory, targetSource, target, from);
    const column = columnOf(found, target);
    if (!column) return refuse(`"same_as": there is no column ${target} in ${targetSource}`);
    const id = `${targetSource} ${column.table.schema}.${column.table.name}.${column.name}`;
    if (from.includes(id)) return refuse(`"same_as" leads back to where it stands`);
    return ruleOf(column, from)?.rule ?? refuse(`"same_as": ${target} is not decided itself`);
  };

  const followAttribute = (
    directory: Policy['sources'][string] | undefined,
    name: string,
    attribute: string,
    from: readonly string[],
  ): Rule => {
    if (!directory) return refuse(`"same_as": there is no source "${name}"`);
    const id = `${name} attribute ${canonicalType(attribute)}`;
    if (from.includes(id)) return refuse(`"same_as" leads back to where it stands`);
    const written = [directory, ...(directory.included ?? [])].flatMap(({ attributes = {}, keep = [] }) => [
      ...Object.entries(attributes),
      ...keep.map((kept): [string, Rule] => [kept, 'keep']),
    ]);
    const rule = written.find(([key]) => canonicalType(key) === canonicalType(attribute))?.[1];
    if (rule === undefined) return refuse(`"same_as": ${name} has no rule for the attribute ${attribute}`);
    return follow(rule, name, [...from, id]);
  };

  return {
    ruleOf: (source, table, name) => {
      const rules = all.find((one) => one.source.name === source);
      return rules && ruleOf({ rules, table, name }, []);
    },
    directoryRule: (source, rule) => follow(rule, source, []),
  };
}

/** What a column refers to by foreign keys, as far as it belongs to the source. */
function parentsOf({ rules, table, name }: Column): Column[] {
  return (table.foreignKeys ?? []).flatMap(({ columns, schema, table: targetName, targetColumns }) => {
    const target = rules.source.tables.find((other) => other.schema === schema && other.name === targetName);
    const targetColumn = targetColumns[columns.indexOf(name)];
    if (!target || targetColumn === undefined || (target === table && targetColumn === name)) return [];
    return [{ rules, table: target, name: targetColumn }];
  });
}

/** @param target `table.column` or `schema.table.column` */
function columnOf(rules: SourceRules, target: string): Column | undefined {
  for (const table of rules.source.tables) {
    for (const { name } of table.columns) {
      if (target === `${table.name}.${name}` || target === `${table.schema}.${table.name}.${name}`) return { rules, table, name };
    }
  }
  return undefined;
}

export function sameRule(a: Rule, b: Rule): boolean {
  const key = (rule: Rule): string => {
    const { name, parameters } = readRule(rule);
    return canonicalJson([name, parameters as JsonValue]);
  };
  return key(a) === key(b);
}
