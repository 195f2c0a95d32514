/** What one error code means everywhere: over HTTP, as a process exit status, and to whoever may try again. */
export type ErrorKind = {
  /** Status of the `application/problem+json` answer. */
  readonly httpStatus: number;
  /** Exit status of the client and of the builder's main program. */
  readonly exitCode: number;
  /** True where the same request may succeed later without anybody changing anything. */
  readonly retryable: boolean;
};

/**
 * Exit codes: 2 wrong usage or configuration, 3 not found, 4 refused (policy, credentials, conflict), 5 a system we depend on is out of
 * reach, 6 the data is not what it should be, 7 cancelled or interrupted, 1 a defect of dyn-data itself.
 */
export const errorKinds = {
  INTERNAL: { httpStatus: 500, exitCode: 1, retryable: false },
  USAGE: { httpStatus: 400, exitCode: 2, retryable: false },
  REQUEST_INVALID: { httpStatus: 400, exitCode: 2, retryable: false },
  REFERENCE_INVALID: { httpStatus: 400, exitCode: 2, retryable: false },
  CONFIG_NOT_FOUND: { httpStatus: 500, exitCode: 2, retryable: false },
  CONFIG_INVALID: { httpStatus: 500, exitCode: 2, retryable: false },
  CONFIG_DIR_UNSET: { httpStatus: 400, exitCode: 2, retryable: false },
  RUNTIME_TOO_OLD: { httpStatus: 500, exitCode: 2, retryable: false },
  LOCK_MISSING: { httpStatus: 400, exitCode: 2, retryable: false },
  STACK_INVALID: { httpStatus: 400, exitCode: 2, retryable: false },
  STACK_CYCLE: { httpStatus: 400, exitCode: 2, retryable: false },
  REQUEST_TOO_LARGE: { httpStatus: 413, exitCode: 2, retryable: false },
  MEDIA_TYPE_UNSUPPORTED: { httpStatus: 415, exitCode: 2, retryable: false },
  METHOD_NOT_ALLOWED: { httpStatus: 405, exitCode: 2, retryable: false },
  REQUEST_TIMEOUT: { httpStatus: 408, exitCode: 5, retryable: true },
  NOT_FOUND: { httpStatus: 404, exitCode: 3, retryable: false },
  TAG_UNKNOWN: { httpStatus: 404, exitCode: 3, retryable: false },
  SNAPSHOT_UNKNOWN: { httpStatus: 404, exitCode: 3, retryable: false },
  ENVIRONMENT_UNKNOWN: { httpStatus: 404, exitCode: 3, retryable: false },
  JOB_UNKNOWN: { httpStatus: 404, exitCode: 3, retryable: false },
  TOKEN_UNKNOWN: { httpStatus: 404, exitCode: 3, retryable: false },
  SCHEDULE_UNKNOWN: { httpStatus: 404, exitCode: 3, retryable: false },
  PIN_UNKNOWN: { httpStatus: 404, exitCode: 3, retryable: false },
  BLOB_UNKNOWN: { httpStatus: 404, exitCode: 3, retryable: false },
  POLICY_INVALID: { httpStatus: 422, exitCode: 4, retryable: false },
  POLICY_UNDECIDED: { httpStatus: 422, exitCode: 4, retryable: false },
  KEY_MISSING: { httpStatus: 422, exitCode: 4, retryable: false },
  KEY_INVALID: { httpStatus: 422, exitCode: 4, retryable: false },
  SECRET_MISSING: { httpStatus: 422, exitCode: 4, retryable: false },
  SOURCE_AUTH_FAILED: { httpStatus: 422, exitCode: 4, retryable: false },
  SOURCE_PERMISSION_DENIED: { httpStatus: 422, exitCode: 4, retryable: false },
  SOURCE_UNSUPPORTED: { httpStatus: 422, exitCode: 4, retryable: false },
  TARGET_NOT_EMPTY: { httpStatus: 409, exitCode: 4, retryable: false },
  SNAPSHOT_TOO_OLD: { httpStatus: 409, exitCode: 4, retryable: false },
  LOCK_MISMATCH: { httpStatus: 409, exitCode: 4, retryable: false },
  CONFLICT: { httpStatus: 409, exitCode: 4, retryable: true },
  PRECONDITION_FAILED: { httpStatus: 412, exitCode: 4, retryable: false },
  UNAUTHENTICATED: { httpStatus: 401, exitCode: 4, retryable: false },
  TOO_MANY_REQUESTS: { httpStatus: 429, exitCode: 4, retryable: true },
  IDEMPOTENCY_CONFLICT: { httpStatus: 409, exitCode: 4, retryable: false },
  TOKEN_ALREADY_ISSUED: { httpStatus: 409, exitCode: 4, retryable: false },
  JOB_NOT_RETRYABLE: { httpStatus: 409, exitCode: 4, retryable: false },
  SCHEDULE_EXISTS: { httpStatus: 409, exitCode: 4, retryable: false },
  SCHEDULE_INVALID: { httpStatus: 422, exitCode: 4, retryable: false },
  SNAPSHOT_HELD: { httpStatus: 409, exitCode: 4, retryable: false },
  PLAN_OUTDATED: { httpStatus: 409, exitCode: 4, retryable: false },
  ACCESS_DENIED: { httpStatus: 403, exitCode: 4, retryable: false },
  SOURCE_UNREACHABLE: { httpStatus: 503, exitCode: 5, retryable: true },
  SOURCE_LOST: { httpStatus: 503, exitCode: 5, retryable: true },
  SOURCE_FAILED: { httpStatus: 502, exitCode: 5, retryable: true },
  SOURCE_INCONSISTENT: { httpStatus: 503, exitCode: 5, retryable: true },
  CLOCK_SKEWED: { httpStatus: 500, exitCode: 2, retryable: false },
  STORAGE_UNREACHABLE: { httpStatus: 503, exitCode: 5, retryable: true },
  STORAGE_FAILED: { httpStatus: 502, exitCode: 5, retryable: true },
  QUEUE_UNREACHABLE: { httpStatus: 503, exitCode: 5, retryable: true },
  WORKER_LOST: { httpStatus: 503, exitCode: 5, retryable: true },
  REGISTRY_UNREACHABLE: { httpStatus: 503, exitCode: 5, retryable: true },
  REGISTRY_FAILED: { httpStatus: 502, exitCode: 5, retryable: true },
  ENGINE_UNAVAILABLE: { httpStatus: 503, exitCode: 5, retryable: true },
  COMPOSE_UNAVAILABLE: { httpStatus: 503, exitCode: 5, retryable: false },
  DISK_FULL: { httpStatus: 507, exitCode: 5, retryable: false },
  ENGINE_FAILED: { httpStatus: 502, exitCode: 5, retryable: true },
  SERVICE_UNHEALTHY: { httpStatus: 503, exitCode: 5, retryable: true },
  DIGEST_MISMATCH: { httpStatus: 502, exitCode: 6, retryable: false },
  MANIFEST_INVALID: { httpStatus: 422, exitCode: 6, retryable: false },
  LEAK_FOUND: { httpStatus: 422, exitCode: 6, retryable: false },
  DATA_UNMASKABLE: { httpStatus: 422, exitCode: 6, retryable: false },
  RESTORE_FAILED: { httpStatus: 502, exitCode: 6, retryable: false },
  HOOK_FAILED: { httpStatus: 502, exitCode: 6, retryable: false },
  VERIFY_FAILED: { httpStatus: 502, exitCode: 6, retryable: false },
  CANCELLED: { httpStatus: 409, exitCode: 7, retryable: false },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

/**
 * The one error class. `message` says what is wrong and what to do next, in plain sentences; it never holds row data, a password or a key.
 * `details` are lines for people (names of columns, of keys), under the same rule.
 */
export class DynDataError extends Error {
  override readonly name = 'DynDataError';
  readonly code: ErrorCode;
  readonly details: readonly string[];

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: readonly string[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? [];
  }

  get httpStatus(): number {
    return errorKinds[this.code].httpStatus;
  }

  get exitCode(): number {
    return errorKinds[this.code].exitCode;
  }

  get retryable(): boolean {
    return errorKinds[this.code].retryable;
  }
}

/** Any thrown value as a DynDataError. What is not one becomes INTERNAL without its message, which could quote data. */
export function toDynDataError(error: unknown): DynDataError {
  if (error instanceof DynDataError) return error;
  if (error instanceof Error && error.name === 'AbortError')
    return new DynDataError('CANCELLED', 'The operation was cancelled.', { cause: error });
  return new DynDataError('INTERNAL', 'An unexpected error occurred in dyn-data. Please report it with the command that you ran.', {
    cause: error,
  });
}

/** The body of an `application/problem+json` answer (RFC 9457) with the stable `code`. */
export type Problem = {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly details: readonly string[];
};

export function problemOf(error: DynDataError): Problem {
  return {
    type: 'about:blank',
    title: error.code,
    status: error.httpStatus,
    code: error.code,
    detail: error.message,
    details: error.details,
  };
}

/** The error a problem body stands for; a body that is no problem of ours becomes REGISTRY_FAILED with the status. */
export function errorOfProblem(body: unknown, status: number): DynDataError {
  if (typeof body === 'object' && body !== null && 'code' in body && 'detail' in body) {
    const { code, detail } = body;
    const details = 'details' in body && Array.isArray(body.details) ? body.details.map(String) : [];
    if (typeof code === 'string' && Object.hasOwn(errorKinds, code))
      return new DynDataError(code as ErrorCode, String(detail), { details });
  }
  return new DynDataError('REGISTRY_FAILED', `The registry answered with status ${status}. Look at the registry's log, then try again.`);
}
