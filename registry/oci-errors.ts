import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';
import type { DynDataError } from '../core/index.ts';
import { reportError, requestError } from './problems.ts';

const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  UNSUPPORTED: 405,
} as const;

export type OciErrorOptions = {
  /** Where it is not the usual one of the code. */
  readonly status?: number;
  /** What the error is about, in fields: one error of the answer for each. */
  readonly details?: readonly Readonly<Record<string, string>>[];
};

/** An error with a code of the OCI Distribution Specification. */
export class OciError extends Error {
  override readonly name = 'OciError';
  readonly ociCode: keyof typeof statuses;
  readonly status: number;
  readonly details: readonly Readonly<Record<string, string>>[];

  constructor(ociCode: keyof typeof statuses, message: string, options: OciErrorOptions = {}) {
    super(message);
    this.ociCode = ociCode;
    this.status = options.status ?? statuses[ociCode];
    this.details = options.details ?? [{}];
  }
}

/** Errors below `/v2/` in the specification's form. */
export function ociErrorHandler(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, _request, response, _next) => {
    if (thrown instanceof OciError && !response.headersSent) {
      response.status(thrown.status).json(body(thrown.ociCode, thrown.message, thrown.details));
      return;
    }
    const error = requestError(thrown);
    if (reportError(response, error, logger) === 'answer') response.status(error.httpStatus).json(body(codeOf(error), error.message));
  };
}

function codeOf(error: DynDataError): string {
  const codes: Partial<Record<DynDataError['code'], string>> = {
    BLOB_UNKNOWN: 'BLOB_UNKNOWN',
    UNAUTHENTICATED: 'UNAUTHORIZED',
    ACCESS_DENIED: 'DENIED',
    SNAPSHOT_HELD: 'DENIED',
    TOO_MANY_REQUESTS: 'TOOMANYREQUESTS',
    NOT_FOUND: 'NAME_UNKNOWN',
    REQUEST_INVALID: 'NAME_INVALID',
  };
  return codes[error.code] ?? 'UNKNOWN';
}

function body(code: string, message: string, details: OciError['details'] = [{}]) {
  return { errors: details.map((detail) => ({ code, message, detail })) };
}
