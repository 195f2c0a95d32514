import * as z from 'zod/mini';
import { isScope, roles } from './access.ts';
import { type Digest, digestOf, digestPattern } from './digest.ts';
import { tokenIdPattern } from './token-text.ts';

const digest = z.string().check(z.regex(digestPattern)) as unknown as z.ZodMiniType<Digest>;
const time = z.iso.datetime();

export const tokenIdSchema = z.string().check(z.regex(tokenIdPattern, 'the id of a token expected'));
/** Shown in lists and in the audit log. */
const tokenName = z
  .string()
  .check(z.regex(/^[\w][\w .@+-]{0,99}$/, 'a name of letters, digits, spaces, ., _, @, + and -, at most 100, expected'));
const scopes = z
  .array(z.string().check(z.refine(isScope, 'a repository, a prefix as team/*, or * expected')))
  .check(z.minLength(1), z.maxLength(100));

/** A token as it is stored: hashes, never a secret. Ids are never used twice, so a revoked token's record stays. */
export const tokenRecordSchema = z.strictObject({
  version: z.literal(1),
  id: tokenIdSchema,
  name: tokenName,
  role: z.enum(roles),
  repositories: scopes,
  createdAt: time,
  /** Name of who made it. */
  createdBy: z.string(),
  expiresAt: z.optional(time),
  revokedAt: z.optional(time),
  /** The one in force last; an earlier one until its own end, while a rotation's overlap lasts. */
  secrets: z.array(z.strictObject({ hash: digest, createdAt: time, expiresAt: z.optional(time) })).check(z.minLength(1), z.maxLength(8)),
});
export type TokenRecord = z.infer<typeof tokenRecordSchema>;

/** A token as it is shown. */
export const tokenViewSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  role: z.enum(roles),
  repositories: z.array(z.string()),
  state: z.enum(['active', 'expired', 'revoked']),
  createdAt: z.string(),
  createdBy: z.string(),
  expiresAt: z.optional(z.string()),
  revokedAt: z.optional(z.string()),
  /** Up to an hour behind. */
  lastUsedAt: z.optional(z.string()),
  secrets: z.array(z.strictObject({ createdAt: z.string(), expiresAt: z.optional(z.string()) })),
});
export type TokenView = z.infer<typeof tokenViewSchema>;

/** Names what people made of a token: another one after each rotation and after its end. */
export function tokenVersion({ createdAt, revokedAt, secrets }: TokenRecord | TokenView): Digest {
  return digestOf(JSON.stringify([createdAt, revokedAt ?? null, secrets.map((secret) => [secret.createdAt, secret.expiresAt ?? null])]));
}

/** The only answer that holds a token's text. */
export const issuedTokenSchema = z.strictObject({ token: tokenViewSchema, text: z.string() });
export type IssuedToken = z.infer<typeof issuedTokenSchema>;

export const createTokenSchema = z.strictObject({
  name: tokenName,
  role: z.enum(roles),
  repositories: scopes,
  expiresAt: z.optional(time),
});
export type CreateToken = z.infer<typeof createTokenSchema>;

const longestOverlapSeconds = 30 * 86_400;
/** How long the secrets of before still open: 0 ends them at once. */
export const rotateTokenSchema = z.strictObject({
  overlapSeconds: z.int().check(z.minimum(0), z.maximum(longestOverlapSeconds)),
});

/** Who asks, as `GET /api/v1/identity` tells it. `local`: the registry asks for no token, and serves this machine only. */
export const identitySchema = z.strictObject({
  kind: z.enum(['token', 'local']),
  id: z.optional(z.string()),
  name: z.string(),
  role: z.enum(roles),
  repositories: z.array(z.string()),
  expiresAt: z.optional(z.string()),
});
export type Identity = z.infer<typeof identitySchema>;

/** `etag` for a conditional replacement. */
export type TokenState = { readonly record: TokenRecord; readonly etag: string };

/**
 * The tokens of a registry. Contract (test/contracts/token-store.ts): what `get` gives is the stored state of this moment, never a
 * remembered one, so that a revocation holds for every replica as soon as it is written; a record is replaced only by who knows its
 * latest state; uses are noted apart, so that noting one can never bring an older record back.
 * @throws DynDataError as the object store does, and CONFLICT.
 */
export type TokenStore = {
  get(id: string, signal?: AbortSignal): Promise<TokenState | undefined>;
  /** In the order of their ids. */
  list(options?: { readonly after?: string; readonly signal?: AbortSignal }): AsyncIterable<TokenRecord>;
  /** @throws CONFLICT where the id is taken. */
  create(record: TokenRecord, signal?: AbortSignal): Promise<void>;
  /** @throws CONFLICT where the record is not what was read any more. */
  replace(record: TokenRecord, etag: string, signal?: AbortSignal): Promise<void>;
  lastUse(id: string, signal?: AbortSignal): Promise<string | undefined>;
  noteUse(id: string, at: string, signal?: AbortSignal): Promise<void>;
};
