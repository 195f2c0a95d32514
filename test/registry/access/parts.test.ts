import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isScope, newToken, scopesCover, tokenHash, tokenIdOf } from '../../../core/index.ts';
import { addressKey, createClientReader } from '../../../registry/access/client-address.ts';
import { tokenOfAuthorization } from '../../../registry/access/credentials.ts';
import { createFreshReads } from '../../../registry/access/fresh-reads.ts';
import { createFailureLimit, createRecentKeys, createRequestRate } from '../../../registry/access/limits.ts';

describe('the text of a token', () => {
  it('has its id, and 256 random bits behind it', () => {
    const tokens = Array.from({ length: 200 }, () => newToken(randomBytes));
    for (const { id, text, hash } of tokens) {
      expect(text).toMatch(/^dd_[0-9A-Za-z]{14}_[0-9A-Za-z]{49}$/);
      expect(tokenIdOf(text)).toBe(id);
      expect(hash).toBe(tokenHash(text));
    }
    expect(new Set(tokens.map(({ id }) => id)).size).toBe(200);
    expect(newToken(() => Buffer.alloc(32, 0xff)).text.slice(18, 61)).toMatch(/^[0-9A-Za-z]{43}$/);
  });

  it('keeps its id when it gets a new secret', () => {
    const { id, text } = newToken(randomBytes);
    const next = newToken(randomBytes, id);
    expect(tokenIdOf(next.text)).toBe(id);
    expect(next.text).not.toBe(text);
  });

  it('is none with any one character changed, or anything more or less', () => {
    const { text } = newToken(randomBytes);
    for (let at = 0; at < text.length; at += 1) {
      const other = text[at] === 'x' ? 'y' : 'x';
      expect(tokenIdOf(text.slice(0, at) + other + text.slice(at + 1)), `character ${at}`).toBeUndefined();
      expect(tokenIdOf(text.slice(0, at) + text.slice(at + 1))).toBeUndefined();
    }
    for (const wrong of ['', ` ${text}`, `${text} `, `${text}\n`, text.toLowerCase(), text.replaceAll('_', '-')])
      expect(tokenIdOf(wrong)).toBeUndefined();
    fc.assert(fc.property(fc.string({ maxLength: 100 }), (other) => tokenIdOf(other) === undefined));
  });
});

describe('a scope', () => {
  it('is a repository, a prefix, or everything', () => {
    for (const scope of ['*', 'a', 'team/app', 'team/*', 'a/b/c/*']) expect(isScope(scope), scope).toBe(true);
    for (const wrong of ['', '/*', '**', 'a*', 'a/*/b', '*/a', 'A', 'a//*', 'a/', '../*', 'team/**', 'a /*'])
      expect(isScope(wrong), wrong).toBe(false);
  });

  it('covers what it names and nothing that only begins alike', () => {
    for (const [scope, repository, covers] of [
      ['*', 'any/thing', true],
      ['team', 'team', true],
      ['team', 'team/app', false],
      ['team', 'teams', false],
      ['team/*', 'team/app', true],
      ['team/*', 'team/app/deep', true],
      ['team/*', 'team', false],
      ['team/*', 'teams/app', false],
      ['team/*', 'team-x/app', false],
    ] as const) {
      expect(scopesCover([scope], repository), `${scope} ${repository}`).toBe(covers);
      expect(scopesCover(['other', scope], repository)).toBe(covers);
    }
    expect(scopesCover([], 'team')).toBe(false);
  });
});

describe('fresh reads', () => {
  it('share what was begun after they were asked for, and nothing older', async () => {
    let value = 0;
    let begun = 0;
    const ends: (() => void)[] = [];
    const read = createFreshReads(async () => {
      begun += 1;
      const seen = value;
      await new Promise<void>((resolve) => ends.push(resolve));
      return seen;
    });
    const first = read('a');
    value = 1;
    const later = [read('a'), read('a'), read('a')];
    expect(begun).toBe(1);
    ends.shift()?.();
    expect(await first).toBe(0);
    await expect.poll(() => ends.length).toBe(1);
    expect(begun).toBe(2);
    value = 2;
    const last = read('a');
    ends.shift()?.();
    expect(await Promise.all(later)).toEqual([1, 1, 1]);
    await expect.poll(() => ends.length).toBe(1);
    ends.shift()?.();
    expect(await last).toBe(2);
    expect(begun).toBe(3);
  });

  it('go on after a reading that failed, and tell only those who waited for it', async () => {
    let fails = true;
    const read = createFreshReads(async () => {
      await Promise.resolve();
      if (fails) throw new Error('away');
      return 'there';
    });
    const failing = read('a');
    const waiting = read('a');
    failing.catch(() => {
      fails = false;
    });
    await expect(failing).rejects.toThrow('away');
    await waiting.catch(() => undefined);
    expect(await read('a')).toBe('there');
  });

  it('never show a value from before they were asked for, in any order of events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), async (scheduler, events) => {
        let written = 0;
        const read = createFreshReads(async () => {
          await scheduler.schedule(Promise.resolve(), 'begin');
          const seen = written;
          await scheduler.schedule(Promise.resolve(), 'end');
          return seen;
        });
        const asked: Promise<void>[] = [];
        for (const isWrite of events) {
          if (isWrite) written += 1;
          else {
            const atLeast = written;
            asked.push(read('a').then((seen) => expect(seen).toBeGreaterThanOrEqual(atLeast)));
          }
          if (scheduler.count() > 0 && isWrite) await scheduler.waitOne();
        }
        await scheduler.waitAll();
        await scheduler.waitIdle();
        await Promise.all(asked);
      }),
    );
  });
});

