import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addPath, createPathNode, createPathState, parseJsonPath } from '../../anonymizers/json-paths.ts';
import { createJsonVisitor } from '../../anonymizers/json-visit.ts';
import { times } from '../support/many-times.ts';

type Rule = { readonly path: string; readonly isWanted: boolean };

const rules: readonly Rule[] = [
  { path: '$.mail', isWanted: true },
  { path: '$.kept', isWanted: false },
  { path: '$.list[*].mail', isWanted: true },
  { path: '$.list[*].*', isWanted: false },
  { path: '$.deep.*', isWanted: true },
  { path: '$.deep.kept', isWanted: false },
  { path: '$.deep.list[*]', isWanted: true },
];

const visitorOf = (decided: readonly Rule[]) => {
  const root = createPathNode<Rule>();
  for (const rule of decided) addPath(root, parseJsonPath(rule.path) ?? [], rule);
  return createJsonVisitor(createPathState([root]), ({ isWanted }) => isWanted);
};

const visited = (text: string, decided = rules): string[] => {
  const found: string[] = [];
  const bytes = Buffer.from(text);
  visitorOf(decided)(bytes, ({ path }, leaf, start, end) => found.push(`${path} ${Buffer.from(leaf.slice(start, end)).toString()}`));
  return found;
};

/** The same, slowly and by other means. */
function wantedLeaves(value: unknown, path = '$'): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => wantedLeaves(item, `${path}[*]`));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, member]) => wantedLeaves(member, `${path}.${key}`));
  }
  if (value === null) return [];
  const anyMember = path.replace(/\.[^.[]*$/, '.*');
  const rule = rules.find((each) => each.path === path) ?? rules.find((each) => each.path === anyMember);
  return rule?.isWanted ? [`${rule.path} ${String(value)}`] : [];
}

describe('the leaves of a JSON text that are wanted', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('{', '}"', '[\\', ',', '":', ''),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const names = fc.constantFrom('mail', 'kept', 'list', 'deep', 'other', 'a b');
  const { document } = fc.letrec<{ document: unknown; value: unknown }>((tie) => ({
    document: fc.dictionary(names, tie('value'), { maxKeys: 6 }),
    value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 4 }), tie('document')),
  }));

  it('are the same that a slow walk finds, whatever is passed over between them', () => {
    fc.assert(
      fc.property(document, fc.constantFrom(undefined, 1), (made, indent) => {
        expect(visited(JSON.stringify(made, null, indent))).toEqual(wantedLeaves(made));
      }),
      { numRuns: times(400, 2_000) },
    );
  });

  it('are told up to where the text is no JSON, and nothing is thrown', () => {
    fc.assert(
      fc.property(document, fc.nat(200), fc.string(), (made, cut, rest) => {
        const text = JSON.stringify(made);
        expect(() => visited(text.slice(0, cut) + rest)).not.toThrow();
      }),
      { numRuns: times(400, 2_000) },
    );
    expect(visited('{"mail":"a","other":{"x":[1,{"y":"}')).toEqual(['$.mail a']);
    expect(visited('{"other":7')).toEqual([]);
    expect(visited('{"other":[}],"mail":"a"}')).toEqual([]);
  });
});
