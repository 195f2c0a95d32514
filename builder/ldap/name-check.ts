import type { DirectoryEntry, DirectoryPlan } from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';

/** More kinds of entries need not be named at once. */
const mostNamed = 20;

export type NameCheck = {
  add(entry: DirectoryEntry): void;
  /** @throws DynDataError POLICY_INVALID naming each kind of entry once */
  report(): void;
};

/** Gathers what is wrong with the names of entries. */
export function createNameCheck(names: NonNullable<DirectoryPlan['names']>): NameCheck {
  const found = new Set<string>();
  return {
    add(entry) {
      if (found.size >= mostNamed) return;
      const wrong = names.wrong(entry);
      if (wrong !== undefined) found.add(wrong);
    },
    report() {
      if (found.size === 0) return;
      throw new DynDataError('POLICY_INVALID', 'The policy does not fit the entries. Nothing was taken. Correct what is named below.', {
        details: [...found].sort(),
      });
    },
  };
}
