import type { Request } from 'express';
import { DynDataError, digestHex, digestOf } from '../core/index.ts';

type Expected = 'absent' | { readonly etag: string };

/**
 * The ETag of an answer that shows something at this version, whatever characters the version is made of.
 * @param shown all of an answer that also shows what goes on by itself: the ETag is another one then, so that no cache answers with what was,
 * but for a condition it is still the same
 */
export function entityTag(version: string, shown?: object): string {
  const condition = Buffer.from(version).toString('base64url');
  return shown === undefined ? `"${condition}"` : `"${condition}.${digestHex(digestOf(JSON.stringify(shown)))}"`;
}

/**
 * What `If-Match` (with the ETag of an answer) or `If-None-Match: *` says that the thing must still be.
 * @throws PRECONDITION_FAILED for an ETag that was never one of such a thing; REQUEST_INVALID for a condition that cannot be kept.
 */
export function expectedState(request: Pick<Request, 'headers'>, thing: string): Expected | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = request.headers;
  if (noneMatch === '*' && match === undefined) return 'absent';
  if (noneMatch !== undefined || match === '*') {
    throw new DynDataError(
      'REQUEST_INVALID',
      `The condition is not understood. Send If-Match with the ETag of the ${thing}, or If-None-Match: *.`,
    );
  }
  if (match === undefined) return undefined;
  const encoded = /^"([A-Za-z0-9_-]+)(?:\.[0-9a-f]{64})?"$/.exec(match)?.[1];
  if (encoded === undefined) throw preconditionFailed(thing);
  return { etag: Buffer.from(encoded, 'base64url').toString() };
}

/** The same of what is there: its version. */
export function expectedVersion(request: Pick<Request, 'headers'>, thing: string): string | undefined {
  const expected = expectedState(request, thing);
  if (expected !== 'absent') return expected?.etag;
  throw new DynDataError(
    'PRECONDITION_FAILED',
    `The ${thing} is there already. Send If-Match with its ETag, or no condition, to change it.`,
  );
}

/** A conflict with what the request expected is the request's failed condition; any other is a conflict. */
export function asPrecondition(expected: Expected | string | undefined, thing: string): (error: unknown) => never {
  return (error) => {
    throw expected !== undefined && error instanceof DynDataError && error.code === 'CONFLICT' ? preconditionFailed(thing, error) : error;
  };
}

function preconditionFailed(thing: string, cause?: unknown): DynDataError {
  return new DynDataError(
    'PRECONDITION_FAILED',
    `The ${thing} is not what the request expects any more: somebody has changed or removed it meanwhile. Look at its present state, then try again.`,
    { cause },
  );
}
