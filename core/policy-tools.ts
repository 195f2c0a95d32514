import * as z from 'zod/mini';
import { manifestPlaceSchema } from './manifest.ts';
import { largestPreview } from './policy-preview.ts';

const name = z.string();

/** What the policy does at one place: a column of a table, a text of the structure, an LDAP attribute, or a part of a DN. */
const plannedPlace = z.strictObject({
  source: name,
  /** `schema.table`, or `structure`; for LDAP `attributes`, `class NAME` or `dn`. */
  section: name,
  /** Column or attribute; of the structure what and on what, such as `view shop.active`; empty for a table that is carried empty. */
  name,
  /** As the server spells it; absent for LDAP. */
  type: z.optional(name),
  /** The rule in force, as the policy would write it on one line; absent where nothing decides the place. */
  rule: z.optional(name),
});
export type PlannedPlace = z.infer<typeof plannedPlace>;

/** What the source has and the newest snapshot has not, or the other way round. */
const driftChange = z.strictObject({
  /** `changed`: a text of the structure that is another one. */
  change: z.enum(['new', 'gone', 'changed']),
  /** `path`: in the documents of a column or an attribute, as far as documents were looked at. `text`: of the structure. */
  what: z.enum(['source', 'table', 'column', 'attribute', 'path', 'text']),
  /** For example `mysql dynamease.users.email`, `ldap attribute mail`, `mysql dynamease.users.settings $.theme` or `mysql view shop.active`. */
  place: name,
});
export type DriftChange = z.infer<typeof driftChange>;

/** The policy held against the live systems. No data in it: names of columns and rules only. */
export const policyCheckSchema = z.strictObject({
  version: z.literal(1),
  environment: name,
  /** As the registry's configuration names it. */
  policyFile: name,
  plan: z.array(plannedPlace),
  /** What a build would write of the plan into the manifest, as far as it is decided. Absent where the registry is older. */
  recorded: z.optional(
    z.strictObject({
      /** The policy's digest. */
      policy: name,
      sources: z.array(z.strictObject({ name, places: z.array(manifestPlaceSchema) })),
    }),
  ),
  /** Rules that do not fit the systems. */
  invalid: z.array(name),
  /** Places that no rule decides. */
  undecided: z.array(name),
  /** Lines of YAML that decide them, to be looked at and merged into the policy. */
  patch: z.array(name),
  drift: z.strictObject({
    /** The newest snapshot of the environment; absent where there is none. */
    since: z.optional(
      z.strictObject({
        digest: name,
        takenAt: name,
        /** Whether that snapshot was made by another policy, ready-made ones that it includes as they were then. */
        policyChanged: z.optional(z.boolean()),
      }),
    ),
    changes: z.array(driftChange),
  }),
});
export type PolicyCheck = z.infer<typeof policyCheckSchema>;

export const policyTextSchema = z.strictObject({ version: z.literal(1), environment: name, policyFile: name, text: name });
export type PolicyText = z.infer<typeof policyTextSchema>;

export const policySuggestionSchema = z.strictObject({
  version: z.literal(1),
  environment: name,
  /** YAML with its reasons as comments. */
  text: name,
  decided: z.int(),
  undecided: z.int(),
});
export type PolicySuggestion = z.infer<typeof policySuggestionSchema>;

export const policyPreviewRequestSchema = z.strictObject({
  /** Of each table. */
  rows: z.int().check(z.minimum(1), z.maximum(largestPreview)),
});

/** Real values beside their replacements. It goes to the operator's terminal and nowhere else. */
export const policyPreviewSchema = z.strictObject({
  version: z.literal(1),
  environment: name,
  tables: z.array(
    z.strictObject({
      source: name,
      section: name,
      rows: z.array(z.array(z.strictObject({ name, before: z.nullable(name), after: z.nullable(name) }))),
      /** Why a row could not be shown; one line for each such row. */
      problems: z.array(name),
    }),
  ),
});
export type PolicyPreview = z.infer<typeof policyPreviewSchema>;

/**
 * Help for whoever writes a policy. Everything reads inside one point in time of the sources; sampled values stay in memory.
 * @throws DynDataError ENVIRONMENT_UNKNOWN, SECRET_MISSING, POLICY_INVALID for a policy that cannot be parsed, those of the sources,
 * CANCELLED.
 */
export type PolicyTools = {
  /** The JSON Schema of a policy file, for editors: of the language that these tools read. */
  schema(): Readonly<Record<string, unknown>>;
  /** The policy file as it stands. */
  text(environment: string): Promise<PolicyText>;
  /** A starting policy out of the live schema and a bounded sample. Neither policy nor key need exist yet. */
  suggest(environment: string, signal: AbortSignal): Promise<PolicySuggestion>;
  check(environment: string, signal: AbortSignal): Promise<PolicyCheck>;
  /** @throws POLICY_UNDECIDED, POLICY_INVALID: rows can only be shown by a policy that a build would take. */
  preview(environment: string, rows: number, signal: AbortSignal): Promise<PolicyPreview>;
};
