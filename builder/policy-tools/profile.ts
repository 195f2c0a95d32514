import { isUtf8 } from 'node:buffer';
import type { Value } from '../../anonymizers/index.ts';
import { kindOfBytes, kindOfText, type ValueKind } from './value-kinds.ts';

/** What a sample of values is like. Counts and shares only: no value can be read out of it. */
export type Profile = {
  /** Sampled values that are neither NULL nor empty. */
  readonly count: number;
  readonly distinct: number;
  /** The most frequent kind of value and the part of the values that are of it, 0 to 1; absent where no kind is known. */
  readonly main: { readonly kind: ValueKind; readonly share: number } | undefined;
  share(kind: ValueKind): number;
  /** Of the longest value, in characters or bytes. */
  readonly longest: number;
  /** Whether each value is one word of letters, digits, `_`, `-`, `+` and `/` only, as codes are. */
  readonly isCode: boolean;
};

export function profileOf(values: Iterable<Value>): Profile {
  const kinds = new Map<ValueKind, number>();
  const distinct = new Set<string>();
  let count = 0;
  let longest = 0;
  let isCode = true;
  for (const value of values) {
    if (value === null || value.length === 0) continue;
    count += 1;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const text = isUtf8(bytes) ? bytes.toString('utf8') : undefined;
    distinct.add(text ?? bytes.toString('latin1'));
    longest = Math.max(longest, text?.length ?? bytes.length);
    isCode &&= text !== undefined && /^[\w/+-]{1,40}$/.test(text);
    const kind = kindOfBytes(bytes) ?? (text === undefined ? undefined : kindOfText(text));
    if (kind) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const [first] = [...kinds].sort(([, a], [, b]) => b - a);
  return {
    count,
    distinct: distinct.size,
    main: first && { kind: first[0], share: first[1] / count },
    share: (kind) => (count === 0 ? 0 : (kinds.get(kind) ?? 0) / count),
    longest,
    isCode: isCode && count > 0,
  };
}
