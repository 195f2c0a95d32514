import * as z from 'zod/mini';
import { issueLines } from '../core/index.ts';
import { type Made, refuse, type Target, type Tools } from './anonymizer.ts';
import type { Value } from './api.ts';
import { allMetPaths } from './json-paths.ts';
import { type Rule, readRule, ruleSchema } from './policy.ts';
import { sameBytes } from './pseudonym-bytes.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
/** Not written as properties: an object that has a `then` passes for a promise. */
const branchNames = ['then', 'else'] as const;
const branchRules = Object.fromEntries(branchNames.map((name) => [name, ruleSchema])) as Record<
  (typeof branchNames)[number],
  typeof ruleSchema
>;
const parameters = z.strictObject({
  column: z.string(),
  /** Values as the server writes them; null for NULL. */
  is: z.union([scalar, z.array(scalar)]),
  ...branchRules,
});

/**
 * `{when: {column: kind, is: [company], then: company-name, else: full-name}}`: one of two rules, by the real value of another column.
 * @throws DynDataError POLICY_INVALID
 */
export function makeConditional(raw: unknown, target: Target, sibling: Tools['sibling'], make: (rule: Rule, target: Target) => Made): Made {
  const parsed = parameters.safeParse(raw);
  if (!parsed.success) return refuse(`"when" has wrong parameters: ${issueLines(parsed.error).join('; ')}`);
  const { column, is, then, else: otherwise } = parsed.data;
  const { index } = sibling(column);
  const wanted = (Array.isArray(is) ? is : [is]).filter((value) => value !== null).map((value) => Buffer.from(String(value)));
  const wantsNull = (Array.isArray(is) ? is : [is]).includes(null);
  // Either may stand on a unique column, and both together give one result twice.
  const branches = [then, otherwise].map((rule) => make(rule, { ...target, unique: false }));
  const [first, second] = branches as [Made, Made];
  const stages = new Set(branches.flatMap(({ stage }) => stage ?? []));
  if (stages.size > 1) refuse('"when" chooses between a rule that reads real values and one that reads anonymized ones');
  const isAfter = stages.has('after');
  const chosen = (row: readonly Value[]): Made => {
    const decider = row[index];
    let matches = wantsNull && (decider === null || decider === undefined);
    if (decider)
      for (let at = 0; at < wanted.length && !matches; at++) matches = sameBytes(wanted[at] as Uint8Array, decider, decider.length);
    return matches ? first : second;
  };
  const nulls = branches.flatMap(({ makesNull }) => makesNull ?? []);
  const foldings = branches.flatMap(({ folds }) => folds ?? []);
  const folding = foldings.includes('signs') ? 'signs' : foldings[0];
  const documents = branches.flatMap(({ metPaths }) => metPaths ?? []);
  const isNothing = (rule: Rule): boolean => readRule(rule).name === 'null';
  return {
    unique: (first.unique && isNothing(otherwise)) || (second.unique && isNothing(then)),
    // Which of both a value gets is not known without its row.
    ...(folding ? { folds: folding } : {}),
    ...(nulls.length === 0 ? {} : { makesNull: nulls.length === 2 && !nulls.includes('some') ? ('every' as const) : ('some' as const) }),
    caseTells: branches.some(({ caseTells }) => caseTells === true),
    deterministic: branches.some(({ deterministic }) => deterministic === true),
    longest: first.longest === 'input' || second.longest === 'input' ? 'input' : Math.max(first.longest, second.longest),
    ...(documents.length === 0 ? {} : { metPaths: () => allMetPaths(documents) }),
    stage: isAfter ? 'after' : 'before',
    reads: [...branches.flatMap(({ reads = [] }) => reads), ...(isAfter ? [] : [column])],
    readsReal: [column, ...branches.flatMap(({ readsReal = [] }) => readsReal)],
    apply: (value, row) => chosen(row).apply(value, row),
    observe: (value, watch, row) => chosen(row).leaks?.observe?.(value, watch, row),
    observeReads: [index],
    identify: (value, row, sink) => chosen(row).identify?.(value, row, sink),
  };
}
