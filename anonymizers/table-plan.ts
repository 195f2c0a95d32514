import { DynDataError } from '../core/index.ts';
import type { Apply, Made, Target } from './anonymizer.ts';
import { refuse } from './anonymizer.ts';
import type { LiveColumn, LiveSource, LiveTable, Survey, TablePlan, Value } from './api.ts';
import { checkLetters } from './charset.ts';
import { otherSpellings } from './foreign-keys.ts';
import { type Rule, readRule } from './policy.ts';
import { createRowIdentities } from './prose/identity-rules.ts';
import { rememberRecent } from './recent-values.ts';
import type { MakeRule, Problems } from './rule-maker.ts';
import { suggestPathRule } from './suggestions.ts';
import { leavesExcept } from './surveys.ts';
import type { TableRules } from './table-rules.ts';
import { alikeValues, checkUniqueKeys } from './unique-keys.ts';

type SqlSource = Exclude<LiveSource, { kind: 'ldap' }>;

/** What a table's plan is compiled with; `undecided` collects the columns without a rule. */
export type TableContext = {
  readonly source: SqlSource;
  readonly make: MakeRule;
  readonly problems: Problems;
  /** The rule of a column; `follows` where its foreign key's target decided. @throws DynDataError POLICY_INVALID */
  ruleOf(column: LiveColumn): { readonly rule: Rule; readonly follows: boolean } | undefined;
  rowChoice(): ((row: readonly Value[]) => boolean) | undefined;
  undecided(column: LiveColumn): void;
};

export type CompiledTable = { readonly plan: TablePlan; readonly surveys: readonly Survey[] };

/** The plan of one table; undefined where something is wrong with it, which is then among the problems. */
export function compileTable(table: LiveTable, rules: TableRules, context: TableContext): CompiledTable | undefined {
  if (rules.rows === 'none') return { plan: emptyPlan(table, rules), surveys: [] };
  const { source, problems } = context;
  const place = placeOf(source, table);
  const surveys: Survey[] = [];
  const siblings = new Set<number>();
  const made = table.columns.map((column) => {
    const at = `${place}.${column.name}`;
    return problems.collect(at, () => {
      const found = context.ruleOf(column);
      if (found === undefined) {
        context.undecided(column);
        return undefined;
      }
      const one = makeColumn(found.rule, column, table, context, siblings);
      const isForeign = table.foreignKeys?.some(({ columns }) => columns.includes(column.name)) === true;
      if (found.follows && one.stage !== undefined)
        refuse('it follows a column whose rule reads other columns, which are not here; write a rule that does not');
      const { name } = readRule(found.rule);
      const about = { source: source.name, schema: table.schema, table: table.name, column: column.name, place: at, tableKey: rules.key };
      const suggestFor = (path: string): Rule => suggestPathRule(path, context.make);
      const isWatched = one.deterministic === true && !column.unique && !isForeign && !Object.hasOwn(rules.lowCardinality, column.name);
      const { undecidedPaths } = one;
      const keyedLeaves = leavesExcept(one.keyedLeaves, (path) => Object.hasOwn(rules.lowCardinality, `${column.name} ${path}`));
      if (isWatched || undecidedPaths) {
        surveys.push({
          ...about,
          suggestFor,
          ...(undecidedPaths ? { undecidedPaths } : {}),
          ...(keyedLeaves ? { keyedLeaves } : {}),
          ...(isWatched ? { fewValuesRefused: name } : {}),
        });
      }
      if (!isForeign) for (const alike of alikeValues(name, one, column, table)) surveys.push({ ...about, suggestFor, alike });
      for (const spellings of otherSpellings(name, one, column, table, source))
        surveys.push({ ...about, suggestFor, otherSpellings: spellings });
      return one;
    });
  });
  // A key with a NULL in it refers to nothing.
  const makesNull = (name: string): boolean => made[table.columns.findIndex((column) => column.name === name)]?.makesNull === 'every';
  const asked = surveys.filter((survey) => survey.otherSpellings?.foreignKey.columns.some(makesNull) !== true);
  const takes = problems.collect(place, context.rowChoice);
  for (const name of Object.keys(rules.lowCardinality)) {
    const isPath = ({ name: column }: LiveColumn, at: number): boolean =>
      [...(made[at]?.keyedLeaves?.rules.keys() ?? [])].some((path) => name === `${column} ${path}`);
    if (table.columns.some((column, at) => column.name === name || isPath(column, at))) continue;
    problems.invalid.push(`${place}.${name}: low_cardinality names no ${name.includes(' $') ? 'path with a keyed rule' : 'column'}`);
  }
  if (!rules.named || !made.every((one) => one !== undefined)) return undefined;
  checkReads(table, made, place, problems);
  checkUniqueKeys(table, made, place, problems);
  const before = readersFirst(table, made);
  if (!before) {
    problems.invalid.push(`${place}: columns that are made of the real values of others read each other in a circle`);
    return undefined;
  }
  const identities = createRowIdentities(
    made.map(({ identify }) => identify),
    made.map(({ reads: names = [] }) => names.map((name) => table.columns.findIndex((column) => column.name === name))),
  );
  const documents = table.columns.flatMap(({ name }, index) => {
    const metPaths = made[index]?.metPaths;
    return metPaths ? [{ column: name, metPaths }] : [];
  });
  return {
    surveys: asked,
    plan: {
      rows: 'all',
      ...(rules.where === undefined ? {} : { where: rules.where }),
      ...(takes ? { takes } : {}),
      reference: rules.reference,
      kept: made.map(({ keeps }) => keeps === true),
      reads: made.map(({ keeps }, index) => keeps !== true || siblings.has(index)),
      inOrder: made.some(({ inOrder }) => inOrder === true),
      leaks: made.map(({ leaks }) => leaks),
      ...(identities ? { identities } : {}),
      ...(documents.length > 0 ? { documents } : {}),
      transform: createTransform(made, before, (index) => table.columns[index]?.unique === true),
    },
  };
}

