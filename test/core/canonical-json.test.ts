import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../core/index.ts';

describe('canonical JSON', () => {
  it('sorts keys by code unit, drops undefined and writes no white space', () => {
    expect(canonicalJson({ b: 1, a: [true, null, 'é\n'], '€': {}, B: undefined })).toBe('{"a":[true,null,"é\\n"],"b":1,"€":{}}');
  });

  it('gives the same text whatever the order of insertion', () => {
    expect(canonicalJson({ x: { q: 1, p: 2 }, y: 3 })).toBe(canonicalJson({ y: 3, x: { p: 2, q: 1 } }));
  });

  it('refuses numbers JSON cannot carry', () => {
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(TypeError);
  });
});
