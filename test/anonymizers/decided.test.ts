import { describe, expect, test } from 'vitest';
import type { LiveDefinition } from '../../anonymizers/api.ts';
import { countLeaves, type Policy, parsePolicy, reportSurveys, type SurveyAnswer, viewPlan } from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';
import { column, compile, refusal, shop } from './live.ts';

const definition = (kind: LiveDefinition['kind'], name: string, facts: Partial<LiveDefinition> = {}): LiveDefinition => ({
  kind,
  name,
  digest: '0123456789ab',
  droppable: true,
  ...facts,
});
const definitions = [
  definition('comment', 'shop.users'),
  definition('comment', 'shop.users.id'),
  definition('default', 'shop.users.locale', { droppable: false }),
  definition('view', 'shop.active'),
  definition('routine', 'shop.price', { droppable: false }),
];
const source = shop({ users: [column('id')] }, { definitions });
const text = (more = ''): string => `sources: {mysql: {tables: {users: {keep: [id]}}${more}}}`;

describe('texts of the structure', () => {
  test('are undecided until the policy says what happens to them, and the patch decides them', () => {
    const error = refusal(text(), source);
    expect(error.code).toBe('POLICY_UNDECIDED');
    expect(error.details.slice(0, 4)).toEqual([
      'mysql comments (2, one on shop.users)',
      'mysql default of shop.users.locale',
      'mysql view shop.active (digest 0123456789ab)',
      'mysql routine shop.price (digest 0123456789ab)',
    ]);
    const patch = parsePolicy(`version: 1\n${error.details.slice(error.details.indexOf('sources:')).join('\n')}`, 'patch').sources.mysql;
    expect(patch).toEqual({
      comments: 'drop',
      defaults: { keep: ['users.locale'] },
      programs: { keep: ['active@0123456789ab', 'price@0123456789ab'], drop: [] },
    } satisfies Policy['sources'][string]);
    const decided = ', comments: drop, defaults: {keep: [users.locale]}, programs: {keep: [active@0123456789ab, price@0123456789ab]}';
    expect(compile(text(decided), source).definitions('mysql').comments).toBe('drop');
  });

  test('that were looked at and are another one now are undecided again', () => {
    const decided = text(', comments: keep, defaults: {keep: ["*"]}, programs: {keep: [active@ffffffffffff, "shop.pr*"]}');
    expect(refusal(decided, source).details[0]).toBe('mysql view shop.active (digest 0123456789ab)');
  });

  test('are part of the plan', () => {
    const policy = parsePolicy(
      `version: 1\n${text(', comments: drop, programs: {keep: ["*"], drop: [active@000000000000, price]}')}`,
      'test.yaml',
    );
    const structure = viewPlan(policy, [source]).filter(({ section }) => section === 'structure');
    expect(structure.map(({ name, decision }) => `${name}: ${decision.kind}`)).toEqual([
      'comment shop.users: drop',
      'comment shop.users.id: drop',
      'default shop.users.locale: undecided',
      'view shop.active: rule',
      'routine shop.price: undecided',
    ]);
  });

  test('that others need go with them or not at all', () => {
    const needed = shop(
      { users: [column('id')] },
      { definitions: [definition('routine', 'shop.stamp()', { neededBy: ['shop.users.t'] }), definition('trigger', 'shop.users.t')] },
    );
    const policy = (programs: string): string => text(`, programs: {${programs}}`);
    expect(refusal(policy('drop: [stamp()], keep: [users.t]'), needed).details).toEqual([
      'mysql routine shop.stamp(): shop.users.t needs it, and is not dropped; drop that too, or keep this one',
    ]);
    expect(compile(policy('drop: [stamp(), users.t]'), needed).definitions('mysql').drops('shop.users.t')).toBe(true);
  });

  test('are left out where the builder can', () => {
    const dropped = (programs: string): string => text(`, comments: keep, defaults: {keep: [users.locale]}, programs: {${programs}}`);
    const plan = compile(dropped('keep: [price], drop: [active]'), source).definitions('mysql');
    expect([plan.comments, plan.drops('shop.active'), plan.drops('shop.price')]).toEqual(['keep', true, false]);
    expect(refusal(dropped('keep: [active], drop: [price]'), source).details).toEqual([
      expect.stringMatching(/^mysql routine shop\.price: cannot be left out/),
    ]);
    expect(refusal(dropped('keep: ["*"], drop: [active]'), source).details).toEqual([expect.stringMatching(/is both kept and dropped/)]);
    expect(refusal(dropped('keep: ["*", prize]'), source).details).toEqual(['mysql program prize: there is no such one']);
  });
});

