import { generatorVersion, type SampleSize } from './sizes.ts';

/** What a server was filled with. */
export interface SeedState {
  readonly size: SampleSize;
  readonly seed: number;
}

/**
 * The mark that each server keeps when it is filled completely. It is removed before anything else is changed and written last,
 * so a server with this mark holds exactly this data.
 */
export const seedMark = (state: SeedState): string => `dyn-data sample ${state.size} seed ${state.seed} version ${generatorVersion}`;