export function placeOf(source: { readonly name: string }, table: LiveTable): string {
  return `${source.name} ${table.schema}.${table.name}`;
}

export function targetOf(source: SqlSource, table: LiveTable, { name, ...facts }: LiveColumn): Target {
  return { ...facts, place: `${placeOf(source, table)}.${name}`, sourceKind: source.kind };
}

/** @param siblings takes the places of the other columns that the rule reads */
function makeColumn(rule: Rule, column: LiveColumn, table: LiveTable, { source, make }: TableContext, siblings: Set<number>): Made {
  return make(rule, targetOf(source, table, column), (name) => {
    const index = table.columns.findIndex((candidate) => candidate.name === name);
    if (index < 0) refuse(`the table has no column "${name}"`);
    siblings.add(index);
    return { index, maxLength: table.columns[index]?.maxLength };
  });
}

/** Templates do not read each other, and of columns that read real values each comes before those that it reads. */
function checkReads(table: LiveTable, made: readonly Made[], place: string, problems: Problems): void {
  const otherOf = (name: string): Made | undefined => made[table.columns.findIndex((column) => column.name === name)];
  for (const [index, { stage, reads = [], readsReal = [] }] of made.entries()) {
    const at = `${place}.${table.columns[index]?.name}`;
    for (const read of reads) {
      const other = otherOf(read);
      if (stage === 'after' && other?.stage === 'after') {
        problems.invalid.push(`${at}: reads "${read}", which itself is made of other columns`);
      }
      if (stage === 'after') problems.collect(at, () => checkLetters(read, other?.letters ?? 'utf8', table.columns[index] as LiveColumn));
    }
    for (const read of stage === 'after' ? readsReal : []) {
      if (otherOf(read)?.keeps !== true)
        problems.invalid.push(`${at}: depends on the real "${read}" when it is already replaced; keep "${read}"`);
    }
  }
}

/** Of the columns that read real values, those that are read last come last; undefined where they read each other in a circle. */
function readersFirst(table: LiveTable, made: readonly Made[]): number[] | undefined {
  const left = new Map(made.flatMap((one, index) => (one.stage === 'before' ? [[index, new Set(one.reads)] as const] : [])));
  const ordered: number[] = [];
  while (left.size > 0) {
    const next = [...left.keys()].find((index) => {
      const name = table.columns[index]?.name ?? '';
      return ![...left].some(([other, reads]) => other !== index && reads.has(name));
    });
    if (next === undefined) return undefined;
    ordered.push(next);
    left.delete(next);
  }
  return ordered;
}

function createTransform(made: readonly Made[], before: readonly number[], isUnique: (index: number) => boolean): TablePlan['transform'] {
  const ofStage = (stage: Made['stage']): number[] =>
    made.flatMap((one, index) => (one.keeps === true || one.stage !== stage ? [] : [index]));
  const indexes = [...before, ...ofStage(undefined), ...ofStage('after')];
  const applies: readonly Apply[] = indexes.map((index) => {
    const { apply, deterministic, stage, inOrder } = made[index] as Made;
    const isOfValueAlone = deterministic === true && stage === undefined && inOrder !== true;
    return isOfValueAlone && !isUnique(index) ? rememberRecent(apply) : apply;
  });
  return (row) => {
    for (let step = 0; step < indexes.length; step++) {
      const index = indexes[step] as number;
      const value = row[index];
      if (value !== null && value !== undefined) row[index] = (applies[step] as Apply)(value, row);
    }
  };
}

function emptyPlan(table: LiveTable, rules: TableRules): TablePlan {
  return {
    rows: 'none',
    reference: rules.reference,
    kept: table.columns.map(() => false),
    reads: table.columns.map(() => false),
    inOrder: false,
    leaks: [],
    transform: () => {
      throw new DynDataError(
        'INTERNAL',
        `A row of ${table.schema}.${table.name} was read, which the policy carries empty. Please report it.`,
      );
    },
  };
}