describe('JSON paths', () => {
  const live = shop({ users: { columns: [column('id'), column('settings', { type: 'json', sqlType: 'json' })], key: [0] } });
  const policy = compile(
    'sources: {mysql: {tables: {users: {keep: [id], columns: {settings: {json: {keep: [$.theme, "$.list[*]"], paths: {$.a.*: text}}}}}}}}',
    live,
  );
  const [survey] = policy.surveys;
  const paths = (document: string): readonly string[] => survey?.undecidedPaths?.(Buffer.from(document)) ?? ['no survey'];

  test.each([
    ['{"theme":"dark","list":[1,true],"a":{"x":"y"},"none":null,"empty":{}}', []],
    ['{"mail":"marie@acme.fr","list":[{"name":"Marie"}]}', ['$.mail', '$.list[*].name']],
    ['{"by":{"marie@acme.fr":1,"jean@acme.fr":2}}', ['$.by.*']],
    ['"text"', ['$']],
    ['no json', []],
  ])('of %s', (document, expected) => {
    expect(paths(document)).toEqual(expected);
  });

  test('are found before a row is taken, all at once, with a patch and without a value', () => {
    const answers: SurveyAnswer[] = survey ? [{ survey, paths: paths('{"mail":"marie@acme.fr","note":{"text":"Marie"}}') }] : [];
    const error = thrown(() => reportSurveys(answers));
    expect(error.code).toBe('POLICY_UNDECIDED');
    expect(error.details).toEqual([
      'mysql shop.users.settings $.mail',
      'mysql shop.users.settings $.note.text',
      '',
      'A patch for the policy; look at every line before you take it:',
      'sources:',
      '  mysql:',
      '    tables:',
      '      users:',
      '        columns:',
      '          settings:',
      '            json:',
      '              paths:',
      '                $.mail: email',
      '                $.note.text: text',
    ]);
    expect(error.message + error.details.join()).not.toMatch(/Marie|marie/);
  });
});

describe('columns with few different values', () => {
  const live = shop({ users: [column('id', { unique: true }), column('role'), column('born'), column('mail')] });
  const policy = (more = ''): string =>
    `sources: {mysql: {tables: {users: {columns: {id: login, role: token, born: null, mail: email}${more}}}}}`;

  test('are asked for where a rule is keyed by the value and nothing was said', () => {
    expect(compile(policy(), live).surveys.map(({ column: name, fewValuesRefused }) => [name, fewValuesRefused])).toEqual([
      ['role', 'token'],
      ['mail', 'email'],
    ]);
  });

  test('are refused, unless a reason stands in the policy, which goes into the manifest', () => {
    const [survey] = compile(policy(), live).surveys;
    const answer = (values: number, rows: number) => (survey ? [{ survey, paths: [], counted: { values, rows } }] : []);
    expect(thrown(() => reportSurveys(answer(4, 1000)))).toMatchObject({
      code: 'POLICY_INVALID',
      details: [expect.stringMatching(/^mysql shop\.users\.role: has only 4 different values, so "token" would show/)],
    });
    expect(() => reportSurveys(answer(21, 1000))).not.toThrow();
    expect(() => reportSurveys(answer(4, 30))).not.toThrow();
    const excused = compile(policy(', low_cardinality: {role: Public.}'), live);
    expect(excused.surveys.map(({ column: name }) => name)).toEqual(['mail']);
    expect(excused.exemptions).toEqual([{ place: 'mysql shop.users.role', rule: 'low-cardinality', reason: 'Public.' }]);
    expect(refusal(policy(', low_cardinality: {rule: Public.}'), live).details).toEqual([
      'mysql shop.users.rule: low_cardinality names no column',
    ]);
  });
});

describe('leaves of documents with few different values', () => {
  const live = shop({ users: [column('settings', { type: 'json', sqlType: 'json' })] });
  const policy = (more = ''): string =>
    `sources: {mysql: {tables: {users: {columns: {settings: {json: {keep: [$.theme], paths: {$.gender: token, "$.tags[*]": token, $.mail: email, $.born: null}}}}${more}}}}}`;
  const documents = Array.from({ length: 300 }, (_, n) =>
    Buffer.from(`{"theme":"dark","gender":"${n % 2 === 0 ? 'f' : 'm'}","tags":["a","b"],"mail":"marie${n}@acme.fr","born":1}`),
  );
  const details = (written: string): readonly string[] | undefined => {
    const [survey] = compile(written, live).surveys;
    if (!survey?.keyedLeaves) throw new Error('a survey of leaves was expected');
    const leaves = countLeaves(survey.keyedLeaves, documents);
    return thrown(() => reportSurveys([{ survey, paths: [], leaves }])).details;
  };

  test('are refused like columns, each path for itself', () => {
    expect(details(policy())).toEqual([
      expect.stringMatching(
        /^mysql shop\.users\.settings \$\.gender: has only 2 different values, so "token" would show .*\{"settings \$\.gender": "…"\}$/,
      ),
      expect.stringMatching(/^mysql shop\.users\.settings \$\.tags\[\*\]: has only 2 different/),
    ]);
  });

  test('stand with a reason, which names the path', () => {
    const reason = ', low_cardinality: {"settings $.gender": Public.}';
    expect(details(policy(reason))).toEqual([expect.stringMatching(/\$\.tags/)]);
    expect(compile(policy(reason), live).exemptions).toEqual([
      { place: 'mysql shop.users.settings $.gender', rule: 'low-cardinality', reason: 'Public.' },
    ]);
    expect(refusal(policy(', low_cardinality: {"settings $.theme": Public.}'), live).details).toEqual([
      'mysql shop.users.settings $.theme: low_cardinality names no path with a keyed rule',
    ]);
  });

  test('a keyed rule in a branch is asked for like one that stands alone', () => {
    const branches =
      'sources: {mysql: {tables: {users: {columns: {kind: keep, who: {when: {column: kind, is: a, then: token, else: mask}}}}}}}';
    const { surveys } = compile(branches, shop({ users: [column('kind'), column('who')] }));
    expect(surveys.map(({ column: name, fewValuesRefused }) => [name, fewValuesRefused])).toEqual([['who', 'when']]);
  });
});

function thrown(work: () => unknown): DynDataError {
  try {
    work();
  } catch (error) {
    if (error instanceof DynDataError) return error;
    throw error;
  }
  throw new Error('a DynDataError was expected');
}
