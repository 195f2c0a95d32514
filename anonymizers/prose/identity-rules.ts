import type { Apply } from '../anonymizer.ts';
import type { Value } from '../api.ts';
import type { Key } from '../key.ts';
import { createKnownIdentities, type Identify, type IdentityKind, type KnownIdentities } from './known-identities.ts';

/** Anonymizers whose values prose can name, and that replace each by a function of it alone. Names of people say themselves what stands for them. */
const kinds: Readonly<Record<string, IdentityKind>> = { email: 'email', phone: 'phone', login: 'login', 'company-name': 'company' };

/** The rules of one policy by which identities are replaced, in the order in which they were made. */
export type IdentityRules = {
  /** How the values of a rule are handed on; undefined where prose does not name such. */
  identifies(anonymizer: string, apply: Apply): Identify | undefined;
  /** Made when it is first asked for. */
  known(): KnownIdentities;
  /** Undefined where no rule asked for it: then nothing needs to be gathered. */
  readonly wanted: KnownIdentities | undefined;
};

/** @param limit as for the table; only tests have another one */
export function createIdentityRules(key: Key, limit?: number): IdentityRules {
  const rules: Apply[] = [];
  let wanted: KnownIdentities | undefined;
  return {
    identifies(anonymizer, apply) {
      const kind = kinds[anonymizer];
      if (kind === undefined) return undefined;
      const rule = rules.push(apply) - 1;
      return (value, _row, sink) => sink.value(kind, value, rule);
    },
    known() {
      wanted ??= createKnownIdentities(key, rules, limit);
      return wanted;
    },
    get wanted() {
      return wanted;
    },
  };
}

/** The columns of a table that a row's identities are taken from, and how. */
export type RowIdentities = {
  /** Indexes into the table's columns, ascending. */
  readonly columns: readonly number[];
  /** @param row with the real values of these columns at their places */
  observe(row: readonly Value[], known: KnownIdentities): void;
};

/**
 * @param identifies per column
 * @param reads per column the indexes of the others that it looks at
 */
export function createRowIdentities(
  identifies: readonly (Identify | undefined)[],
  reads: readonly (readonly number[])[],
): RowIdentities | undefined {
  const own = identifies.flatMap((identify, index) => (identify ? [{ index, identify }] : []));
  if (own.length === 0) return undefined;
  return {
    columns: [...new Set(own.flatMap(({ index }) => [index, ...(reads[index] ?? [])]))].sort((a, b) => a - b),
    observe(row, known) {
      for (const { index, identify } of own) {
        const value = row[index];
        if (value) identify(value, row, known.sink);
      }
      known.endRow();
    },
  };
}
