import { stringify } from 'yaml';
import type { LiveDefinition } from '../../anonymizers/index.ts';
import { inlineRule } from '../recorded-places.ts';
import { isDecided, type Line, ruleOf, type SuggestedSource, type SuggestedTable, type Suggestion } from './suggestion.ts';

const heading = (environment: string): string[] => [
  `A starting policy for the environment "${environment}", out of the live schema and a sample. No value of the sample stands in it.`,
  'Behind every line stands how sure it is (0 to 1) and why. Read each line before you trust it. What a person must decide stands as a',
  'comment: until it is decided, a build stops and reads nothing.',
];

/** The policy as YAML. `notes` are written at its end, as comments. */
export function writeSuggestion(suggestion: Suggestion, notes: readonly string[]): string {
  const lines = [
    ...heading(suggestion.environment).map((line) => `# ${line}`),
    'version: 1',
    '# Whoever has a copy logs in with it. Never a password of the real system.',
    'development_password: dyn-data',
    '# Of phone numbers that are written without one; correct it if need be.',
    'country: FR',
    'sources:',
    ...(suggestion.sources.some(hasContent) ? [] : ['  {}']),
    ...suggestion.sources.flatMap(writeSource),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `# ${note}`)] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function hasContent(source: SuggestedSource): boolean {
  if (source.kind === 'sql') {
    const tables = source.tables.some((table) => isFollowing(table) || table.lines.some(isDecided));
    return tables || source.include.length > 0 || dropsComments(source.definitions);
  }
  return [...source.attributes, ...source.dn, ...source.classes.flatMap(({ lines }) => lines)].some(isDecided);
}

function writeSource(source: SuggestedSource): string[] {
  const body = source.kind === 'sql' ? writeTables(source) : writeDirectory(source);
  return ['', `${commentUnless(hasContent(source))}  ${key(source.name)}:`, ...body];
}

function writeTables(source: Extract<SuggestedSource, { kind: 'sql' }>): string[] {
  const tables = source.tables.filter(({ lines }) => lines.length > 0);
  const decided = tables.some((table) => isFollowing(table) || table.lines.some(isDecided));
  return [
    ...(source.include.length > 0 ? ['    include:', ...source.include.map(({ name, reason }) => `      - ${name} # ${reason}`)] : []),
    ...writeDefinitions(source.definitions),
    ...(tables.length === 0 ? [] : [`${commentUnless(decided)}    tables:`]),
    ...tables.flatMap(writeTable),
  ];
}

/** Comments are left out, since no program needs them. Whether a body or a default holds a name, only somebody who reads it can say. */
function writeDefinitions(definitions: readonly LiveDefinition[]): string[] {
  const comments = definitions.filter(({ kind }) => kind === 'comment');
  const defaults = definitions.filter(({ kind }) => kind === 'default');
  const programs = definitions.filter(({ kind, carried }) => kind !== 'comment' && kind !== 'default' && carried !== false);
  const left = definitions.filter(({ carried }) => carried === false);
  const short = (name: string): string => name.slice(name.indexOf('.') + 1);
  const because = 'undecided, 0.40 it can hold a name or a number of somebody: read it first';
  return [
    ...(comments.length === 0
      ? []
      : [
          `${commentUnless(dropsComments(definitions))}    comments: drop # 0.80 ${comments.length} comments of tables and columns; nothing needs them`,
        ]),
    ...(defaults.length === 0 ? [] : ['#    defaults:', '#      keep:']),
    ...defaults.map(({ name }) => `#        - ${key(short(name))} # ${because}`),
    ...(programs.length + left.length === 0 ? [] : ['#    programs:']),
    ...(programs.length === 0 ? [] : ['#      keep:']),
    ...programs.map(({ kind, name, digest }) => `#        - ${key(`${short(name)}@${digest}`)} # ${kind}; ${because}`),
    ...(left.length === 0 ? [] : ['#      drop:']),
    ...left.map(({ kind, name }) => `#        - ${key(short(name))} # ${kind}; no snapshot holds it`),
  ];
}

