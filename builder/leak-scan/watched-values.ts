import { type WatchKind, watchKinds } from '../../anonymizers/primitives.ts';
import { headBytes } from './value-intake-wasm.ts';

/** Reads a batch of the intake: each value is `bytes[start, end)`. */
export function readValues(
  bytes: Uint8Array,
  length: number,
  each: (kind: WatchKind, bytes: Uint8Array, start: number, end: number) => void,
): void {
  let at = 0;
  while (at < length) {
    const kind = watchKinds[bytes[at] as number] as WatchKind;
    let valueLength = 0;
    for (let digit = 3; digit >= 0; digit -= 1) valueLength = valueLength * 256 + (bytes[at + 1 + digit] as number);
    const start = at + headBytes;
    at = start + valueLength;
    each(kind, bytes, start, at);
  }
}
