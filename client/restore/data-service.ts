import { DynDataError } from '../../core/errors.ts';
import type { ManifestSource } from '../../core/manifest.ts';
import type { ImageReader } from '../image-reader.ts';
import type { ServiceContainer } from '../service-container.ts';
import type { BeginStep } from '../steps.ts';
import type { Changes } from './changes.ts';
import type { Loaded } from './loaded.ts';

/** What a kind of database needs to be driven: its container, its part of the manifest, and where progress is told. */
export type DataServiceOptions = {
  readonly container: ServiceContainer;
  readonly source: ManifestSource;
  /** Labels of the service, for the settings that only the stack knows. */
  readonly labels: Readonly<Record<string, string>>;
  readonly beginStep: BeginStep;
  /** Starts the service's container again after it was stopped, and waits until it is healthy. */
  readonly restart: { stop(): Promise<void>; start(): Promise<void> };
  /** Runs `sh -c script sh ...args` in a one-off container on the volumes of the service's own (stopped) one. @throws ENGINE_FAILED, DISK_FULL */
  readonly oneOff: (
    script: string,
    args: readonly string[],
    input: AsyncIterable<Uint8Array>,
  ) => Promise<{ readonly exitCode: number | null }>;
};

/** Told by a restore that goes on from where an earlier one of the same snapshot was cut. */
export type Resumption = {
  /** @param loaded what need not be loaded again */
  onResume(loaded: Loaded & { readonly tables: number }): void;
};

/**
 * A service of the stack that takes a source's data. One adapter per kind; everything runs through the container's own tools, as its
 * own administrator, so no password passes through the client.
 *
 * Contract: `restore` loads everything or throws, and may be called again after any failure. It begins from scratch whatever is there; given
 * a `resumption` it may instead keep what its own notes in the service say is loaded. `concluded` drops those notes: called when the rows
 * were counted, before it is judged whether they are right, so that a restore with wrong counts is never gone on with.
 * @throws DynDataError RESTORE_FAILED naming service, table and the tool's error code, never its words: they may quote data.
 */
export type DataService = {
  /** Returns when the server takes commands; a passed health check does not always mean that. */
  waitReady(timeoutMs: number): Promise<void>;
  /** The server's data directory inside the container. */
  dataDirectory(): Promise<string>;
  /** What of the snapshot's names is there and not empty, as a person would name it. */
  occupied(): Promise<string[]>;
  /** Values of the settings that `restore` changes; they are kept in the marker and handed to `putBack`. */
  settings(): Promise<Readonly<Record<string, string>>>;
  restore(reader: ImageReader, onLoaded: (chunk: Loaded) => void, resumption?: Resumption): Promise<void>;
  concluded?(): Promise<void>;
  putBack(settings: Readonly<Record<string, string>>): Promise<void>;
  /**
   * Runs a script of the user's as the administrator, in the source's database where that is there.
   * @returns the tool's error code where it failed
   */
  runScript(text: string, onLine: (line: string) => void): Promise<string | undefined>;
  /** What the server counts of its writes; undefined where it does not. */
  changes(): Promise<Changes | undefined>;
  /** Rows per table of the manifest, in its order. */
  counts(): Promise<number[]>;
  /** Tables of the manifest that are not there, as `schema.table`. */
  missing(): Promise<string[]>;
};

/** @param code the tool's own error code, such as an SQLSTATE. */
export function restoreFailed(container: ServiceContainer, what: string, code: string): DynDataError {
  if (container.isRemote) {
    return new DynDataError(
      'RESTORE_FAILED',
      `${what} in ${container.place} failed (${code}). See that it has enough disk, runs the same product as the source, or a newer version, and that the account may do this; then run the command again with --replace: it starts over.`,
    );
  }
  return new DynDataError(
    'RESTORE_FAILED',
    `${what} in the service ${container.service} failed (${code}). Look at the service's log (docker compose logs ${container.service}), see that it has enough disk and runs the same product as the source, or a newer version, then run \`dyn-data up\` again: it goes on where that is safe, and else starts this service's restore over.`,
  );
}

export const tableLabel = (table: { readonly schema: string; readonly name: string }): string =>
  table.schema === table.name ? table.name : `${table.schema}.${table.name}`;

/** Tables in the order in which loading them in parallel ends soonest: the largest first. */
export function bySize<T extends { readonly sizeBytes: number }>(tables: readonly T[]): T[] {
  return [...tables].sort((a, b) => b.sizeBytes - a.sizeBytes);
}
