import { type LiveColumn, type LiveSource, type LiveTable, type Value, wordsOf } from '../../anonymizers/index.ts';
import { choose } from './choose.ts';
import { type Leaf, readLeaves } from './json-leaves.ts';
import { profileOf } from './profile.ts';
import type { Line, SuggestedSource } from './suggestion.ts';

type SqlSource = Exclude<LiveSource, { kind: 'ldap' }>;
/** By `schema\0table`. */
export type SampledRows = ReadonlyMap<string, readonly (readonly Value[])[]>;

/** Tables by which AeroGear's UnifiedPush Server is known, whichever dialect made its schema. */
const aerogearTables = ['push_application', 'variant', 'installation', 'installation_category'];

export function suggestTables(source: SqlSource, sampled: SampledRows): Extract<SuggestedSource, { kind: 'sql' }> {
  const isAerogear = aerogearTables.every((name) => source.tables.some((table) => table.name === name));
  return {
    name: source.name,
    kind: 'sql',
    include: isAerogear
      ? [{ name: 'aerogear-ups', reason: `0.98 the tables ${aerogearTables.join(', ')} are those of the AeroGear UnifiedPush Server` }]
      : [],
    definitions: source.definitions ?? [],
    tables: source.tables.map((table) => {
      const rows = sampled.get(`${table.schema}\0${table.name}`) ?? [];
      const ambiguous = source.tables.some((other) => other !== table && other.name === table.name);
      return {
        schema: table.schema,
        name: table.name,
        key: ambiguous ? `${table.schema}.${table.name}` : table.name,
        rows: rows.length,
        lines: table.columns.map((column, index) =>
          suggestColumn(
            source,
            table,
            column,
            rows.map((row) => row[index] ?? null),
          ),
        ),
      };
    }),
  };
}

function suggestColumn(source: SqlSource, table: LiveTable, column: LiveColumn, values: readonly Value[]): Line {
  const place = `${source.name} ${table.schema}.${table.name}.${column.name}`;
  const follows = referenceOf(source, table, column.name);
  if (follows !== undefined) {
    const choice = { rules: [], confidence: 0.95, reason: `follows ${follows}, to which it refers` };
    return { place, name: column.name, choice, taken: 0, follows };
  }
  const profile = profileOf(values);
  if (column.type === 'json' || (column.type === 'text' && profile.share('json') >= 0.9)) {
    const leaves = readLeaves(values);
    if (leaves && leaves.size > 0) return suggestJson(place, column.name, profile.count, leaves);
  }
  const subject = subjectOf(table, column.name);
  const facts = {
    name: column.name,
    owner: table.name,
    type: column.type,
    sqlType: column.sqlType.toLowerCase(),
    unique: column.unique,
    isKey: table.key?.some((index) => table.columns[index] === column) ?? false,
    ...(subject === undefined ? {} : { subject }),
    profile,
  };
  const choice = choose(facts);
  const reason = column.unique && choice.rules[0] !== 'keep' ? `${choice.reason}; unique` : choice.reason;
  return { place, name: column.name, choice: { ...choice, reason }, taken: 0 };
}

/** The column of another table that a foreign key leads to; not one that leads back to the table itself. */
function referenceOf(source: SqlSource, table: LiveTable, column: string): string | undefined {
  const found = table.foreignKeys?.find((key) => {
    const isElsewhere = key.table !== table.name || key.schema !== table.schema;
    return (
      key.columns.includes(column) && isElsewhere && source.tables.some(({ schema, name }) => schema === key.schema && name === key.table)
    );
  });
  return found && `${found.table}.${found.targetColumns[found.columns.indexOf(column)] ?? ''}`;
}

/** A reference to a table of people, else the first column of the key. */
function subjectOf(table: LiveTable, column: string): string | undefined {
  const candidates = table.foreignKeys?.filter(
    ({ columns, table: target }) => columns.length === 1 && /user|person|employee|customer|contact|client/.test(wordsOf(target)),
  );
  const [subject = table.columns[table.key?.[0] ?? -1]?.name] = candidates?.flatMap(({ columns }) => columns) ?? [];
  return subject === column ? undefined : subject;
}

function suggestJson(place: string, name: string, documents: number, leaves: ReadonlyMap<string, readonly Leaf[]>): Line {
  const paths = [...leaves].map(([path, found]): Line => {
    const types = new Set(found.map(({ type }) => type));
    const values: Value[] = found.map(({ text }) => Buffer.from(text));
    const facts = { owner: owningMember(path) ?? name, unique: false, isKey: false, profile: profileOf(values) };
    const member = lastMember(path) ?? name;
    const type = types.size === 1 && types.has('boolean') ? 'boolean' : types.size === 1 && types.has('number') ? 'decimal' : 'text';
    return { place: `${place} ${path}`, name: path, choice: choose({ ...facts, name: member, type }), taken: 0 };
  });
  const reason = `JSON in ${documents} sampled values; a path that is not named here stops the build`;
  return { place, name, choice: { rules: ['json'], confidence: 0.9, reason }, taken: 0, paths };
}

/** `contacts` of `$.contacts[*].name`: says whose name that is. */
function owningMember(path: string): string | undefined {
  return /\.([^.[\]*]+)(?:\[\*\])*\.[^.[\]*]+(?:\[\*\])*$/.exec(path)?.[1];
}

/** `alias` of `$.criteria.alias[*]`. */
function lastMember(path: string): string | undefined {
  return /\.([^.[\]*]+)(?:\[\*\])*$/.exec(path)?.[1];
}
