import type { LiveSource, LiveTable } from './api.ts';
import { isPattern, matchesPattern } from './patterns.ts';
import { type Rule, readRule, type SourcePolicy, type TablePolicy } from './policy.ts';
import type { Problems } from './rule-maker.ts';

type SqlSource = Exclude<LiveSource, { kind: 'ldap' }>;

/** What a policy, with what it includes, says of one table. */
export type TableRules = {
  /** The key under which a patch would name it. */
  readonly key: string;
  /** False where the policy does not know the table at all. */
  readonly named: boolean;
  readonly rows: NonNullable<TablePolicy['rows']>;
  readonly where: string | undefined;
  readonly follows: readonly string[];
  readonly reference: boolean;
  readonly lowCardinality: Readonly<Record<string, string>>;
  /** By column; none for a column that nothing decides, or that is a foreign key and decided by its target. */
  readonly rules: Map<string, Rule>;
};

/** The rules of all tables of a source. What names nothing, or twice, is a problem; what is included may name what the system has not. */
export function readTableRules(source: SqlSource, policy: SourcePolicy, problems: Problems): Map<LiveTable, TableRules> {
  const written = policy.tables ?? {};
  const named = new Map(source.tables.map((table) => [table, keysOf(table, source, written, problems)]));
  const used = new Set([...named.values()].flat());
  for (const key of Object.keys(written)) {
    if (!used.has(key) && !isPattern(key)) problems.invalid.push(`${source.name} ${key}: there is no such table`);
  }
  const missing = new Map<string, Set<string>>();
  const found = new Map<LiveTable, TableRules>();
  for (const table of source.tables) {
    const [key] = named.get(table) ?? [];
    const own = key === undefined ? undefined : written[key];
    const included = (policy.included ?? []).flatMap(({ tables = {} }) => entryOf(table, tables) ?? []);
    const levels = own ? [own, ...included] : included;
    const place = `${source.name} ${table.schema}.${table.name}`;
    const rules = new Map<string, Rule>();
    for (const level of levels) {
      const gone = addLevel(level, table, rules, level === own ? place : undefined, problems);
      if (level !== own || key === undefined) continue;
      if (!isPattern(key)) for (const name of gone) problems.invalid.push(noColumn(`${place}.${name}`));
      else {
        const before = missing.get(key);
        missing.set(key, new Set(before ? gone.filter((name) => before.has(name)) : gone));
      }
    }
    found.set(table, {
      key: key !== undefined && !isPattern(key) ? key : isAmbiguous(table, source) ? `${table.schema}.${table.name}` : table.name,
      named: levels.length > 0,
      rows: levels.find(({ rows }) => rows !== undefined)?.rows ?? 'all',
      where: levels.find(({ where }) => where !== undefined)?.where,
      follows: levels.flatMap(({ follows }) => follows),
      reference: levels.find(({ reference }) => reference !== undefined)?.reference ?? false,
      lowCardinality: Object.assign({}, ...levels.map(({ low_cardinality }) => low_cardinality).reverse()),
      rules,
    });
  }
  for (const [key, names] of missing) for (const name of names) problems.invalid.push(noColumn(`${source.name} ${key}.${name}`));
  return found;
}

function noColumn(place: string): string {
  return `${place}: there is no such column; a generated one needs no rule`;
}

const anyName = /^\*+$/;

/** Adds what one level decides and an earlier one has not; exact names before patterns. @returns names of no column */
function addLevel(level: TablePolicy, table: LiveTable, rules: Map<string, Rule>, place: string | undefined, problems: Problems): string[] {
  const written = [...level.keep.map((name) => [name, 'keep'] as const), ...Object.entries(level.columns)];
  const exact = new Map<string, Rule>();
  for (const [name, rule] of written) {
    if (place !== undefined && anyName.test(name) && readRule(rule).name === 'keep') {
      problems.invalid.push(
        `${place}.*: "keep" for any column would keep columns that nobody has seen yet; name them, or a part of their names`,
      );
    }
    if (isPattern(name)) continue;
    if (exact.has(name) && place !== undefined) problems.invalid.push(`${place}.${name}: is decided twice`);
    else exact.set(name, rule);
  }
  for (const { name } of table.columns) {
    if (rules.has(name)) continue;
    const rule = exact.get(name) ?? (exact.has(name) ? null : written.find(([key]) => isPattern(key) && matchesPattern(key, name))?.[1]);
    if (rule !== undefined) rules.set(name, rule);
  }
  const columns = new Set(table.columns.map(({ name }) => name));
  return [...exact.keys()].filter((name) => !columns.has(name));
}

/** The keys under which the policy names a table: none, or one. A pattern counts only where no name stands. */
function keysOf(table: LiveTable, source: SqlSource, written: Readonly<Record<string, TablePolicy>>, problems: Problems): string[] {
  const keys = [`${table.schema}.${table.name}`, table.name].filter((key) => Object.hasOwn(written, key));
  if (keys.length === 2) problems.invalid.push(`${source.name} ${table.name}: is named twice, with its schema and without`);
  if (keys.includes(table.name) && isAmbiguous(table, source)) {
    problems.invalid.push(`${source.name} ${table.name}: more than one schema has this table; write ${table.schema}.${table.name}`);
  }
  return keys.length > 0
    ? keys
    : Object.keys(written)
        .filter((key) => isPattern(key) && namesTable(key, table))
        .slice(0, 1);
}

function entryOf(table: LiveTable, written: Readonly<Record<string, TablePolicy>>): TablePolicy | undefined {
  const key = Object.keys(written).find((name) => !isPattern(name) && namesTable(name, table));
  return written[key ?? Object.keys(written).find((name) => namesTable(name, table)) ?? ''];
}

function namesTable(key: string, table: LiveTable): boolean {
  return matchesPattern(key, table.name) || matchesPattern(key, `${table.schema}.${table.name}`);
}

function isAmbiguous(table: LiveTable, source: SqlSource): boolean {
  return source.tables.some((other) => other !== table && other.name === table.name);
}
