import type { Rule } from '../../anonymizers/policy.ts';
import type { Case } from './cases.ts';
import { makeRule } from './making.ts';

/** An input and its output under the published key; both as text, or in hexadecimal digits after `hex:`. */
export type Vector = { readonly rule: Rule; readonly type: string; readonly input: string; readonly output: string | null };

const perCase = 4;
/** What is no value of the kind. */
const strange = ['', 'hex:ff00fe', 'Élodie ß'];

/** The vectors of some cases, in their order. */
export function vectorsOf(cases: readonly Case[]): Vector[] {
  return cases.flatMap(({ rule, type, sqlType = type, row = {}, value }) => {
    const made = makeRule(rule, { type, sqlType }, { columns: Object.keys(row) });
    const others = Object.values(row).map((text) => Buffer.from(text));
    const inputs = [...Array.from({ length: perCase }, (_, n) => value(n)), ...(type === 'json' ? [] : strange)];
    return inputs.map((input) => {
      const bytes = input.startsWith('hex:') ? Buffer.from(input.slice(4), 'hex') : Buffer.from(input);
      const output = made.apply(bytes, others);
      return { rule, type, input, output: output && spelled(Buffer.from(output)) };
    });
  });
}

function spelled(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : `hex:${bytes.toString('hex')}`;
}
