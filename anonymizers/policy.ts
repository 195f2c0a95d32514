import * as z from 'zod/mini';
import { canonicalJson, type Digest, DynDataError, digestOf, type JsonValue, parseYaml } from '../core/index.ts';
import { described } from './anonymizer.ts';
import { leakRules } from './leak-rules.ts';
import { readReadyMade } from './ready-made.ts';

/** What happens to a column: an anonymizer's name, or its name and parameters. null is what YAML makes of the bare word `null`. */
export type Rule = string | null | { readonly [anonymizer: string]: unknown };

export const ruleSchema = z.custom<Rule>(isRule, 'an anonymizer is expected, as its name or as {name: parameters}');

function isRule(value: unknown): value is Rule {
  if (value === null || typeof value === 'string') return true;
  return typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 1 && isPlain(value);
}

/** True for what JSON can carry, so that the policy has a digest. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'object' && Object.values(value).every(isPlain);
}

/** The anonymizer a rule names, and its parameters as they are written. */
export function readRule(rule: Rule): { readonly name: string; readonly parameters: unknown } {
  if (rule === null) return { name: 'null', parameters: {} };
  if (typeof rule === 'string') return { name: rule, parameters: {} };
  const [[name, parameters] = ['', {}]] = Object.entries(rule);
  return { name, parameters: parameters ?? {} };
}

const text = () => z.string().check(z.minLength(1));
const texts = () => z.array(z.string());
const names = () => z._default(texts(), []);
const rules = () => z.record(z.string(), ruleSchema);
const reasons = () => z.record(z.string(), text());
const percent = z.string().check(z.regex(/^(?:100|\d{1,2}(?:\.\d{1,4})?)%$/, 'a share such as 1% or 0.5% expected'));

/** Names of ready-made policies. */
export const includeSchema = texts();
/** An ISO code; which are known, the rules for phones say. */
export const countrySchema = z.string();

const sampled = z.strictObject({
  sample: described(percent, 'So many of the rows, such as 1% or 0.5%.'),
  by: described(
    z.optional(text()),
    'The column by whose values rows are chosen, so that rows of other tables go with them; left out, the key.',
  ),
});

const table = z.strictObject({
  rows: described(
    z.optional(z.union([z.enum(['all', 'none']), sampled])),
    'all unless given. none: the table is carried empty, and its columns need no rules. {sample: 1%}: a keyed choice of rows, the same in every build.',
  ),
  where: described(
    z.optional(text()),
    "A condition in the server's own SQL; given to it as it stands here, so whoever may write the policy may read the table.",
  ),
  follows: described(
    names(),
    'Tables with fewer rows (none, sample, where) that this one refers to: its own choice leaves no row whose parent is left out.',
  ),
  reference: described(z.optional(z.boolean()), 'Carried by "dyn-data up --empty" too.'),
  keep: described(names(), 'Columns that are kept, by name or pattern; short for "column: keep".'),
  columns: described(z._default(rules(), {}), 'What happens to each column, by name or pattern (*_at).'),
  low_cardinality: described(
    z._default(reasons(), {}),
    'Columns with few distinct values that may have a rule that shows which rows are alike, each with the reason; "column $.path" for one path of documents. It lands in the manifest.',
  ),
});

const listed = z.strictObject({
  keep: described(names(), 'Those that the snapshot carries.'),
  drop: described(names(), 'Those that are left out.'),
});
const kept = z.strictObject({ keep: described(names(), 'Those that the snapshot carries.') });

