import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type CreateToken, DynDataError, digestOf, type IssuedToken, type ObjectStore, routePath, routes } from '../../../core/index.ts';
import { createMemoryObjects } from '../../../storage/index.ts';
import { movableClock, statusOf, withGuardedRegistry } from '../../support/guarded-registry.ts';

const identity = routes.showIdentity.path;

describe('tokens', () => {
  it('are made over the API, shown once, and stored only as hashes', () =>
    withGuardedRegistry(async (registry, objects) => {
      const admin = await registry.issue('admin', ['*']);
      const wanted: CreateToken = { name: 'qa', role: 'reader', repositories: ['team/*'] };
      const made = await registry.ask('POST', routes.createToken.path, { token: admin.text, body: wanted });
      expect(made.status).toBe(201);
      expect(made.headers.get('cache-control')).toBe('no-store');
      const { token, text } = made.body as IssuedToken;
      expect(made.headers.get('location')).toBe(routePath(routes.showToken.path, { token: token.id }));
      expect(token).toMatchObject({ ...wanted, state: 'active', createdBy: 'admin of a test' });
      expect(await statusOf(registry, text)).toBe(200);
      const secret = text.slice(`dd_${token.id}_`.length);
      for await (const { key } of objects.list('')) {
        const found = await objects.read(key);
        let stored = key;
        for await (const piece of found?.bytes ?? []) stored += Buffer.from(piece).toString('latin1');
        expect(stored).not.toContain(secret);
      }
      for (const path of [routes.listTokens.path, routePath(routes.showToken.path, { token: token.id })]) {
        const shown = await registry.ask('GET', path, { token: admin.text });
        expect(shown.text).toContain(token.id);
        expect(shown.text).not.toContain(secret);
        expect(shown.text).not.toContain(digestOf(text));
      }
      expect(registry.log()).not.toContain(secret);
    }));

  it('are refused with wishes that make no sense', () =>
    withGuardedRegistry(async (registry) => {
      const { text: token } = await registry.issue('admin', ['*']);
      const valid = { name: 'qa', role: 'reader', repositories: ['x'] };
      for (const wrong of [
        { name: '' },
        { name: 'a\nb' },
        { role: 'king' },
        { repositories: [] },
        { repositories: ['UPPER'] },
        { repositories: ['**'] },
        { repositories: ['a/**'] },
        { repositories: ['*/a'] },
        { repositories: ['../x'] },
        { expiresAt: 'tomorrow' },
        { expiresAt: '2001-01-01T00:00:00Z' },
        { id: 'mine' },
      ]) {
        const answer = await registry.ask('POST', routes.createToken.path, { token, body: { ...valid, ...wrong } });
        expect([answer.status, (answer.body as { code: string }).code], JSON.stringify(wrong)).toEqual([400, 'REQUEST_INVALID']);
      }
      for (const id of ['..%2Faudit%2F0000000000000001', 'nope', '%00', 'A'.repeat(5000)]) {
        const answer = await registry.ask('GET', `/api/v1/tokens/${id}`, { token });
        expect([answer.status, (answer.body as { code: string }).code]).toEqual([404, 'TOKEN_UNKNOWN']);
      }
    }));

  it('open nothing from the moment they are revoked, on another replica too, however many ask there', async () => {
    const objects = createMemoryObjects();
    await withGuardedRegistry(
      (first) =>
        withGuardedRegistry(
          async (second) => {
            for (let round = 0; round < 5; round += 1) {
              const { text, id } = await first.issue('reader', ['*']);
              let revokedAtMs = Number.POSITIVE_INFINITY;
              let late = 0;
              let good = 0;
              const asking = Array.from({ length: 12 }, async () => {
                for (;;) {
                  const askedAtMs = performance.now();
                  const status = await statusOf(second, text);
                  if (askedAtMs > revokedAtMs) {
                    late += 1;
                    expect(status).toBe(401);
                    return;
                  }
                  if (status === 200) good += 1;
                }
              });
              await expect.poll(() => good, { timeout: 20_000 }).toBeGreaterThan(50);
              await first.revoke(id);
              revokedAtMs = performance.now();
              await Promise.all(asking);
              expect(late).toBe(12);
            }
          },
          {},
          objects,
        ),
      {},
      objects,
    );
  });

  it('get a new secret: the old one ends at once, or after an overlap', async () => {
    const time = movableClock();
    await withGuardedRegistry(
      async (registry) => {
        const admin = await registry.issue('admin', ['*']);
        const { text: first, id } = await registry.issue('reader', ['*']);
        const rotate = async (overlapSeconds: number): Promise<string> => {
          const path = routePath(routes.rotateToken.path, { token: id });
          const answer = await registry.ask('POST', path, { token: admin.text, body: { overlapSeconds } });
          expect(answer.status).toBe(200);
          return (answer.body as IssuedToken).text;
        };
        const states = (...texts: string[]) => Promise.all(texts.map((text) => statusOf(registry, text)));
        const second = await rotate(3600);
        expect(await states(first, second)).toEqual([200, 200]);
        time.forward(1800);
        const third = await rotate(3600);
        expect(await states(first, second, third)).toEqual([200, 200, 200]);
        time.forward(1801);
        // The first ends when it was said to, the second's overlap goes on.
        expect(await states(first, second, third)).toEqual([401, 200, 200]);
        const fourth = await rotate(0);
        expect(await states(first, second, third, fourth)).toEqual([401, 401, 401, 200]);
        await registry.revoke(id);
        const path = routePath(routes.rotateToken.path, { token: id });
        expect((await registry.ask('POST', path, { token: admin.text, body: { overlapSeconds: 0 } })).status).toBe(400);
        expect(await states(fourth)).toEqual([401]);
      },
      { clock: time.clock },
    );
  });

  it('end when they expire, and say so only to who has the right secret', async () => {
    const time = movableClock();
    await withGuardedRegistry(
      async (registry) => {
        const { text, id } = await registry.issue('reader', ['*'], '2027-01-02T00:00:00Z');
        const other = await registry.issue('reader', ['*']);
        expect(await statusOf(registry, text)).toBe(200);
        time.forward(86_400);
        const answer = await registry.ask('GET', identity, { token: text });
        expect([answer.status, answer.text]).toEqual([401, expect.stringContaining('expired on 2027-01-02')]);
        const guessed = await registry.ask('GET', identity, { token: `dd_${id}${other.text.slice(`dd_${id}`.length)}` });
        expect([guessed.status, guessed.text]).toEqual([401, expect.not.stringContaining('expired on')]);
      },
      { clock: time.clock },
    );
  });

  it('tell when they were last used, written once an hour', async () => {
    const time = movableClock();
    await withGuardedRegistry(
      async (registry, objects) => {
        const { text, id } = await registry.issue('reader', ['*']);
        const lastUse = async () => (await registry.access.tokens.show(id)).lastUsedAt;
        expect(await lastUse()).toBeUndefined();
        const usedAt = time.clock().toISOString();
        await statusOf(registry, text);
        await expect.poll(lastUse).toBe(usedAt);
        const etag = (await objects.stat(`token-uses/${id}`))?.etag;
        time.forward(3000);
        await statusOf(registry, text);
        await sleep(30);
        expect((await objects.stat(`token-uses/${id}`))?.etag).toBe(etag);
        time.forward(601);
        await statusOf(registry, text);
        await expect.poll(lastUse).toBe(time.clock().toISOString());
      },
      { clock: time.clock },
    );
  });

  it('open nothing while the store cannot be asked', async () => {
    const objects = createMemoryObjects();
    let isDown = false;
    const failing: ObjectStore = {
      ...objects,
      read: (key, options) =>
        isDown && key.startsWith('tokens/')
          ? Promise.reject(new DynDataError('STORAGE_UNREACHABLE', 'The storage is away.'))
          : objects.read(key, options),
    };
    await withGuardedRegistry(
      async (registry) => {
        const { text } = await registry.issue('reader', ['*']);
        expect(await statusOf(registry, text)).toBe(200);
        isDown = true;
        expect(await statusOf(registry, text)).toBe(503);
        isDown = false;
        expect(await statusOf(registry, text)).toBe(200);
      },
      {},
      failing,
    );
  });
});
