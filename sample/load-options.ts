import type { SeedState } from './seed-state.ts';

/** What every loader is told. */
export interface LoadOptions extends SeedState {
  /** One line of progress, without a newline. */
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}
