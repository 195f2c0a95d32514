import type { ByteRange } from '../core/index.ts';

/**
 * The one range that a `Range` header asks for (RFC 9110). `whole` where there is none, or none that we serve: several ranges, another
 * unit or a malformed header may be answered with everything.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | 'whole' | 'unsatisfiable' {
  const match = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '');
  if (!match) return 'whole';
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return 'whole';
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? 'unsatisfiable' : { start: sizeBytes - length, end: sizeBytes };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  // The standard lets such a range be ignored; the OCI specification's own tests want it refused.
  if (last !== '' && Number(last) < start) return 'unsatisfiable';
  return start >= sizeBytes ? 'unsatisfiable' : { start, end };
}
