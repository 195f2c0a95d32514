import { describe, expect, test } from 'vitest';
import { heldByAll } from '../../client/commands/reset.ts';
import type { Held } from '../../client/held-snapshot.ts';
import type { Digest } from '../../core/digest.ts';

const of = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const service = (name: string): Held['service'] => ({
  name,
  image: name,
  isBuilt: false,
  ports: [],
  labels: {},
  source: name,
  endsByItself: false,
});
const holding = (name: string, digit: string) => ({
  service: service(name),
  state: 'restored' as const,
  marker: { version: 1 as const, state: 'restored' as const, digest: of(digit), reference: `tag-${digit}`, settings: {}, counts: {} },
});
const empty = (name: string, state: 'none' | 'not-running') => ({ service: service(name), state });

const push = holding('push', 'a');

describe('the snapshot that reset goes back to', () => {
  test('is the one that all data services hold', () => {
    expect(heldByAll([holding('db', 'a'), holding('push', 'a')], undefined)).toMatchObject({ digest: of('a'), reference: 'tag-a' });
    expect(heldByAll([holding('db', 'a'), holding('push', 'a')], 'push')).toMatchObject({ digest: of('a') });
  });

  test('is that of the one service, whatever the others hold', () => {
    expect(heldByAll([holding('db', 'a'), holding('push', 'b')], 'push')).toMatchObject({ digest: of('b') });
    expect(heldByAll([holding('db', 'a'), empty('push', 'none')], 'db')).toMatchObject({ digest: of('a') });
  });

  test.each([
    ['a service that is not there', [holding('db', 'a')], 'cache', 'NOT_FOUND'],
    ['a service that does not run', [holding('db', 'a'), empty('push', 'not-running')], 'db', 'SERVICE_UNHEALTHY'],
    ['a service that holds nothing', [holding('db', 'a'), empty('push', 'none')], undefined, 'NOT_FOUND'],
    ['no data service', [], undefined, 'NOT_FOUND'],
    ['different snapshots', [holding('db', 'a'), holding('push', 'b')], undefined, 'CONFLICT'],
    [
      'a snapshot whole and empty',
      [holding('db', 'a'), { ...push, marker: { ...push.marker, empty: true as const } }],
      undefined,
      'CONFLICT',
    ],
  ])('is refused with %s', (_what, held, name, code) => {
    expect(() => heldByAll(held, name)).toThrow(expect.objectContaining({ code }));
  });
});
