import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { routes } from '../../../core/index.ts';
import { movableClock, statusOf, withGuardedRegistry } from '../../support/guarded-registry.ts';

const identity = routes.showIdentity.path;

describe('guessing', () => {
  const limits = { failuresPerMinute: 5, requestsPerSecond: 1_000_000 };
  const wrong = 'dd_guess';
  const from = (address: string) => ({ 'x-forwarded-for': address });

  it('has to wait after some failures, from one address', async () => {
    const time = movableClock();
    await withGuardedRegistry(
      async (registry) => {
        const { text } = await registry.issue('reader', ['*']);
        const at = (address: string, token: string) => registry.ask('GET', identity, { token, headers: from(address) });
        for (let tries = 0; tries < 5; tries += 1) expect((await at('192.0.2.1', wrong)).status).toBe(401);
        time.forward(20);
        const refused = await at('192.0.2.1', wrong);
        expect([refused.status, (refused.body as { code: string }).code]).toEqual([429, 'TOO_MANY_REQUESTS']);
        expect(refused.headers.get('retry-after')).toBe('40');
        expect((await at('192.0.2.1', text)).status, 'a right guess is not told either').toBe(429);
        expect((await registry.ask('GET', '/v2/', { token: wrong, headers: from('192.0.2.1') })).body).toMatchObject({
          errors: [{ code: 'TOOMANYREQUESTS' }],
        });
        expect((await at('192.0.2.2', text)).status, 'others go on').toBe(200);
        time.forward(41);
        expect((await at('192.0.2.1', text)).status).toBe(200);
      },
      { limits, clock: time.clock, trustedProxies: ['127.0.0.1'] },
    );
  });

  it('has to wait for one token, from however many addresses; those it worked for go on', async () => {
    const time = movableClock();
    await withGuardedRegistry(
      async (registry) => {
        const { text, id } = await registry.issue('reader', ['*']);
        const other = await registry.issue('reader', ['*']);
        const guess = `dd_${id}${other.text.slice(`dd_${id}`.length)}`;
        const at = async (address: string, token: string) =>
          (await registry.ask('GET', identity, { token, headers: from(address) })).status;
        expect(await at('198.51.100.1', text)).toBe(200);
        // A guess with a checksum that fits, as a guesser would make it.
        const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
        let rest = crc32(guess.slice(0, -6));
        let checksum = '';
        for (let place = 0; place < 6; place += 1) {
          checksum = `${digits[rest % 62]}${checksum}`;
          rest = Math.floor(rest / 62);
        }
        const whole = `${guess.slice(0, -6)}${checksum}`;
        for (let tries = 0; tries < 5; tries += 1) expect(await at(`192.0.2.${tries}`, whole)).toBe(401);
        expect(await at('192.0.2.77', whole)).toBe(429);
        expect(await at('192.0.2.78', text), 'an address that the token never worked for').toBe(429);
        expect(await at('198.51.100.1', text), 'one that it did work for').toBe(200);
        expect(await at('192.0.2.77', other.text), 'another token').toBe(200);
        time.forward(61);
        expect(await at('192.0.2.78', text)).toBe(200);
      },
      { limits, clock: time.clock, trustedProxies: ['127.0.0.1'] },
    );
  });

  it('counts a whole network of IPv6 as one address, and believes no proxy that it does not know', async () => {
    const time = movableClock();
    await withGuardedRegistry(
      async (registry) => {
        const at = async (address: string) => (await registry.ask('GET', identity, { token: wrong, headers: from(address) })).status;
        for (let tries = 0; tries < 5; tries += 1) expect(await at(`2001:db8::${tries}`)).toBe(401);
        expect(await at('2001:db8:0:0:ffff::1')).toBe(429);
        expect(await at('2001:db8:0:1::1')).toBe(401);
      },
      { limits, clock: time.clock, trustedProxies: ['127.0.0.1'] },
    );
    await withGuardedRegistry(
      async (registry) => {
        const at = async (address: string) => (await registry.ask('GET', identity, { token: wrong, headers: from(address) })).status;
        for (let tries = 0; tries < 5; tries += 1) expect(await at(`192.0.2.${tries}`)).toBe(401);
        expect(await at('192.0.2.9')).toBe(429);
      },
      { limits, clock: time.clock },
    );
  });

  it('and asking altogether have a rate', async () => {
    const time = movableClock();
    await withGuardedRegistry(
      async (registry) => {
        const { text: token } = await registry.issue('reader', ['*']);
        const other = await registry.issue('reader', ['*']);
        for (let tries = 0; tries < 20; tries += 1) expect(await statusOf(registry, token)).toBe(200);
        const refused = await registry.ask('GET', identity, { token });
        expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
        expect(await statusOf(registry, other.text)).toBe(200);
        time.forward(1);
        for (let tries = 0; tries < 10; tries += 1) expect(await statusOf(registry, token)).toBe(200);
        expect(await statusOf(registry, token)).toBe(429);
        for (let tries = 0; tries < 20; tries += 1) expect((await registry.ask('GET', identity)).status).toBe(401);
        expect((await registry.ask('GET', identity)).status).toBe(429);
      },
      { limits: { failuresPerMinute: 1000, requestsPerSecond: 10 }, clock: time.clock },
    );
  });
});