const source = z.strictObject({
  include: described(z.optional(includeSchema), 'Ready-made policies that decide what stands nowhere else in this source.'),
  tables: described(
    z.optional(z.record(z.string(), table)),
    'SQL: by "table" or, where two schemas have it, "schema.table"; by pattern (log_*) for tables without an entry of their own.',
  ),
  comments: described(z.optional(z.enum(['keep', 'drop'])), 'SQL: comments of tables and columns.'),
  programs: described(
    z.optional(listed),
    'SQL: views, routines, triggers, events and settings, by name or pattern; "name@digest" only as long as it is what was looked at.',
  ),
  defaults: described(z.optional(kept), 'SQL: columns whose default value is a text, as "table.column" or pattern.'),
  keep: described(z.optional(texts()), 'LDAP: attributes that are kept.'),
  drop: described(z.optional(texts()), 'LDAP: attributes that are left out.'),
  attributes: described(z.optional(rules()), 'LDAP: rules for all entries. "dn" is a rule too: the value is a DN and is rewritten as one.'),
  classes: described(
    z.optional(z.record(z.string(), rules())),
    'LDAP: other rules for entries of an object class; of several classes the first one named here decides.',
  ),
  filters: described(
    z.optional(z.record(z.string(), rules())),
    'LDAP: other rules for entries that a search filter matches; the first one decides, before the classes.',
  ),
  keep_entries: described(
    z.optional(texts()),
    'LDAP: entries, by DN or filter, whose userPassword stays: accounts of services that bind with it. By DN their name stays too.',
  ),
  reference: described(
    z.optional(texts()),
    'LDAP: entries, by DN or filter, that "dyn-data up --empty" carries beside units and keep_entries.',
  ),
  low_cardinality: described(
    z.optional(reasons()),
    'LDAP: attributes with few distinct values that may have a rule that shows which entries are alike, each with the reason.',
  ),
  where: described(
    z.optional(text()),
    'LDAP: a search filter; only entries that it matches are carried. An entry whose parent it leaves out cannot be loaded.',
  ),
  dn: described(z.optional(rules()), 'LDAP: how the values in DNs below the base are rewritten, by attribute type.'),
});

const identities = () =>
  z._default(z.record(z.string(), z.enum(['email', 'phone', 'login', 'name', 'company', 'token', 'ip', 'date'])), {});

const allowed = z.strictObject({
  place: described(text(), 'Where it stands: "mysql users.notes", "ldap attribute description"; as the finding names it.'),
  rule: described(z.enum(leakRules), 'The rule that found it.'),
  reason: described(text(), 'Why it may leave.'),
});

export const policySchema = z.strictObject({
  version: described(z.literal(1), 'The version of the language.'),
  development_password: described(
    z.optional(text()),
    'What "password" writes, hashed. Known to everybody who may have a copy; never a password of the real system.',
  ),
  country: described(z._default(countrySchema, 'FR'), 'The country of phone numbers that are written without one.'),
  identities: described(
    identities(),
    'Identities beside the built-in ones, and what their values are: equal values of one identity get equal pseudonyms, in every source.',
  ),
  leak_scan: described(
    z.optional(z.strictObject({ allow: described(z.array(allowed), 'Findings that do not stop the build.') })),
    'What the leak scan lets stand. It lands in the manifest with the reason.',
  ),
  sources: described(z.record(z.string(), source), 'What happens in each source, by the name that the environment gives it.'),
});

const readyMadeSchema = z.strictObject({ version: z.literal(1), identities: identities(), source });

type SourceWritten = z.infer<typeof source>;
export type SourcePolicy = SourceWritten & {
  /** What `include` names, in its order: they decide what the source itself does not, and may name what the system has not. */
  readonly included?: readonly SourceWritten[];
};
export type TablePolicy = z.infer<typeof table>;

/** A policy as it is written, version 1, with what it includes. */
export type Policy = Omit<z.infer<typeof policySchema>, 'sources'> & { readonly sources: Readonly<Record<string, SourcePolicy>> };

/**
 * @param fileName for messages
 * @throws DynDataError POLICY_INVALID naming every key that is wrong. Whether the rules fit a system is `compilePolicy`'s to say.
 */
export function parsePolicy(text: string, fileName: string): Policy {
  const written = parseYaml(policySchema, text, fileName, 'POLICY_INVALID');
  const declared: Policy['identities'] = {};
  const sources = Object.entries(written.sources).map(([name, own]): [string, SourcePolicy] => {
    if (!own.include) return [name, own];
    const included = own.include.map((readyMade) => {
      const parsed = parseReadyMade(readyMade, `${fileName}: sources.${name}.include`);
      Object.assign(declared, parsed.identities);
      return parsed.source;
    });
    return [name, { ...own, included }];
  });
  return { ...written, identities: { ...declared, ...written.identities }, sources: Object.fromEntries(sources) };
}

/** What a snapshot's manifest has of the policy it was made by: the same for policies that are written alike but for order, comments and blanks. */
export function policyDigest(policy: Policy): Digest {
  return digestOf(canonicalJson(policy as JsonValue));
}

function parseReadyMade(name: string, place: string): z.infer<typeof readyMadeSchema> {
  const { text: found, names: all } = readReadyMade(name);
  if (found !== undefined) return parseYaml(readyMadeSchema, found, `The ready-made policy ${name}`, 'POLICY_INVALID');
  throw new DynDataError('POLICY_INVALID', `${place} names a ready-made policy that does not exist. There are: ${all.join(', ')}.`);
}
