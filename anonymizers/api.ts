import type { Digest, SourceKind } from '../core/index.ts';

/** A value as the server gives it: the text form of a textual, numeric or temporal type, the raw bytes of a binary one; null for NULL. */
export type Value = Uint8Array | null;

/** What the compiler and an anonymizer must know of a column before any row is read. */
export type LiveColumn = {
  readonly name: string;
  /** What the value's bytes are. `text` is UTF-8, `json` is UTF-8 JSON, `binary` is raw. The others are the server's text form. */
  readonly type:
    | 'text'
    | 'json'
    | 'binary'
    | 'integer'
    | 'decimal'
    | 'float'
    | 'boolean'
    | 'bit'
    | 'date'
    | 'time'
    | 'datetime'
    | 'year'
    | 'enum'
    | 'set'
    | 'uuid'
    | 'other';
  /** The type as the server spells it, for messages. */
  readonly sqlType: string;
  readonly nullable: boolean;
  /** In characters for text, in bytes for binary; absent where unlimited. */
  readonly maxLength?: number;
  /** True where the column alone is a primary or unique key. */
  readonly unique: boolean;
};

/** Columns are those that are stored: generated columns are not listed, since they are never extracted. */
export type LiveTable = { readonly schema: string; readonly name: string; readonly columns: readonly LiveColumn[] };

export type LiveSource =
  | { readonly name: string; readonly kind: Exclude<SourceKind, 'ldap'>; readonly tables: readonly LiveTable[] }
  /** Attribute descriptions in use, operational ones too, as the server spells them (`cn`, `userCertificate;binary`); found without reading values. */
  | { readonly name: string; readonly kind: 'ldap'; readonly base: string; readonly attributes: readonly string[] };

export type TablePlan = {
  /** `none`: the table is carried empty. */
  readonly rows: 'all' | 'none';
  /** Carried by `up --empty` too. */
  readonly reference: boolean;
  /** Per column, in the order of LiveTable.columns: true where the value leaves as it came. */
  readonly kept: readonly boolean[];
  /**
   * Anonymizes one row in place; `row` has the order of LiveTable.columns. Kept columns are not touched.
   * @throws DynDataError DATA_UNMASKABLE naming source, table and column (never the value) where a value cannot be decided.
   */
  transform(row: Value[]): void;
};

/** An LDAP entry; attribute descriptions as the server spells them, values raw. */
export type DirectoryEntry = { readonly dn: string; readonly attributes: ReadonlyMap<string, readonly Uint8Array[]> };

export type DirectoryPlan = {
  /** The anonymized entry, its DN and all DN-valued attributes rewritten by one mapping; dropped attributes are absent. */
  transform(entry: DirectoryEntry): DirectoryEntry;
  /** The same mapping alone, for any DN below the base. */
  mapDn(dn: string): string;
};

/** Policy × live schema, compiled and validated: nothing in it can be undecided. */
export type CompiledPolicy = {
  readonly policyDigest: Digest;
  readonly keyId: string;
  table(source: string, schema: string, table: string): TablePlan;
  directory(source: string): DirectoryPlan;
};
