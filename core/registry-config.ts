import * as z from 'zod/mini';
import { isAddressBlock } from './address-block.ts';
import { parseYaml } from './documents.ts';
import { isRepository } from './names.ts';
import { retentionPolicySchema } from './retention.ts';
import { webhookEvents } from './webhook.ts';

const name = z.string().check(z.regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'a name of lower-case letters, digits, - and _ expected'));
const text = z.string().check(z.minLength(1));
const httpUrl = z
  .string()
  .check(z.refine((value) => /^https?:\/\/[^/]/.test(value) && URL.canParse(value), 'an http:// or https:// address expected'));
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
      endpoint: z.optional(httpUrl),
      region: text,
      bucket: text,
      prefix: z._default(z.string().check(z.regex(/^(?:[A-Za-z0-9._-]+\/)*$/, 'empty, or segments each ended by /')), ''),
      pathStyle: z._default(z.boolean(), false),
      accessKeyId: secret,
      secretAccessKey: secret,
      /** Encryption by the store of what is written, with its own key or one of its key service; the bucket's default where left out. */
      encryption: z.optional(
        z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('s3') }), z.strictObject({ kind: z.literal('kms'), keyId: text })]),
      ),
      /** Pulls of blobs are sent on to the store itself, with an address that is good for so long. */
      redirects: z.optional(
        z.strictObject({
          // What S3 allows at most is a week.
          expiresInSeconds: z._default(z.int().check(z.minimum(10), z.maximum(604_800)), 900),
          publicEndpoint: z.optional(httpUrl),
        }),
      ),
    }),
  }),
]);

const listen = z.strictObject({
  host: z._default(text, '127.0.0.1'),
  port: z._default(z.int().check(z.minimum(0), z.maximum(65535)), 5000),
  /** PEM files, relative to this file; read again when they change and on SIGHUP. */
  tls: z.optional(z.strictObject({ certFile: text, keyFile: text })),
  /** Proxies whose `X-Forwarded-*` and `X-Request-Id` are believed, as addresses or CIDR blocks. */
  trustedProxies: z._default(z.array(z.string().check(z.refine(isAddressBlock, 'an IP address or a CIDR block expected'))), []),
});

/** Where it is left out, the registry asks for no token and serves this machine only. */
const access = z.strictObject({
  /** A token's text (`dyn-data token generate`), stored as an admin's at the first start with it. */
  initialAdmin: z.optional(secret),
  /** Refused credentials of one client address, or for one token, after which a minute's pause is asked for. */
  failuresPerMinute: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 10),
  /** Of one token, or of one address without a token; twice as many at once. */
  requestsPerSecond: z._default(z.int().check(z.minimum(1), z.maximum(1_000_000)), 2_000),
});
const builderListen = z.strictObject({ host: z._default(text, '127.0.0.1'), port: z.int().check(z.minimum(0), z.maximum(65535)) });
const seconds = (least: number, most: number) => z.number().check(z.minimum(least), z.maximum(most));

const jobs = z.strictObject({
  /** Jobs at the same time: of each builder; without Redis of the registry, where no limit is the default. */
  concurrency: z.optional(z.int().check(z.minimum(1), z.maximum(64))),
  /** Jobs at the same time, of all builders. */
  globalLimit: z.optional(z.int().check(z.minimum(1), z.maximum(1000))),
  /** How often a job is tried at most while its failures may pass. */
  attempts: z.optional(z.int().check(z.minimum(1), z.maximum(20))),
  /** The pause after the first failure; it doubles up to ten minutes. */
  retryDelaySeconds: z.optional(seconds(0.01, 600)),
  /** After how long without a word a builder counts as lost. It gives up its jobs by itself after two thirds of it. */
  leaseSeconds: z._default(seconds(1, 600), 30),
  /** How long a builder that is being stopped lets its jobs go on. */
  graceSeconds: z._default(seconds(0, 86_400), 30),
});

const webhook = z.strictObject({
  name,
  url: z.string().check(z.regex(/^https?:\/\//, 'an http:// or https:// address expected')),
  /** Signs what is sent. */
  secret,
  /** All where left out. */
  events: z.optional(z.array(z.enum(webhookEvents)).check(z.minLength(1))),
});
export type WebhookConfig = z.infer<typeof webhook>;

const schema = z.strictObject({
  version: z.literal(1),
  listen: z._default(listen, { host: '127.0.0.1', port: 5000, trustedProxies: [] }),
  access: z.optional(access),
  storage,
  /** redis://… or rediss://…: with it jobs are in Redis, and any number of registries and builders share them. Also locks what is written to an S3 store without conditional writes. */
  redisUrl: z.optional(secret),
  /** Begins the name of everything in Redis: one for each group of registries that share a Redis. */
  redisPrefix: z._default(z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and - expected')), 'dyn-data'),
  jobs: z._default(jobs, { leaseSeconds: 30, graceSeconds: 30 }),
  /** Where a builder without a registry tells of its health and its metrics; nowhere where left out. Beyond the loopback it needs `access`. */
  builder: z._default(z.strictObject({ listen: z.optional(builderListen) }), {}),
  webhooks: z._default(z.array(webhook), []),
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
