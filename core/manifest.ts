import * as z from 'zod/mini';
import { canonicalJson, type JsonValue } from './canonical-json.ts';
import { type Digest, digestOf, digestPattern } from './digest.ts';
import { parseValue } from './documents.ts';
import { DynDataError } from './errors.ts';

/** The manifest's schema version. A change of shape or meaning raises it and adds a golden fixture; older versions stay readable. */
export const manifestSchemaVersion = 4;

const digest = z.string().check(z.regex(digestPattern, 'a digest expected')) as unknown as z.ZodMiniType<Digest>;
const count = z.int().check(z.nonnegative());
const name = z.string().check(z.minLength(1));
/** A path inside the image below `/snapshot/`, of safe segments only: nothing that climbs out, nothing absolute. */
const path = z
  .string()
  .check(z.regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._%~@=,+-]+(?:\/[A-Za-z0-9._%~@=,+-]+)*$/, 'a relative path expected'));

const file = z.strictObject({ path, digest, sizeBytes: count });

const chunk = z.strictObject({
  /** File name inside the table's directory; sorting the names gives the order of loading. */
  file: path,
  /** Of the canonical encoding, before compression. */
  digest,
  rows: count,
  /** Of the canonical encoding, before compression. */
  sizeBytes: count,
  /** Of the zstd frame in the image. */
  storedBytes: count,
  /**
   * Carried by `up --empty`: rows of a table that the policy calls `reference`, base entries of a directory. Absent in the others, and in versions
   * 1 and 2, which do not tell.
   */
  reference: z.optional(z.literal(true)),
});

const table = z.strictObject({
  /** Database (MySQL), schema (PostgreSQL) or naming context (LDAP). */
  schema: name,
  /** Table name; for LDAP the naming context again. */
  name,
  /** Directory below `/snapshot/`, no slash at its end. */
  path,
  rows: count,
  sizeBytes: count,
  /** The statement or command that loads one decompressed chunk from its standard input. */
  load: name,
  /** Columns, or the attributes in use, as they stood in the source: what a later check compares with. Absent in older manifests. */
  columns: z.optional(z.array(name)),
  /**
   * Of columns and attributes that the policy decides path by path: its paths with a value in what was carried, and those without one. Absent
   * where there are none, and before version 4.
   */
  documents: z.optional(z.array(z.strictObject({ column: name, met: z.array(name), unmet: z.array(name) }))),
  chunks: z.array(chunk),
  /**
   * SQL file that makes the table's secondary indexes: run when its rows are loaded and before the source's `after`; those of different
   * tables in any order, also at once. Absent where there are none to make, and in version 1, which makes all indexes in `before`.
   */
  indexes: z.optional(file),
});

const database = z.strictObject({
  name,
  /** What creates it empty: `CREATE DATABASE …`; for LDAP empty, since the naming context belongs to the server's configuration. */
  create: z.string(),
});

/** What the policy said of one place of the source. */
export const manifestPlaceSchema = z.strictObject({
  /** `schema.table`, or `structure`; for LDAP `attributes`, `class NAME`, `filter NUMBER` or `dn`. */
  section: name,
  /** Column or attribute; of the structure what and on what, such as `view shop.active`; empty for what is true of all rows of a table. */
  name: z.string(),
  /** On one line, as the policy would write it, without the real values that it asks for (`is` of `when`); `drop` where nothing is carried. */
  rule: name,
  /** Of a text of the structure that is carried: to tell whether it is still the same. */
  digest: z.optional(z.string().check(z.regex(/^[0-9a-f]{12}$/, 'twelve hexadecimal digits expected'))),
});

const source = z.strictObject({
  name,
  kind: z.enum(['mysql', 'ldap', 'postgres']),
  server: z.strictObject({ product: name, version: name }),
  consistency: z.strictObject({
    /** How the one point in time was reached: `global-read-lock`, `table-locks`, `position-compared`, `exported-snapshot`, `context-csn-compared`. */
    method: z.enum(['global-read-lock', 'table-locks', 'position-compared', 'exported-snapshot', 'context-csn-compared']),
    /** False where the source changed while it was read and the bound of retries was reached. */
    consistent: z.boolean(),
    /** Tables that no snapshot of this server can cover (non-transactional engines), as `schema.name`. */
    notCovered: z.array(name),
  }),
  databases: z.array(database),
  /** SQL files run before the rows are loaded, in order. */
  before: z.array(file),
  tables: z.array(table),
  /** SQL files run after the rows are loaded, in order. */
  after: z.array(file),
  /** Absent before version 4. */
  places: z.optional(z.array(manifestPlaceSchema)),
});

