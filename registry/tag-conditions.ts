import type { Request } from 'express';
import { DynDataError, type TagState } from '../core/index.ts';

type Expected = 'absent' | { readonly etag: string };

/** The state of a tag in the store as an entity tag, which allows fewer characters than stores use. */
export function tagEtag({ etag }: TagState): string {
  return `"${Buffer.from(etag).toString('base64url')}"`;
}

/**
 * What `If-Match` (with the ETag of the tag) or `If-None-Match: *` says that the tag must still be.
 * @throws PRECONDITION_FAILED for an ETag that was never one of a tag; REQUEST_INVALID for a condition that cannot be kept.
 */
export function expectedTag(request: Pick<Request, 'headers'>): Expected | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = request.headers;
  if (noneMatch === '*' && match === undefined) return 'absent';
  if (noneMatch !== undefined || match === '*') {
    throw new DynDataError(
      'REQUEST_INVALID',
      'The condition is not understood. Send If-Match with the ETag of the tag, or If-None-Match: *.',
    );
  }
  if (match === undefined) return undefined;
  const encoded = /^"([A-Za-z0-9_-]+)"$/.exec(match)?.[1];
  if (encoded === undefined) throw preconditionFailed();
  return { etag: Buffer.from(encoded, 'base64url').toString() };
}

/** A conflict with what the request expected is the request's failed condition; any other is a conflict. */
export function asPrecondition(expected: Expected | undefined): (error: unknown) => never {
  return (error) => {
    throw expected !== undefined && error instanceof DynDataError && error.code === 'CONFLICT' ? preconditionFailed(error) : error;
  };
}

function preconditionFailed(cause?: unknown): DynDataError {
  return new DynDataError(
    'PRECONDITION_FAILED',
    'The tag is not what the request expects any more. Look at its present state, then try again.',
    { cause },
  );
}
