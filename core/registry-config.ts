import * as z from 'zod/mini';
import { parseYaml } from './documents.ts';
import { isRepository } from './references.ts';
import { retentionPolicySchema } from './retention.ts';

const name = z.string().check(z.regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'a name of lower-case letters, digits, - and _ expected'));
const text = z.string().check(z.minLength(1));
const port = z.int().check(z.minimum(1), z.maximum(65535));

/** A secret is never written in the file: it is in an environment variable or in a file of its own. */
const secret = z.union([z.strictObject({ env: text }), z.strictObject({ file: text })]);
export type SecretReference = z.infer<typeof secret>;

const mysql = z.strictObject({
  kind: z.literal('mysql'),
  host: text,
  port: z._default(port, 3306),
  user: text,
  password: secret,
  databases: z.array(text).check(z.minLength(1)),
});
const postgres = z.strictObject({
  kind: z.literal('postgres'),
  host: text,
  port: z._default(port, 5432),
  user: text,
  password: secret,
  database: text,
  /** The command that stands for `pg_dump`, at least as new as the server; its arguments are appended, the connection is given in PG* variables. */
  pgDump: z._default(z.array(text).check(z.minLength(1)), ['pg_dump']),
});
const ldap = z.strictObject({
  kind: z.literal('ldap'),
  url: z.string().check(z.regex(/^ldaps?:\/\//, 'an ldap:// or ldaps:// address expected')),
  bindDn: text,
  password: secret,
  /** Naming context to extract, or several of the same server. */
  base: z.union([text, z.array(text).check(z.minLength(1))]),
});
const source = z.discriminatedUnion('kind', [mysql, postgres, ldap]);

const environment = z.strictObject({
  /** Repository of its data images. */
  repository: z.string().check(z.refine(isRepository, 'a repository name expected')),
  /** Policy file, relative to this file. */
  policy: text,
  /** The anonymization key: 32 random bytes as 64 hexadecimal digits. */
  key: secret,
  /**
   * The key that takes over: where it is given, new snapshots are made with it and `key` is only compared with it. Pseudonyms of the two
   * keys do not agree; the manifest's key id says which snapshot has which. Move it to `key` once no older snapshot is used any more.
   */
  nextKey: z.optional(secret),
  /** Refuses a snapshot that is not whole of one point in time, instead of saying so in its manifest. */
  strict: z._default(z.boolean(), false),
  /** Which of its snapshots stay; all, where it is left out. */
  retention: z.optional(retentionPolicySchema),
  /** In this order their points in time are taken and their data is written. */
  sources: z.record(name, source),
});

const defaultGraceHours = 24;

const storage = z.union([
  z.strictObject({ folder: text }),
  z.strictObject({
    s3: z.strictObject({
      endpoint: z.optional(text),
      region: text,
      bucket: text,
      prefix: z._default(z.string().check(z.regex(/^(?:[A-Za-z0-9._-]+\/)*$/, 'empty, or segments each ended by /')), ''),
      pathStyle: z._default(z.boolean(), false),
      accessKeyId: secret,
      secretAccessKey: secret,
    }),
  }),
]);

const schema = z.strictObject({
  version: z.literal(1),
  listen: z._default(
    z.strictObject({ host: z._default(text, '127.0.0.1'), port: z._default(z.int().check(z.minimum(0), z.maximum(65535)), 5000) }),
    {
      host: '127.0.0.1',
      port: 5000,
    },
  ),
  storage,
  /** What the collector leaves alone: what was written, or reached, less than this ago. Longer than any build or push takes. */
  collector: z._default(z.strictObject({ graceHours: z._default(z.number().check(z.positive()), defaultGraceHours) }), {
    graceHours: defaultGraceHours,
  }),
  environments: z.record(name, environment),
});

/** The registry's configuration file. */
export type RegistryConfig = z.infer<typeof schema>;

export type SourceConfig = z.infer<typeof source>;
export type MysqlSourceConfig = z.infer<typeof mysql>;
export type PostgresSourceConfig = z.infer<typeof postgres>;
export type LdapSourceConfig = z.infer<typeof ldap>;
export type StorageConfig = z.infer<typeof storage>;

/** @throws DynDataError CONFIG_INVALID */
export function parseRegistryConfig(yaml: string, fileName: string): RegistryConfig {
  return parseYaml(schema, yaml, fileName);
}
