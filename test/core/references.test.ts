import { describe, expect, it } from 'vitest';
import { formatReference, parseReference } from '../../core/index.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('references', () => {
  it.each([
    ['prod-2024-05', { tag: 'prod-2024-05' }],
    ['dynamease:prod-2024-05', { repository: 'dynamease', tag: 'prod-2024-05' }],
    ['team/dynamease:v1', { repository: 'team/dynamease', tag: 'v1' }],
    [digest, { digest }],
    [`dynamease@${digest}`, { repository: 'dynamease', digest }],
  ])('reads %s and writes it back', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
    expect(formatReference(parseReference(text))).toBe(text);
  });

  it.each(['', 'a b', 'Repo:tag', 'repo:', ':tag', '../x:tag', 'repo@sha256:12', '-tag', `x@${digest}@`, 'a'.repeat(129)])(
    'refuses "%s"',
    (text) => {
      expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
    },
  );
});
