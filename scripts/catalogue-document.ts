import { isUtf8 } from 'node:buffer';
import * as z from 'zod';
import type { Anonymizer } from '../anonymizers/anonymizer.ts';
import { catalogue, parseKey, parsePolicy } from '../anonymizers/index.ts';
import { createRuleMaker } from '../anonymizers/rule-maker.ts';

const begin = '<!-- catalogue: made by scripts/policy-docs.ts, do not edit -->';
const end = '<!-- end of catalogue -->';

/** The key of the examples and of the test vectors: known to everybody, so never a key of anything. */
const publishedKey = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
const longestShown = 90;

const lengths = {
  bounded: 'needs room for its longest result, or the plan is refused',
  input: 'never longer than the value',
  form: 'no longer than a value of the form; what is none needs room for what stands for it, or the plan is refused',
  cut: 'cut to the column; refused where it is unique',
  fitted: 'about that of the value, and never more than the column has',
  checked: 'a result without room stops the build',
  replaced: 'a value whose result has no room becomes neutral words',
};
const decidedBy = {
  value: 'the value and the key',
  row: 'the value, other columns of the row, and the key',
  data: 'the value, everybody whom the sources name, other columns of the row, and the key',
  order: 'the key and the rows before; not by the value alone',
  nothing: 'nothing: always the same',
};
const uniqueness = {
  yes: 'yes',
  no: 'no; refused on unique columns',
  depends: 'by its parameters; refused on unique columns where it is not',
};
const enumerable = {
  no: 'no: the result does not depend on the value',
  'with-key': 'only by whoever has the key',
  partly: 'in part: what stays of the value leaves fewer to try',
  kept: 'nothing is hidden',
};

/** The document with its catalogue made anew; what people wrote around it stays. */
export function catalogueDocument(written: string): string {
  const from = written.indexOf(begin);
  const to = written.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/policy.md has lost the lines "${begin}" and "${end}"`);
  const entries = catalogue.map(entryOf).join('\n');
  return `${written.slice(0, from + begin.length)}\n\n${entries}\n${written.slice(to)}`;
}

function entryOf(anonymizer: Anonymizer): string {
  const { name, summary, types, facts, short } = anonymizer;
  const rows = [
    ['for', types === 'any' ? 'every type' : types.join(', ')],
    ['decided by', decidedBy[facts.decidedBy]],
    ['different stays different', uniqueness[facts.unique]],
    ['length', lengths[facts.length]],
    ['characters', facts.charset === 'input' ? 'those of the value' : facts.charset],
    ['NULL', facts.nulls === 'made' ? 'stays NULL; other values can become NULL' : 'stays NULL'],
    ['found by trying all values', enumerable[facts.enumerable]],
    ['protects', facts.protects],
    ['does not protect', facts.leaves],
  ];
  return [
    `### ${name}`,
    '',
    summary,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([what, says]) => `| ${what} | ${says} |`),
    '',
    ...parametersOf(anonymizer, short),
    ...exampleOf(anonymizer),
  ].join('\n');
}

type Property = {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
};

function parametersOf({ parameters }: Anonymizer, short: string | undefined): string[] {
  const schema = z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' });
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Property>);
  if (properties.length === 0) return [];
  const required = new Set(schema.required ?? []);
  const lines = properties.map(([name, property]) => {
    const values = property.enum ? property.enum.map((value) => `\`${value}\``).join(', ') : typeOf(property);
    const standard = required.has(name) ? 'required' : property.default === undefined ? '' : `\`${JSON.stringify(property.default)}\``;
    return `| \`${name}\`${name === short ? ' (may be written alone)' : ''} | ${values} | ${standard} | ${property.description ?? ''} |`;
  });
  return ['| parameter | values | left out | |', '|---|---|---|---|', ...lines, ''];
}

function typeOf({ type, minimum, maximum }: Property): string {
  const name = type === undefined ? 'a value' : [type].flat().join(' or ');
  return minimum === undefined || maximum === undefined ? name : `${name}, ${minimum} to ${maximum}`;
}

function exampleOf({ name, types, facts: { example } }: Anonymizer): string[] {
  const make = createRuleMaker(parsePolicy('version: 1\ndevelopment_password: dyn-data\nsources: {}\n', 'example'), parseKey(publishedKey));
  const type = types === 'any' ? 'text' : (types[0] ?? 'text');
  const columns = Object.keys(example.row ?? {});
  const rule = example.parameters === undefined ? name : { [name]: example.parameters };
  const target = { type, sqlType: type, nullable: true, unique: false, place: 'example', sourceKind: 'mysql' } as const;
  const made = make(rule, target, (column) => ({ index: columns.indexOf(column), maxLength: undefined }));
  const result = made.apply(
    Buffer.from(example.value),
    Object.values(example.row ?? {}).map((value) => Buffer.from(value)),
  );
  // Other bytes say nothing to a reader.
  if (result !== null && !isUtf8(result)) return [];
  const shown = result === null ? 'NULL' : quoted(Buffer.from(result).toString('utf8'));
  const row = columns.map((column) => `${column}: ${quoted(example.row?.[column] ?? '')}`).join(', ');
  const ruleText = example.parameters === undefined ? name : `${name}: ${JSON.stringify(example.parameters)}`;
  return [`Example: \`${ruleText}\` makes of ${quoted(example.value)}${row ? ` (${row})` : ''}: ${shown}`, ''];
}

function quoted(text: string): string {
  const line = text.replaceAll('\n', '⏎');
  return `\`${line.length > longestShown ? `${line.slice(0, longestShown)}…` : line}\``;
}
