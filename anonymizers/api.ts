import type { Digest, SourceKind } from '../core/index.ts';
import type { AccountPermutationKey } from './account-permutations.ts';
import type { Watch } from './leak-rules.ts';
import type { PhonePermutationKey } from './phone-permutation.ts';
import type { Rule } from './policy.ts';
import type { RowIdentities } from './prose/identity-rules.ts';
import type { KnownIdentities } from './prose/known-identities.ts';
import type { LeakFacts } from './watch.ts';

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
  /** What the column's character set can hold; absent where that is all of Unicode. */
  readonly charset?: 'ascii' | 'latin1';
  /** Of an enumeration whose type does not spell them, or of an array of such. */
  readonly labels?: readonly string[];
  /** Of a type that is made of another one (PostgreSQL): how, and how the server spells that one. */
  readonly madeOf?: { readonly form: 'array' | 'range' | 'multirange'; readonly sqlType: string };
  /** True where its values are compared with regard to case. */
  readonly exactCase?: boolean;
  /** Of text: true where values are equal only if their bytes are. */
  readonly exactBytes?: boolean;
};

/** `columns` refer to `targetColumns` of another table, one to one. Where that table belongs to another source, it is not listed. */
export type ForeignKey = {
  readonly columns: readonly string[];
  readonly schema: string;
  readonly table: string;
  readonly targetColumns: readonly string[];
};

export type UniqueKey = {
  /** Those that are stored: its own, and those that its expressions and generated columns are computed from. */
  readonly columns: readonly string[];
  /** False where only the first characters of a column count, so that different values can still collide. */
  readonly wholeValues: boolean;
  /** By column, what an expression or a generated column of it takes of its values; none for a column that stands in it as it is. */
  readonly computed?: Readonly<Record<string, ComputedKey>>;
  /** True where two rows with NULL are alike to it. */
  readonly equalNulls?: boolean;
};

/**
 * `folded` compares whole values without regard to case or blanks around them, `chosen` puts them together or another value in the place of one,
 * `part` may compare a part of a value only, and `leaf` one path of a document, as a policy writes it.
 */
export type ComputedKey = 'folded' | 'chosen' | 'part' | { readonly leaf: string };

/** Columns are those that are stored: generated columns are not listed, since they are never extracted. */
export type LiveTable = {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly LiveColumn[];
  /** Indexes into `columns` of what rows are read in the order of: the primary key, or a unique one without NULLs. */
  readonly key?: readonly number[];
  readonly uniqueKeys?: readonly UniqueKey[];
  readonly foreignKeys?: readonly ForeignKey[];
};

/** A text in the structure that can hold personal data too. */
export type LiveDefinition = {
  readonly kind:
    | 'comment'
    | 'default'
    | 'view'
    | 'routine'
    | 'trigger'
    | 'event'
    | 'rule'
    | 'setting'
    | 'publication'
    | 'subscription'
    | 'security label';
  /** `schema.table`, `schema.table.column`, or `schema.name` of a program. */
  readonly name: string;
  /** Twelve hexadecimal digits of the text's digest, to see whether it is still what somebody looked at. */
  readonly digest: string;
  /** False where the builder cannot leave it out. */
  readonly droppable: boolean;
  /** What the server says cannot be without it: names of other definitions, or in words. */
  readonly neededBy?: readonly string[];
  /** False where no snapshot can hold it, so that it can only be dropped. */
  readonly carried?: boolean;
};

export type LiveSource =
  | {
      readonly name: string;
      readonly kind: Exclude<SourceKind, 'ldap'>;
      readonly tables: readonly LiveTable[];
      readonly definitions?: readonly LiveDefinition[];
    }
  | {
      readonly name: string;
      readonly kind: 'ldap';
      /** Naming contexts. */
      readonly bases: readonly string[];
      /** Descriptions in use, operational ones too, as the server spells them (`cn`, `userCertificate;binary`); found without reading values. */
      readonly attributes: readonly string[];
      /** Attribute types of DN syntax, by every name that they have, in lower case; beside the standard ones, which need not be listed. */
      readonly dnAttributes?: readonly string[];
      /** Canonical types in the names of entries below the bases. */
      readonly namingTypes?: readonly string[];
    };

/** A column or an attribute whose rules stand at paths; `metPaths` tells of each whether `transform` has met a value there. */
export type DecidedDocuments = { readonly column: string; readonly metPaths: () => ReadonlyMap<string, boolean> };

export type TablePlan = {
  /** `none`: the table is carried empty. */
  readonly rows: 'all' | 'none';
  /** SQL of the policy that chooses rows at the source; trusted as the policy is. */
  readonly where?: string;
  /** Chooses rows by their real values, before `transform`; absent where all are taken. */
  readonly takes?: (row: readonly Value[]) => boolean;
  /** Carried by `up --empty` too. */
  readonly reference: boolean;
  /** Per column, in the order of LiveTable.columns: true where the value leaves as it came. */
  readonly kept: readonly boolean[];
  /** Per column: true where `transform` looks at the value, to replace it or another column's. */
  readonly reads: readonly boolean[];
  /** True where what a row gets depends on the rows before it. */
  readonly inOrder: boolean;
  /** For the leak scan, per column. */
  readonly leaks: readonly (LeakFacts | undefined)[];
  /** For prose elsewhere: whom the rows name. Absent where they name nobody. */
  readonly identities?: RowIdentities;
  /** Columns that are decided path by path; absent where there are none. */
  readonly documents?: readonly DecidedDocuments[];
  /**
   * Anonymizes one row in place; `row` has the order of LiveTable.columns. Kept columns are not touched.
   * @throws DynDataError DATA_UNMASKABLE naming source, table and column (never the value) where a value cannot be decided.
   */
  transform(row: Value[]): void;
};

