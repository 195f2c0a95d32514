import { DynDataError } from '../core/index.ts';
import type { Apply, Made, Target } from './anonymizer.ts';
import { refuse } from './anonymizer.ts';
import type { LiveColumn, LiveSource, LiveTable, TablePlan } from './api.ts';
import type { Rule, TablePolicy } from './policy.ts';
import type { MakeRule, Problems } from './rule-maker.ts';

type SqlSource = Exclude<LiveSource, { kind: 'ldap' }>;

/** What a table's plan is compiled with; `undecided` collects the columns without a rule. */
export type TableContext = {
  readonly source: SqlSource;
  readonly make: MakeRule;
  readonly problems: Problems;
  undecided(table: LiveTable, column: LiveColumn): void;
};

/** The plan of one table; undefined where something is wrong with it, which is then among the problems. */
export function compileTable(table: LiveTable, policy: TablePolicy | undefined, context: TableContext): TablePlan | undefined {
  if (policy?.rows === 'none') return emptyPlan(table, policy);
  const place = placeOf(context.source, table);
  const rules = readRules(table, policy, place, context.problems);
  const made = table.columns.map((column) => {
    const rule = rules.get(column.name);
    if (rule !== undefined) return context.problems.collect(`${place}.${column.name}`, () => makeColumn(rule, column, table, context));
    context.undecided(table, column);
    return undefined;
  });
  if (!policy || !made.every((one) => one !== undefined)) return undefined;
  checkReads(table, made, place, context.problems);
  return {
    rows: 'all',
    reference: policy.reference,
    kept: made.map(({ keeps }) => keeps === true),
    transform: createTransform(made),
  };
}

export function placeOf(source: { readonly name: string }, table: LiveTable): string {
  return `${source.name} ${table.schema}.${table.name}`;
}

export function targetOf(source: SqlSource, table: LiveTable, { name, ...facts }: LiveColumn): Target {
  return { ...facts, place: `${placeOf(source, table)}.${name}`, sourceKind: source.kind };
}

/** The columns' rules; a rule for no column, and a second one for the same, are problems. */
function readRules(table: LiveTable, policy: TablePolicy | undefined, place: string, problems: Problems): Map<string, Rule> {
  const rules = new Map<string, Rule>();
  const columns = new Set(table.columns.map(({ name }) => name));
  const written = [...(policy?.keep ?? []).map((name) => [name, 'keep'] as const), ...Object.entries(policy?.columns ?? {})];
  for (const [name, rule] of written) {
    if (!columns.has(name)) problems.invalid.push(`${place}.${name}: there is no such column; a generated one needs no rule`);
    else if (rules.has(name)) problems.invalid.push(`${place}.${name}: is decided twice`);
    else rules.set(name, rule);
  }
  return rules;
}

function makeColumn(rule: Rule, column: LiveColumn, table: LiveTable, { source, make }: TableContext): Made {
  return make(rule, targetOf(source, table, column), (name) => {
    const index = table.columns.findIndex((candidate) => candidate.name === name);
    if (index < 0) refuse(`the table has no column "${name}"`);
    return { index, maxLength: table.columns[index]?.maxLength };
  });
}

/** Columns of one stage do not read each other: which is replaced first would decide what the other one sees. */
function checkReads(table: LiveTable, made: readonly Made[], place: string, problems: Problems): void {
  for (const [index, { stage, reads = [] }] of made.entries()) {
    for (const read of reads) {
      const other = made[table.columns.findIndex(({ name }) => name === read)];
      if (other?.stage !== undefined && other.stage === stage) {
        problems.invalid.push(`${place}.${table.columns[index]?.name}: reads "${read}", which itself is made of other columns`);
      }
    }
  }
}

function createTransform(made: readonly Made[]): TablePlan['transform'] {
  const order = ['before', undefined, 'after'] as const;
  const steps = order.flatMap((stage) =>
    made.flatMap((one, index) => (one.keeps === true || one.stage !== stage ? [] : [{ index, apply: one.apply }])),
  );
  const indexes = steps.map(({ index }) => index);
  const applies: readonly Apply[] = steps.map(({ apply }) => apply);
  return (row) => {
    for (let step = 0; step < indexes.length; step++) {
      const index = indexes[step] as number;
      const value = row[index];
      if (value !== null && value !== undefined) row[index] = (applies[step] as Apply)(value, row);
    }
  };
}

function emptyPlan(table: LiveTable, policy: TablePolicy): TablePlan {
  return {
    rows: 'none',
    reference: policy.reference,
    kept: table.columns.map(() => false),
    transform: () => {
      throw new DynDataError(
        'INTERNAL',
        `A row of ${table.schema}.${table.name} was read, which the policy carries empty. Please report it.`,
      );
    },
  };
}