function dropsComments(definitions: readonly LiveDefinition[]): boolean {
  const comments = definitions.filter(({ kind }) => kind === 'comment');
  return comments.length > 0 && comments.every(({ droppable }) => droppable);
}

function writeTable(table: SuggestedTable): string[] {
  if (isFollowing(table)) return [`      ${key(table.key)}: {} # all its columns follow those to which they refer`];
  const comment = commentUnless(table.lines.some(isDecided));
  return [
    `${comment}      ${key(table.key)}: # ${table.rows === 0 ? 'no rows were there to look at' : `${table.rows} rows looked at`}`,
    `${comment}        columns:`,
    ...table.lines.flatMap((line) => (line.paths ? writePaths(line, line.paths) : writeLine(line, 10))),
  ];
}

/** Such a table needs no rules, but must be named to be carried. */
function isFollowing({ lines }: SuggestedTable): boolean {
  return lines.length > 0 && lines.every(({ follows }) => follows !== undefined);
}

function writePaths(line: Line, paths: readonly Line[]): string[] {
  const comment = commentUnless(isDecided(line));
  return [
    `${comment}          ${key(line.name)}: # ${line.choice.reason}`,
    `${comment}            json:`,
    `${comment}              paths:`,
    ...paths.flatMap((path) => (line.taken > 0 ? writeLine({ ...path, taken: path.choice.rules.length }, 16) : writeLine(path, 16))),
  ];
}

function writeDirectory(source: Extract<SuggestedSource, { kind: 'ldap' }>): string[] {
  const attributes = source.attributes.filter(({ isDropped }) => !isDropped);
  const dropped = source.attributes.filter(({ isDropped }) => isDropped);
  const section = (name: string, lines: readonly Line[], indent: number): string[] =>
    lines.length === 0
      ? []
      : [`${commentUnless(lines.some(isDecided))}${' '.repeat(indent)}${name}:`, ...lines.flatMap((line) => writeLine(line, indent + 2))];
  const classes = source.classes.filter(({ lines }) => lines.length > 0);
  const classesDecided = classes.some(({ lines }) => lines.some(isDecided));
  return [
    `    # ${source.entries} entries looked at. What is not named here is decided by itself: see the LDAP part of the policy's reference.`,
    ...(dropped.length === 0 ? [] : ['    drop:', ...dropped.map((line) => `      - ${key(line.name)} # ${because(line)}`)]),
    ...section('attributes', attributes, 4),
    ...(classes.length === 0 ? [] : [`${commentUnless(classesDecided)}    classes:`]),
    ...classes.flatMap(({ objectClass, lines }) => section(key(objectClass), lines, 6)),
    ...section('dn', source.dn, 4),
  ];
}

function writeLine(line: Line, indent: number): string[] {
  const pad = ' '.repeat(indent);
  if (line.follows !== undefined) return [`#${pad}${key(line.name)} needs no line: ${because(line)}`];
  const decided = ruleOf(line);
  if (decided) return [`${pad}${key(line.name)}: ${inlineRule(decided.rule)} # ${because(line)}`];
  const [first] = line.choice.rules;
  const proposal = first === undefined ? '' : ` ${inlineRule(first)}`;
  return [`#${pad}${key(line.name)}:${proposal} # undecided, ${because(line)}`];
}

function because({ choice, taken }: Line): string {
  const refused = taken > 0 && taken >= choice.rules.length ? '; the rule that fits its meaning does not fit its type' : '';
  return `${choice.confidence.toFixed(2)} ${choice.reason}${refused}`;
}

function key(name: string): string {
  return stringify(name, { lineWidth: 0 }).trim();
}

function commentUnless(decided: boolean): string {
  return decided ? '' : '#';
}