describe('limits', () => {
  it('forget the oldest key rather than grow', () => {
    const nowMs = () => 0;
    const failures = createFailureLimit({ failures: 1, windowMs: 1000, maxKeys: 3, nowMs });
    for (const key of ['a', 'b', 'c', 'd']) failures.add(key);
    expect(['a', 'b', 'c', 'd'].map((key) => failures.waitMs(key))).toEqual([0, 1000, 1000, 1000]);
    const recent = createRecentKeys({ forMs: 1000, maxKeys: 2, nowMs });
    for (const key of ['a', 'b', 'a', 'c']) recent.add(key);
    expect(['a', 'b', 'c'].map((key) => recent.has(key))).toEqual([true, false, true]);
    const rate = createRequestRate({ perSecond: 1, maxKeys: 1, nowMs });
    expect([rate.takeMs('a'), rate.takeMs('a'), rate.takeMs('a'), rate.takeMs('b'), rate.takeMs('a')]).toEqual([0, 0, 1000, 0, 0]);
  });

  it('fill again with time, up to twice a second’s worth', () => {
    let nowMs = 0;
    const rate = createRequestRate({ perSecond: 10, maxKeys: 10, nowMs: () => nowMs });
    const takeAll = (): number => {
      for (let count = 0; ; count += 1) if (rate.takeMs('a') > 0) return count;
    };
    expect(takeAll()).toBe(20);
    nowMs += 500;
    expect(takeAll()).toBe(5);
    nowMs += 60_000;
    expect(takeAll()).toBe(20);
  });
});

describe('the address of a client', () => {
  const requestFrom = (remoteAddress: string, headers: Record<string, string> = {}) =>
    ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage;
  const read = createClientReader(['10.0.0.0/8', '2001:db8::/32', '192.0.2.1']);

  it('is the last one that no trusted proxy has', () => {
    for (const [direct, forwarded, address] of [
      ['198.51.100.1', '1.1.1.1', '198.51.100.1'],
      ['10.0.0.1', '1.1.1.1', '1.1.1.1'],
      ['::ffff:10.0.0.1', '1.1.1.1', '1.1.1.1'],
      ['10.0.0.1', '6.6.6.6, 1.1.1.1, 10.2.3.4', '1.1.1.1'],
      ['10.0.0.1', '10.1.1.1, 10.2.2.2', '10.1.1.1'],
      ['10.0.0.1', 'garbage, 10.2.2.2', '10.2.2.2'],
      ['10.0.0.1', 'garbage', '10.0.0.1'],
      ['10.0.0.1', '', '10.0.0.1'],
      ['192.0.2.1', '1.1.1.1:4711', '1.1.1.1'],
      ['192.0.2.1', '[2001:db9::1]:4711', '2001:db9::1'],
      ['192.0.2.2', '1.1.1.1', '192.0.2.2'],
      ['2001:db8::5', '2001:db9::7', '2001:db9::7'],
    ] as const) {
      expect(read(requestFrom(direct, { 'x-forwarded-for': forwarded })).address, `${direct} ${forwarded}`).toBe(address);
    }
  });

  it('counts as its network where it is one of IPv6', () => {
    expect(addressKey('2001:db8::1')).toBe(addressKey('2001:0db8:0:0:ffff:1:2:3'));
    expect(addressKey('2001:db8:0:1::1')).not.toBe(addressKey('2001:db8::1'));
    expect(addressKey('::1')).toBe('0:0:0:0::/64');
    expect(addressKey('192.0.2.1')).toBe('192.0.2.1');
  });
});

it('credentials are a bearer token, or the password of anybody', () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const [header, token] of [
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    [basic('user:pass'), 'pass'],
    [basic(':pass:with:colons'), 'pass:with:colons'],
    [basic('no colon'), undefined],
    ['Digest abc', undefined],
    ['abc', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const) {
    expect(tokenOfAuthorization(header), String(header)).toBe(token);
  }
});
