import { expect, test } from 'vitest';
import { readHealthCheck } from '../../client/health-check.ts';

const second = 1_000_000_000;

test.each([
  [['CMD', 'pg_isready', '-q'], 5 * second, null, { command: ['pg_isready', '-q'], timeoutMs: 5_000 }],
  [['CMD-SHELL', 'test -e "$HOME"'], 0, null, { command: ['/bin/sh', '-c', 'test -e "$HOME"'], timeoutMs: 30_000 }],
  [['CMD-SHELL', 'true'], undefined, ['/bin/bash', '-ec'], { command: ['/bin/bash', '-ec', 'true'], timeoutMs: 30_000 }],
  [['CMD-SHELL', 'true'], undefined, [], { command: ['/bin/sh', '-c', 'true'], timeoutMs: 30_000 }],
  [['NONE'], second, null, undefined],
  [['CMD'], second, null, undefined],
  [['LATER', 'something'], second, null, undefined],
  [[], undefined, null, undefined],
  [null, undefined, undefined, undefined],
] as const)('the check %j is %j', (check, timeoutNs, shell, read) => {
  expect(readHealthCheck(check, timeoutNs, shell)).toEqual(read);
});
