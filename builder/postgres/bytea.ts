import type { Value } from '../../anonymizers/index.ts';

/** A policy works on the bytes of a bytea; the server's text form is `\x` and hexadecimal digits. */
export function bytesOfHex(value: Value): Value {
  return value && Buffer.from(Buffer.from(value).toString('latin1', 2), 'hex');
}

export function hexOfBytes(value: Value): Value {
  return value && Buffer.from(`\\x${Buffer.from(value).toString('hex')}`, 'latin1');
}
