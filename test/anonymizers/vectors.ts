import type { Rule } from '../../anonymizers/policy.ts';
import { bytesOf, type Case, othersOf } from './cases.ts';
import { makeRule } from './making.ts';

/** An input and its output under the published key; both as text, or in hexadecimal digits after `hex:`. */
export type Vector = { readonly rule: Rule; readonly type: string; readonly input: string; readonly output: string | null };

const perCase = 4;
/** What is no value of the kind. */
const strange = ['', 'hex:ff00fe', 'Élodie ß'];

/** The vectors of some cases, in their order. */
export function vectorsOf(cases: readonly Case[]): Vector[] {
  return cases.flatMap((one) => {
    const { rule, type, sqlType = type, row = {}, value, pinned = perCase } = one;
    const made = makeRule(rule, { type, sqlType }, { columns: Object.keys(row) });
    const others = othersOf(one);
    const inputs = [...Array.from({ length: pinned }, (_, n) => value(n)), ...(type === 'json' ? [] : strange)];
    return inputs.map((input) => {
      const output = made.apply(bytesOf(input), others);
      return { rule, type, input, output: output && spelled(Buffer.from(output)) };
    });
  });
}

function spelled(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : `hex:${bytes.toString('hex')}`;
}