/** An LDAP entry; attribute descriptions as the server spells them, values raw. */
export type DirectoryEntry = { readonly dn: string; readonly attributes: ReadonlyMap<string, readonly Uint8Array[]> };

export type DirectoryPlan = {
  /** A search filter of the policy; absent where all entries are taken. */
  readonly where?: string;
  /** The anonymized entry, its DN and all DN-valued attributes rewritten by one mapping; dropped attributes are absent. */
  transform(entry: DirectoryEntry): DirectoryEntry;
  /** Whether `up --empty` carries the entry, as it is at the source; never without its parent. */
  isReference(entry: DirectoryEntry): boolean;
  /** Attributes that are decided path by path, by any of their rules; absent where there are none. */
  readonly documents?: readonly DecidedDocuments[];
  /** The same mapping alone, for any DN below the base. */
  mapDn(dn: string): string;
  /**
   * For the leak scan: the attributes to read (those with real values to watch, and those that tell which rules are an entry's; none where
   * nothing is watched), how to take the values out of an entry, and what is known of an attribute: of each rule that it can have in some entry.
   */
  readonly leaks: {
    readonly attributes: readonly string[];
    observe(entry: DirectoryEntry, watch: Watch): void;
    factsOf(description: string): readonly LeakFacts[];
  };
  /**
   * To be asked of every entry before one is taken, where rules of some entries differ: the attributes to read, and what is wrong with an entry's
   * name, in words without a value. Absent where the plan alone says that none is.
   */
  readonly names?: { readonly attributes: readonly string[]; wrong(entry: DirectoryEntry): string | undefined };
  /** For prose elsewhere: the attributes to read, and how to take out whom an entry names. Absent where entries name nobody. */
  readonly identities?: {
    readonly attributes: readonly string[];
    observe(entry: DirectoryEntry, known: KnownIdentities): void;
  };
};

/** What happens to the structure's own texts. */
export type DefinitionsPlan = {
  readonly comments: 'keep' | 'drop';
  /** @param name of a view, routine, trigger or event, as in LiveDefinition */
  drops(name: string): boolean;
};

/** The paths of a document whose leaves stay visibly equal where they are equal, as the policy writes them, each with the name of its rule. */
export type KeyedLeaves = {
  readonly rules: ReadonlyMap<string, string>;
  /** Goes through a document; `leaf` is valid until `see` returns. */
  visit(value: Uint8Array, see: (path: string, leaf: Uint8Array) => void): void;
};

/** Values of one unique key that a rule may not be able to tell apart; see `Made.folds`. */
export type AlikeValues = {
  readonly rule: string;
  readonly folds: 'blanks' | 'signs';
  /** Of documents: the path whose values the key holds, as the key writes it. */
  readonly leaf?: string;
  /** The other columns of the key: values are alike only where these are equal. */
  readonly within: readonly string[];
  /** Whether NULL in one of those is equal to NULL. */
  readonly equalNulls: boolean;
  /** False where the key itself takes values for one that differ in case alone. */
  readonly caseTells: boolean;
  /** The same for values that the rule gives the same result, as far as that is known without their rows. */
  keyOf(value: Uint8Array): string;
};

/** Values of a foreign key that may be spelled otherwise than those they refer to, which its rule may not take for one. */
export type OtherSpellings = {
  readonly rule: string;
  /** The column that is asked of is one of its. */
  readonly foreignKey: ForeignKey;
  /** As in AlikeValues. */
  keyOf(value: Uint8Array): string;
};

/** What must be known of a column's values, and is asked of the source, before the build takes a row. */
export type Survey = {
  readonly source: string;
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly place: string;
  /** The key under which the policy names the table; absent for an attribute of a directory, whose schema and table are empty. */
  readonly tableKey?: string;
  /** Paths in a document that no rule decides, as they are written in a policy: of its structure only. Absent for what is no document. */
  readonly undecidedPaths?: (value: Uint8Array) => readonly string[];
  /** The rule that a patch proposes for a path. */
  suggestFor(path: string): Rule;
  /** The rule's name where equal values stay visibly equal, so that few distinct values would be told by how often they occur. */
  readonly fewValuesRefused?: string;
  /** Of a document: the same of its leaves. Without those that the policy lets stand in writing. */
  readonly keyedLeaves?: KeyedLeaves;
  /** Where the column is of a unique key that its rule could break. */
  readonly alike?: AlikeValues;
  /** Where the column is of a foreign key that its rule could break. */
  readonly otherSpellings?: OtherSpellings;
};

/** Something a rule would refuse, let stand by the policy in writing. */
export type Exemption = { readonly place: string; readonly rule: string; readonly reason: string };

/** Policy × live schema, compiled and validated: nothing in it can be undecided. */
export type CompiledPolicy = {
  readonly policyDigest: Digest;
  readonly keyId: string;
  table(source: string, schema: string, table: string): TablePlan;
  directory(source: string): DirectoryPlan;
  definitions(source: string): DefinitionsPlan;
  readonly surveys: readonly Survey[];
  /** What the policy itself writes into the output: constants, and the development password's hashes. */
  readonly literals: readonly Uint8Array[];
  /** How it replaces phone numbers, each way once. */
  readonly phonePermutations: readonly PhonePermutationKey[];
  /** How it replaces IBANs and card numbers, each way once. */
  readonly accountPermutations: readonly AccountPermutationKey[];
  /**
   * Whom prose can name: to be filled from the identities of all tables and directories before a row is transformed, and then completed. Absent
   * where no rule looks for them.
   */
  readonly known?: KnownIdentities;
  /** In the order of their places. */
  readonly exemptions: readonly Exemption[];
};
