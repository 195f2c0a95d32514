import { DynDataError } from '../../core/index.ts';

/** What a policy was refused for, as the compiler's error lists it. */
export type Refusal = { readonly invalid: readonly string[]; readonly undecided: readonly string[]; readonly patch: readonly string[] };

/**
 * Reads POLICY_INVALID and POLICY_UNDECIDED apart: both list places, a blank line, and what decides them.
 * @throws whatever else `error` is.
 */
export function readRefusal(error: unknown): Refusal {
  if (!(error instanceof DynDataError) || (error.code !== 'POLICY_INVALID' && error.code !== 'POLICY_UNDECIDED')) throw error;
  const parts: string[][] = [[]];
  for (const line of error.details) {
    if (line === '') parts.push([]);
    else parts.at(-1)?.push(line);
  }
  const [first = [], ...rest] = parts;
  const patch = rest.find(([heading]) => heading?.startsWith('A patch'))?.slice(1) ?? [];
  if (error.code === 'POLICY_UNDECIDED') return { invalid: [], undecided: first, patch };
  return {
    invalid: first.length > 0 ? first : [error.message],
    undecided: rest.find(([heading]) => heading === 'Not decided:')?.slice(1) ?? [],
    patch,
  };
}
