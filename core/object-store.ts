/** What a store knows of one object. `etag` changes whenever the key's bytes do and is compared only for equality. */
export type ObjectInfo = { readonly key: string; readonly sizeBytes: number; readonly etag: string };

/**
 * The same, and when the key's bytes were written last, by the store's own clock and to the second. `trace` changes with whatever touches the
 * bytes beneath the store, also where it hides that from the etag; absent where nothing but the etag can be known.
 */
export type ObjectState = ObjectInfo & { readonly modifiedAt: Date; readonly trace?: string };

/** The half-open range of bytes [start, end); `end` beyond the object's end means up to its end. */
export type ByteRange = { readonly start: number; readonly end: number };

/** `absent`: only where the key does not exist; `{etag}`: only where it is still what the caller has read. */
export type WriteCondition = 'absent' | { readonly etag: string };

/**
 * Bytes under keys: the one thing a storage adapter implements. Keys are segments of `[A-Za-z0-9._:@-]` joined by `/`,
 * none of them `.` or `..`; no key lies below another one (`a` and `a/b` are never both written).
 *
 * Contract (test/contracts/object-store.ts holds every adapter to it):
 * - A write is visible whole or not at all, also when the process dies; a failed or aborted write leaves the key as it was. One that ends with
 *   STORAGE_UNREACHABLE may have reached a distant store all the same.
 * - After `write` returns, every reader sees it (read-after-write), and it survives the process (not: memory).
 * - `read` of a missing key gives undefined; `remove` of a missing key does nothing.
 * - `list` gives the keys under a prefix in ascending code unit order, in pages read lazily.
 * - `modifiedAt` of `stat` and `list` is when `write` gave the key its bytes, also where they are the same bytes again.
 * - Nothing is buffered whole (not: memory).
 * - `bytes` of a `read` hold a file or a connection: they are read, or left early, or released by firing the signal given to `read`.
 * - What the source of a write throws passes through unchanged.
 * @throws DynDataError STORAGE_UNREACHABLE (try again), STORAGE_FAILED, ACCESS_DENIED, CONFLICT (condition not met), DIGEST_MISMATCH (the
 * source yields another length), CANCELLED.
 */
export type ObjectReader = {
  stat(key: string, signal?: AbortSignal): Promise<ObjectState | undefined>;
  read(
    key: string,
    options?: {
      readonly range?: ByteRange;
      /** Only where the object is still the one with this etag; CONFLICT where it is another. */
      readonly etag?: string;
      /** Whoever reads is done with a piece when he asks for the one after the next: the store may then write over it. */
      readonly isDoneWithPieces?: boolean;
      readonly signal?: AbortSignal;
    },
  ): Promise<{ info: ObjectInfo; trace?: string | undefined; bytes: AsyncIterable<Uint8Array> } | undefined>;
  /** Keys that start with `prefix` and come after `after`. */
  list(prefix: string, options?: { readonly after?: string; readonly signal?: AbortSignal }): AsyncIterable<ObjectState>;
  /**
   * An address that gives the object's bytes to whoever has it, for a while and without a question; whether the object exists is not asked.
   * Absent where the store is not to be read by others.
   */
  readonly url?: (key: string) => Promise<string>;
};

export type ObjectWriter = {
  /** `sizeBytes` must be what `bytes` yields; another length fails the write. */
  write(
    key: string,
    bytes: AsyncIterable<Uint8Array> | Uint8Array,
    options: { readonly sizeBytes: number; readonly condition?: WriteCondition; readonly signal?: AbortSignal },
  ): Promise<ObjectInfo>;
  remove(key: string, signal?: AbortSignal): Promise<void>;
};

export type ObjectStore = ObjectReader & ObjectWriter;
