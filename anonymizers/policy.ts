import * as z from 'zod/mini';
import { canonicalJson, type Digest, DynDataError, digestOf, type JsonValue, parseYaml } from '../core/index.ts';
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

const text = z.string().check(z.minLength(1));
const names = z._default(z.array(z.string()), []);
const rules = z._default(z.record(z.string(), ruleSchema), {});
const percent = z.string().check(z.regex(/^(?:100|\d{1,2}(?:\.\d{1,4})?)%$/, 'a share such as 1% or 0.5% expected'));

const table = z.strictObject({
  /** `none`: the table is carried empty, and its columns need no rules. `{sample: 1%}`: a keyed choice of rows, the same in every build. */
  rows: z.optional(z.union([z.enum(['all', 'none']), z.strictObject({ sample: percent, by: z.optional(text) })])),
  /** A condition in the server's own SQL; given to it as it stands here, so whoever may write the policy may read the table. */
  where: z.optional(text),
  /** Tables with fewer rows (none, sample, where) that this one refers to: its own choice leaves no row whose parent is left out. */
  follows: names,
  /** Carried by `up --empty` too. */
  reference: z.optional(z.boolean()),
  /** Columns that are kept, by name or pattern; short for `column: keep`. */
  keep: names,
  /** By name or pattern (`*_at`). */
  columns: rules,
  /** Columns with few distinct values that may have a rule that shows which rows are alike, each with the reason; `column $.path` for one path of documents. It lands in the manifest. */
  low_cardinality: z._default(z.record(z.string(), text), {}),
});

const listed = z.strictObject({ keep: names, drop: names });

const source = z.strictObject({
  /** Ready-made policies that decide what stands nowhere else in this source. */
  include: z.optional(z.array(z.string())),
  /** SQL: by `table` or, where two schemas have it, `schema.table`; by pattern (`log_*`) for tables without an entry of their own. */
  tables: z.optional(z.record(z.string(), table)),
  /** SQL: comments of tables and columns. */
  comments: z.optional(z.enum(['keep', 'drop'])),
  /** SQL: views, routines, triggers and events, by name or pattern; `name@digest` only as long as it is what was looked at. */
  programs: z.optional(listed),
  /** SQL: columns whose default value is a text, as `table.column` or pattern. */
  defaults: z.optional(z.strictObject({ keep: names })),
  /** LDAP: attributes that are kept, and those that are left out. */
  keep: z.optional(z.array(z.string())),
  drop: z.optional(z.array(z.string())),
  /** LDAP: rules for all entries. `dn` is a rule too: the value is a DN and is rewritten as one. */
  attributes: z.optional(z.record(z.string(), ruleSchema)),
  /** LDAP: other rules for entries of an object class; of several classes the first one named here decides. */
  classes: z.optional(z.record(z.string(), z.record(z.string(), ruleSchema))),
  /** LDAP: other rules for entries that a search filter matches; the first one decides, before the classes. */
  filters: z.optional(z.record(z.string(), z.record(z.string(), ruleSchema))),
  /** LDAP: entries, by DN or filter, whose userPassword stays: accounts of services that bind with it. */
  keep_entries: z.optional(z.array(z.string())),
  /** LDAP: entries, by DN or filter, that `up --empty` carries beside units and `keep_entries`. */
  reference: z.optional(z.array(z.string())),
  /** LDAP: attributes with few distinct values that may have a rule that shows which entries are alike, each with the reason. */
  low_cardinality: z.optional(z.record(z.string(), text)),
  /** LDAP: a search filter; only entries that it matches are carried. An entry whose parent it leaves out cannot be loaded. */
  where: z.optional(text),
  /** LDAP: how the values in DNs below the base are rewritten, by attribute type. */
  dn: z.optional(z.record(z.string(), ruleSchema)),
});

const identities = z._default(z.record(z.string(), z.enum(['email', 'phone', 'login', 'name', 'company', 'token', 'ip', 'date'])), {});

export const policySchema = z.strictObject({
  version: z.literal(1),
  /** What `password` writes, hashed. Known to everybody who may have a copy; never a password of the real system. */
  development_password: z.optional(text),
  /** Of phone numbers that are written without one. */
  country: z._default(z.string(), 'FR'),
  /** Identities beside the built-in ones, and what their values are. */
  identities,
  /** What the leak scan lets stand. It lands in the manifest with the reason. */
  leak_scan: z.optional(z.strictObject({ allow: z.array(z.strictObject({ place: text, rule: z.enum(leakRules), reason: text })) })),
  sources: z.record(z.string(), source),
});

const readyMadeSchema = z.strictObject({ version: z.literal(1), identities, source });

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
