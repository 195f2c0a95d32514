import type { AlikeValues, CompiledPolicy, DefinitionsPlan, ForeignKey, LiveSource } from '../anonymizers/index.ts';
import type { ManifestSource, SourceKind } from '../core/index.ts';
import type { ByteBuffer } from './byte-buffer.ts';
import type { WatchSink } from './leak-scan/scan-thread-client.ts';
import type { Sample } from './sample.ts';

/** The source's point in time, as it was reached. */
export type Point = {
  readonly at: Date;
  readonly consistency: ManifestSource['consistency'];
  /** GTID set, LSN or contextCSN as the server prints it. */
  readonly position: string;
  /** How long writers may have been held back; 0 where no lock was taken. */
  readonly lockedMs: number;
};

/** A file of the snapshot that is no data: SQL run before or after the rows. */
export type SchemaFile = { readonly name: string; readonly text: string };

/**
 * One table (or naming context) on its way into chunks. `R` is a record of this source, a row or an entry as it was received; `M` is what
 * masking makes of it. Records come in key order, so that chunks can be cut where they were cut yesterday.
 */
export type Extraction<R, M = R> = {
  readonly schema: string;
  readonly name: string;
  /** The statement that loads one chunk; see ManifestTable.load. */
  readonly load: string;
  /** Names of the columns; of a directory the attributes in use, the dropped ones too. */
  readonly columns: readonly string[];
  readonly fileExtension: 'tsv' | 'ldif';
  /** By the server's own statistics. */
  readonly estimatedRows: number;
  /**
   * What can be read at once, in the order of the key; one part where rows need to come one after another. All parts go through the same `mask`
   * and `encode`: a record is masked and encoded before anything is awaited.
   */
  readonly parts: readonly ExtractionPart<R>[];
  /** The record as it may leave this process; valid until the next one is masked. */
  mask(record: R): M;
  /** Appends the canonical encoding of a masked record. */
  encode(record: M, out: ByteBuffer): void;
  /** What decides where chunks are cut: 32 bits of the masked key; absent where there is none and the whole record decides. */
  readonly keyHash?: (record: M) => number;
  /**
   * Sortable file-name prefix for a chunk that starts with this record, a function of the record alone so that it stays the same when
   * other chunks come and go; undefined to number the chunks.
   */
  order(record: M): string | undefined;
  /** Records of different streams never share a chunk, and all streams are open at once (LDAP: by depth, those of an empty directory first). One stream for tables. */
  stream(record: M): number;
  /** Whether `up --empty` carries what is in the stream. */
  isReference(stream: number): boolean;
};

export type ExtractionPart<R> = {
  /** Where it begins: tells it from the other parts, and stays the same while it does. Empty for the first. */
  readonly start: string;
  /** Batches of records, unmasked: they live in memory only, and each only until the next batch is asked for. */
  read(signal: AbortSignal): AsyncIterable<readonly R[]>;
};

/** An extraction of some record type; the pipeline is generic in each table and forgets the type between them. */
export type AnyExtraction = {
  use<T>(consumer: <R, M>(extraction: Extraction<R, M>) => T): T;
  readonly schema: string;
  readonly name: string;
  readonly estimatedRows: number;
  /** How many parts it has. */
  readonly partCount: number;
};

export function anyExtraction<R, M>(extraction: Extraction<R, M>): AnyExtraction {
  return {
    use: (consumer) => consumer(extraction),
    schema: extraction.schema,
    name: extraction.name,
    estimatedRows: extraction.estimatedRows,
    partCount: extraction.parts.length,
  };
}

/** What `describe` found: for the policy compiler, and for the snapshot. */
export type Description = {
  readonly live: LiveSource;
  readonly databases: ManifestSource['databases'];
  /** The structure without what the policy leaves out of it; called once, before any row is read. */
  files(plan: DefinitionsPlan, signal: AbortSignal): Promise<SchemaFiles>;
};

export type SchemaFiles = {
  readonly before: readonly SchemaFile[];
  readonly after: readonly SchemaFile[];
  /** For single tables, what makes their secondary indexes when their rows are loaded; see ManifestTable.indexes. */
  readonly indexes?: readonly { readonly schema: string; readonly name: string; readonly file: SchemaFile }[];
};

