import { parseDocument } from 'yaml';
import type * as z from 'zod/mini';
import { DynDataError, type ErrorCode } from './errors.ts';

/** Every offending key as `path: what is expected`, without any value: a wrong value may be a secret in the wrong place. */
export function issueLines(error: z.core.$ZodError): string[] {
  return error.issues.flatMap((issue) => {
    const at = issue.path.map(String).join('.') || '(the whole document)';
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => `${at === '(the whole document)' ? key : `${at}.${key}`}: not a known key`);
    if (issue.code === 'invalid_type')
      return [`${at}: ${issue.expected} expected${issue.message.includes('undefined') ? ', but it is missing' : ''}`];
    if (issue.code === 'invalid_value') return [`${at}: one of ${issue.values.map(String).join(', ')} expected`];
    if (issue.code === 'custom' || issue.code === 'invalid_format') return [`${at}: ${issue.message}`];
    if (issue.code === 'too_small') return [`${at}: at least ${issue.minimum} expected`];
    if (issue.code === 'too_big') return [`${at}: at most ${issue.maximum} expected`];
    return [`${at}: ${issue.code.replaceAll('_', ' ')}`];
  });
}

/**
 * Parses one value at the edge.
 * @throws DynDataError `code`, naming every offending key and printing no value.
 */
export function parseValue<T>(schema: z.ZodMiniType<T>, value: unknown, what: string, code: ErrorCode): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // What another program answers is corrected by nobody who reads this.
  const next =
    code === 'REGISTRY_FAILED'
      ? 'See that it is a registry of dyn-data, and of the version of this dyn-data.'
      : 'Correct the keys named below.';
  throw new DynDataError(code, `${what} is not valid. ${next}`, { details: issueLines(parsed.error) });
}

/**
 * Parses a YAML (or JSON) text.
 * @throws DynDataError `code`; for YAML that cannot be read, with line and column and no excerpt.
 */
export function parseYaml<T>(schema: z.ZodMiniType<T>, text: string, what: string, code: ErrorCode = 'CONFIG_INVALID'): T {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  if (document.errors.length > 0) {
    const details = document.errors.map((error) => {
      const position = error.linePos?.[0];
      return `${position ? `line ${position.line}, column ${position.col}` : 'unknown place'}: ${error.code.toLowerCase().replaceAll('_', ' ')}`;
    });
    throw new DynDataError(code, `${what} is not valid YAML. Correct the places named below.`, { details });
  }
  return parseValue(schema, document.toJS(), what, code);
}
