import { isUtf8 } from 'node:buffer';
import * as z from 'zod/mini';
import { type Apply, defineAnonymizer, described, type LeafFacts, type Made, refuse, type Target, unmaskable } from '../anonymizer.ts';
import type { Value } from '../api.ts';
import { findUndecidedPaths } from '../json-inspect.ts';
import { addPath, createPathNode, createPathState, parseJsonPath } from '../json-paths.ts';
import { createJsonRewriter, type RewriteLeaf } from '../json-rewrite.ts';
import { JsonRefused } from '../json-text.ts';
import { createJsonVisitor } from '../json-visit.ts';
import { readRule, ruleSchema } from '../policy.ts';

type LeafRule = {
  readonly path: string;
  readonly key: LeafFacts;
  readonly apply: Apply;
  readonly keeps: boolean;
  readonly isKeyed: boolean;
  readonly leaks: Made['leaks'];
  readonly identify: Made['identify'];
  isMet: boolean;
};

const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

export const json = defineAnonymizer({
  name: 'json',
  summary:
    'Anonymizes inside a JSON value: every string, number and boolean in it must be decided by a rule for its path (`$.a.b`, `$.list[*].c`, `$.any.*`), or the build stops. Names of members are kept. A rule for a path may read other columns of the row.',
  types: ['json', 'text'],
  facts: {
    charset: 'utf8',
    length: 'checked',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'with-key',
    protects: 'What the rules for its paths protect.',
    leaves: 'Names of members, lengths of lists, and what the paths keep.',
    example: { parameters: { keep: ['$.theme'], paths: { '$.mail': 'email' } }, value: '{"theme":"dark","mail":"marie@acme.fr"}' },
  },
  parameters: z.strictObject({
    keep: described(z._default(z.array(z.string()), []), 'Paths whose values are kept, such as `$.theme` or `$.list[*].id`.'),
    paths: described(z._default(z.record(z.string(), ruleSchema), {}), 'A rule for each path. A path that stands nowhere stops the build.'),
    otherwise: described(z.optional(ruleSchema), 'The rule of a whole value that is no JSON; without one, such a value stops the build.'),
  }),
  create: ({ keep: kept, paths, otherwise: whole }, { target, inner }) => {
    const reads = new Set<string>();
    const addReads = (made: Made, place: string): void => {
      if (made.stage === 'after') refuse(`${place}: an anonymizer that is made of anonymized columns cannot stand inside JSON`);
      for (const column of made.reads ?? []) reads.add(column);
    };
    const otherwise = whole === undefined ? undefined : inner(whole, { ...target, unique: false });
    if (otherwise) addReads(otherwise, 'otherwise');
    if (otherwise?.keeps) refuse('"json" cannot keep what is no JSON: nobody has decided its parts');
    const rules = [...kept.map((path) => [path, 'keep'] as const), ...Object.entries(paths)];
    const root = createPathNode<LeafRule>();
    const keyed = new Map<string, string>();
    for (const [path, rule] of rules) {
      const steps = parseJsonPath(path);
      if (!steps) return refuse(`"json" cannot read the path ${path}; paths look like $.a.b, $.list[*].c, $.any.*, $['odd name']`);
      const leafTarget: Target = { ...leaf, place: `${target.place} ${path}`, sourceKind: target.sourceKind };
      const made = inner(rule, leafTarget);
      addReads(made, path);
      const isKeyed = made.deterministic === true;
      const leafRule = {
        path,
        key: { ...made, name: readRule(rule).name },
        apply: made.apply,
        keeps: made.keeps === true,
        isKeyed,
        leaks: made.leaks,
        identify: made.identify,
        isMet: false,
      };
      if (!addPath(root, steps, leafRule)) refuse(`"json" decides ${path} twice`);
      if (isKeyed) keyed.set(path, readRule(rule).name);
    }

    let row: readonly Value[] = [];
    const rewriteLeaf: RewriteLeaf<LeafRule> = (rule, value, isString, out) => {
      const result = rule.apply(value, row);
      if (result === null) return out.text('null');
      if (isString) return out.string(result);
      // What was a number or a boolean stays one where the replacement is one.
      const replaced = textOf(result);
      const bare = numberPattern.test(replaced) || replaced === 'true' || replaced === 'false';
      return out.text(bare ? replaced : JSON.stringify(replaced));
    };

    const ofNoDocument: Apply = (value, others) => {
      if (otherwise) return otherwise.apply(value, others);
      throw invalid(target.place);
    };
    const states = createPathState([root]);
    // Asked of every leaf that is no null.
    const meet = (rule: LeafRule): boolean => {
      rule.isMet = true;
      return rule.keeps;
    };
    const rewrite = createJsonRewriter(states, meet, rewriteLeaf);
    const visit = createJsonVisitor(states, ({ leaks }) => leaks?.observe !== undefined);
    const isKnown = ({ identify }: LeafRule): boolean => identify !== undefined;
    const visitKnown = createJsonVisitor(states, isKnown);
    const visitKeyed = createJsonVisitor(states, ({ isKeyed }) => isKeyed);

    return {
      unique: false,
      // Checked on every value: how long the leaves are together is not known before.
      longest: 'input',
      ...(reads.size === 0 ? {} : { stage: 'before' as const, reads: [...reads] }),
      ...(otherwise ? { deterministic: otherwise.deterministic === true } : {}),
      observe: (value, watch, row) => {
        if (otherwise?.leaks?.observe && !isDocument(value)) return otherwise.leaks.observe(value, watch, row);
        if (!isUtf8(value)) return;
        visit(value, ({ leaks }, bytes, start, end) => {
          if (leaks?.whole !== undefined) watch(leaks.whole, bytes, start, end);
          else leaks?.observe?.(bytes.subarray(start, end), watch, row);
        });
      },
      without(written, form) {
        if (!isUtf8(written)) return undefined;
        const isOther = ({ leaks }: LeafRule): boolean => leaks?.produces.has(form) !== true;
        const emptied = createJsonRewriter<LeafRule>(states, isOther, ({ leaks }, value, isString, out) => {
          const others = isString ? leaks?.without?.(value, form) : undefined;
          if (others) out.string(others);
          else out.text('null');
        });
        try {
          return emptied(written);
        } catch (error) {
          if (!(error instanceof JsonRefused)) throw error;
          // What is no document is all of the other rule's making.
          return otherwise?.leaks?.produces.has(form) ? nothing : undefined;
        }
      },
      ...(states.rules.some(isKnown)
        ? {
            identify: (value, others, sink) => {
              if (!isUtf8(value)) return;
              visitKnown(value, ({ identify }, bytes, start, end) => identify?.(bytes.subarray(start, end), others, sink.apart));
            },
          }
        : {}),
      ...(keyed.size === 0
        ? {}
        : {
            keyedLeaves: {
              rules: keyed,
              visit: (value, see) => {
                if (isUtf8(value)) visitKeyed(value, ({ path }, bytes, start, end) => see(path, bytes.subarray(start, end)));
              },
            },
          }),
      leafAt: (path) => {
        let state: typeof states | undefined = states;
        for (const step of parseJsonPath(path) ?? []) state = step.kind === 'key' ? state?.member(step.key) : undefined;
        return state?.rule?.key;
      },
      metPaths: () => new Map(states.rules.map(({ path, isMet }) => [path, isMet])),
      undecidedPaths: (value) => findUndecidedPaths(states, value),
      apply: (value, others) => {
        if (!isUtf8(value)) return ofNoDocument(value, others);
        row = others;
        let result: Uint8Array;
        try {
          result = rewrite(value);
        } catch (error) {
          if (!(error instanceof JsonRefused)) throw error;
          if (error.reason === 'invalid') return ofNoDocument(value, others);
          throw unmaskable(
            `${target.place} ${error.path}`,
            'a JSON path that the policy does not decide',
            'Add it to the "json" rule of this column, under "keep" or under "paths".',
          );
        }
        if (target.maxLength !== undefined && result.length > target.maxLength && [...textOf(result)].length > target.maxLength) {
          throw unmaskable(
            target.place,
            'a JSON value that does not fit the column any more after anonymizing',
            'Give its longest paths a shorter replacement, such as "null" or "constant".',
          );
        }
        return result;
      },
    };
  },
});

/** Where a document would be rewritten, and not replaced as a whole. */
function isDocument(value: Uint8Array): boolean {
  try {
    JSON.parse(textOf(value));
    return isUtf8(value);
  } catch {
    return false;
  }
}

const nothing = new Uint8Array(0);

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

const leaf = { type: 'text', sqlType: 'JSON value', nullable: true, unique: false } as const;

function invalid(place: string): Error {
  return unmaskable(
    place,
    'a value that is not valid JSON, so its parts cannot be decided',
    'Correct the row at the source, or say in the policy what stands for such a value: "otherwise" of the column\'s "json" rule, such as null or text.',
  );
}
