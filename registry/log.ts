import { type DestinationStream, type Logger, pino } from 'pino';
import { DynDataError } from '../core/index.ts';

/** Nothing below these names is ever written, whoever logs it; what we log has none of them, so this is the second net. */
const neverWritten = ['password', 'secret', 'secretAccessKey', 'accessKeyId', 'key', 'token', 'authorization', 'cookie', 'body'];

/** One JSON object per line. */
export function createLog(destination: DestinationStream): Logger {
  const paths = neverWritten.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, censor: '(not written)' } }, destination);
}

export type ErrorFields = {
  readonly name: string;
  /** Of our table, or of the system below. */
  readonly code?: string;
  readonly message?: string;
  readonly details?: readonly string[];
  readonly at?: readonly string[];
  readonly cause?: ErrorFields;
};

const causesWritten = 4;
const framesWritten = 8;

/**
 * What of an error may be written: of ours everything, of others the class, the code and the places in the program, never the message,
 * which may quote data or a statement.
 */
export function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { name: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const isOurs = error instanceof DynDataError;
  return {
    name: error.name,
    ...('code' in error ? { code: String(error.code) } : {}),
    ...(isOurs ? { message: error.message } : {}),
    ...(isOurs && error.details.length > 0 ? { details: error.details } : {}),
    ...(!isOurs || error.code === 'INTERNAL' ? { at: frames.slice(0, framesWritten).map((line) => line.trim()) } : {}),
    ...(error.cause !== undefined && depth < causesWritten ? { cause: errorFields(error.cause, depth + 1) } : {}),
  };
}