/** What the leak scan did: a snapshot with a finding that is not exempt is never made. Absent in snapshots of before it. */
const leakScan = z.strictObject({
  /** Different real values that were looked for, by what they are. */
  watched: z.strictObject({ email: count, phone: count, login: count, name: count, secret: count, value: count }),
  /** Different values too short or too common to be looked for, or made of short pieces only. */
  indistinct: count,
  /** How often a real phone, card or account number was met that is another one's pseudonym, and so tells nothing. */
  ambiguous: count,
  /** Values beyond the exact table, and how many of 10¹² other words pass for one of them. */
  overflow: count,
  falsePositivesPerTrillion: count,
  /** Of the canonical encoding of all rows and of the schema files. */
  scannedBytes: count,
  /** Findings that stop the build: always 0. */
  findings: z.literal(0),
  /** Findings that the policy allows. */
  exemptions: z.array(z.strictObject({ place: name, rule: name, reason: name, count })),
});

/** The whole manifest; docs/format.md names every field of it. */
export const manifestSchema = z.strictObject({
  schemaVersion: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(manifestSchemaVersion)]),
  tool: z.strictObject({ name: z.literal('dyn-data'), version: name }),
  environment: name,
  policy: z.strictObject({
    digest,
    /** What a rule would have refused, let stand by the policy in writing. Absent where nothing was. */
    exemptions: z.optional(z.array(z.strictObject({ place: name, rule: name, reason: name }))),
  }),
  /** Which anonymization key was used: a fingerprint, never the key. */
  key: z.strictObject({ id: name }),
  leakScan: z.optional(leakScan),
  /** In the order in which they were snapshotted. */
  sources: z.array(source),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestLeakScan = z.infer<typeof leakScan>;
export type ManifestSource = z.infer<typeof source>;
export type ManifestPlace = z.infer<typeof manifestPlaceSchema>;
export type ManifestTable = z.infer<typeof table>;
export type ManifestChunk = z.infer<typeof chunk>;
export type ManifestFile = z.infer<typeof file>;
export type SourceKind = ManifestSource['kind'];

/** A connection to a source, or its point in time, that was lost while it was read, and how the build went on. */
export const interruptionSchema = z.strictObject({
  /** RFC 3339, UTC. */
  at: z.string(),
  /** Which source and why. */
  reason: z.string(),
  /** `read-again`: what was being read through it, at the same point in time. `started-again`: all sources, from new points. */
  mended: z.enum(['read-again', 'started-again']),
});
export type Interruption = z.infer<typeof interruptionSchema>;

/**
 * What is true of a snapshot but would differ between two builds of the same data, so it is no part of the image: when, how far apart
 * the sources were, where the servers' logs stood. Kept in the catalog.
 */
export const provenanceSchema = z.strictObject({
  /** RFC 3339, UTC. */
  takenAt: z.string(),
  durationMs: count,
  /** Between the first and the last source's point in time. */
  skewMs: count,
  sources: z.array(
    z.strictObject({
      name,
      /** RFC 3339, UTC: the source's point in time. */
      pointAt: z.string(),
      /** GTID set and binary log position, WAL LSN, contextCSN: as the server prints it. */
      position: z.string(),
      /** How long writers were held back at most; 0 where no lock was taken. */
      lockedMs: count,
      /** Times the source was read again because it had changed. */
      retries: count,
    }),
  ),
  /** Absent where there was none. */
  interruptions: z.optional(z.array(interruptionSchema)),
});

/** The canonical bytes of a manifest; equal manifests have equal bytes. */
export function encodeManifest(value: Manifest): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value as unknown as JsonValue));
}

export function manifestDigest(value: Manifest): Digest {
  return digestOf(encodeManifest(value));
}

const versions: readonly unknown[] = [1, 2, 3, manifestSchemaVersion];

/**
 * @throws DynDataError MANIFEST_INVALID for anything that is not a manifest of a version this program knows.
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new DynDataError('MANIFEST_INVALID', 'The snapshot manifest is not JSON. Pull the snapshot again.', { cause });
  }
  if (typeof value === 'object' && value !== null && 'schemaVersion' in value && !versions.includes(value.schemaVersion)) {
    throw new DynDataError(
      'MANIFEST_INVALID',
      `The snapshot's format has version ${String(value.schemaVersion)}, this dyn-data reads the versions ${versions.join(', ')}. Use a dyn-data of the version that built the snapshot, or a newer one.`,
    );
  }
  return parseValue(manifestSchema, value, 'The snapshot manifest', 'MANIFEST_INVALID');
}

/** Totals over all sources. */
export function manifestTotals(value: Manifest): { tables: number; rows: number; sizeBytes: number; storedBytes: number; chunks: number } {
  const totals = { tables: 0, rows: 0, sizeBytes: 0, storedBytes: 0, chunks: 0 };
  for (const { tables } of value.sources) {
    for (const item of tables) {
      totals.tables += 1;
      totals.rows += item.rows;
      totals.sizeBytes += item.sizeBytes;
      totals.chunks += item.chunks.length;
      for (const { storedBytes } of item.chunks) totals.storedBytes += storedBytes;
    }
  }
  return totals;
}
