import * as z from 'zod/mini';
import { parseYaml } from '../core/index.ts';

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

const names = z._default(z.array(z.string()), []);
const rules = z._default(z.record(z.string(), ruleSchema), {});

const table = z.strictObject({
  /** `none`: the table is carried empty, and its columns need no rules. */
  rows: z._default(z.enum(['all', 'none']), 'all'),
  /** Carried by `up --empty` too. */
  reference: z._default(z.boolean(), false),
  /** Columns that are kept; short for `column: keep`. */
  keep: names,
  columns: rules,
});

const source = z.strictObject({
  /** SQL: by `table` or, where two schemas have it, `schema.table`. */
  tables: z.optional(z.record(z.string(), table)),
  /** LDAP: attributes that are kept, and those that are left out. */
  keep: z.optional(z.array(z.string())),
  drop: z.optional(z.array(z.string())),
  /** LDAP: rules for all entries. `dn` is a rule too: the value is a DN and is rewritten as one. */
  attributes: z.optional(z.record(z.string(), ruleSchema)),
  /** LDAP: other rules for entries of an object class; of several classes the first one named here decides. */
  classes: z.optional(z.record(z.string(), z.record(z.string(), ruleSchema))),
  /** LDAP: how the values in DNs below the base are rewritten, by attribute type. */
  dn: z.optional(z.record(z.string(), ruleSchema)),
});

const policy = z.strictObject({
  version: z.literal(1),
  /** What `password` writes, hashed. Known to everybody who may have a copy; never a password of the real system. */
  development_password: z.optional(z.string().check(z.minLength(1))),
  /** Of phone numbers that are written without one. */
  country: z._default(z.string(), 'FR'),
  /** Identities beside the built-in ones, and what their values are. */
  identities: z._default(z.record(z.string(), z.enum(['email', 'phone', 'login', 'name', 'company', 'token', 'ip', 'date'])), {}),
  sources: z.record(z.string(), source),
});

/** A policy as it is written, version 1. */
export type Policy = z.infer<typeof policy>;
export type SourcePolicy = z.infer<typeof source>;
export type TablePolicy = z.infer<typeof table>;

/**
 * @param fileName for messages
 * @throws DynDataError POLICY_INVALID naming every key that is wrong. Whether the rules fit a system is `compilePolicy`'s to say.
 */
export function parsePolicy(text: string, fileName: string): Policy {
  return parseYaml(policy, text, fileName, 'POLICY_INVALID');
}
