import { describe, expect, it } from 'vitest';
import { DynDataError, errorOfProblem, problemOf, toDynDataError } from '../../core/index.ts';

describe('errors', () => {
  it('cross HTTP as problems and come back the same', () => {
    const error = new DynDataError('POLICY_UNDECIDED', 'Decide them.', { details: ['mysql a.b'] });
    const back = errorOfProblem(JSON.parse(JSON.stringify(problemOf(error))), 422);
    expect([back.code, back.message, back.details, back.exitCode, back.retryable]).toEqual([
      'POLICY_UNDECIDED',
      'Decide them.',
      ['mysql a.b'],
      4,
      false,
    ]);
  });

  it('of others lose their message, which could quote data', () => {
    const error = toDynDataError(new Error("Duplicate entry 'marie@acme.fr'"));
    expect(error.code).toBe('INTERNAL');
    expect(error.message).not.toContain('marie');
  });

  it('that are no problem documents keep the status', () => {
    expect(errorOfProblem('<html>', 502)).toMatchObject({ code: 'REGISTRY_FAILED', message: expect.stringContaining('502') });
  });
});