/** Of a directory, `column` is an attribute, and the others are empty. */
export type ColumnPlace = { readonly schema: string; readonly table: string; readonly column: string };

/** What is asked of a unique key: see AlikeValues. */
export type AskedAlike = Pick<AlikeValues, 'folds' | 'leaf' | 'within' | 'equalNulls' | 'caseTells'>;

/** Groups of values that are alike, at most, and pairs of those that are spelled otherwise. */
export const mostGroups = 100_000;

export type ColumnSurvey = {
  /** Some values, none of them NULL: from both ends of the table and from places in between. */
  values(place: ColumnPlace, signal: AbortSignal): Promise<readonly Uint8Array[]>;
  /** How many different values, counted up to `mostValues`, in how many rows with a value, counted up to `mostRows`. */
  count(
    place: ColumnPlace,
    mostValues: number,
    mostRows: number,
    signal: AbortSignal,
  ): Promise<{ readonly values: number; readonly rows: number }>;
  /**
   * Groups of different values of a unique key that are the same without case, accents, white space and signs: more than a rule may take for
   * one, so that none of those is missing. Each value stands in one group; up to a bound of many groups. None of a directory, which has no unique keys.
   */
  alike(place: ColumnPlace, by: AskedAlike, signal: AbortSignal): Promise<readonly (readonly Uint8Array[])[]>;
  /**
   * Values of one column of a foreign key, each with the one it refers to, where the key takes both for one and their bytes differ: no pair
   * twice, up to a bound of many. None of a directory, which has no foreign keys.
   */
  spellings(place: ColumnPlace, by: ForeignKey, signal: AbortSignal): Promise<readonly (readonly [Uint8Array, Uint8Array])[]>;
};

/**
 * An open connection (or several) to one live source. Order of calls: `openPoint`, `describe`, `extractions`, then at the end `changed`.
 * Disposing ends all transactions and connections; nothing is ever written to a source.
 * @throws DynDataError SOURCE_UNREACHABLE, SOURCE_AUTH_FAILED, SOURCE_PERMISSION_DENIED, SOURCE_UNSUPPORTED, SOURCE_INCONSISTENT, SOURCE_FAILED,
 * SOURCE_LOST where a connection that had been opened is gone.
 */
export type SourceSession = AsyncDisposable & {
  readonly name: string;
  readonly kind: SourceKind;
  readonly server: ManifestSource['server'];
  /** How many parts of extractions may be read at once. */
  readonly parallelism: number;
  openPoint(signal: AbortSignal): Promise<Point>;
  describe(signal: AbortSignal): Promise<Description>;
  /** Reads the real values that the leak scan watches, at the point, and keeps none; before any extraction is read, and perhaps while the source is surveyed. */
  observe(policy: CompiledPolicy, sink: WatchSink, signal: AbortSignal): Promise<void>;
  /**
   * Asks of a directory's entries, at the point, whether the policy names each as its DN does; `observe` asks it too.
   * @throws DynDataError POLICY_INVALID
   */
  checkNames?(policy: CompiledPolicy, signal: AbortSignal): Promise<void>;
  extractions(policy: CompiledPolicy): AnyExtraction[];
  /** Up to `rows` records from either end of each table, at the point; of a directory up to `rows` of each kind of entry. After `describe`. */
  sample(rows: number, signal: AbortSignal): AsyncIterable<Sample>;
  /**
   * Lets bounded questions about the values of columns be asked, at the point, after `describe`. Until the asking has ended they have a connection
   * to themselves: `observe` goes on beside them with the others, or, of a source that has only one, behind them.
   */
  survey<T>(ask: (questions: ColumnSurvey) => Promise<T>): Promise<T>;
  /**
   * After SOURCE_LOST from reading an extraction: opens again what was lost of the connections. False where the point went with them, so that
   * the source has to be opened anew. Reading the extraction again then gives the same records.
   * @throws DynDataError SOURCE_UNREACHABLE, SOURCE_LOST where the server does not answer yet.
   */
  recover(signal: AbortSignal): Promise<boolean>;
  /** True where the source has no snapshots and changed since `openPoint`; then everything is read again from a new point. */
  changed(signal: AbortSignal): Promise<boolean>;
};
