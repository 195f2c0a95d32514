import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  type AuditEntryView,
  type CreateToken,
  DynDataError,
  digestOf,
  type IssuedToken,
  type ObjectStore,
  routePath,
  routes,
} from '../../../core/index.ts';
import { createMemoryObjects } from '../../../storage/index.ts';
import { type GuardedRegistry, startGuardedRegistry } from '../../support/guarded-registry.ts';
import { publishImage } from '../../support/published-image.ts';
import { rawRequest } from '../../support/raw-http.ts';
import { listOf } from '../../support/stream-samples.ts';

type Options = Parameters<typeof startGuardedRegistry>[1];
const withRegistry = async (
  work: (registry: GuardedRegistry, objects: ObjectStore) => Promise<void>,
  options: Options = {},
  objects: ObjectStore = createMemoryObjects(),
) => {
  const registry = await startGuardedRegistry(objects, options);
  try {
    await work(registry, objects);
  } finally {
    await registry.stop();
  }
};
/** A clock that stands until it is moved. */
const movableClock = () => {
  let nowMs = Date.UTC(2027, 0, 1);
  return {
    clock: () => new Date(nowMs),
    forward: (seconds: number) => {
      nowMs += seconds * 1000;
    },
  };
};
const identity = routes.showIdentity.path;
const statusOf = async (registry: GuardedRegistry, token: string): Promise<number> =>
  (await registry.ask('GET', identity, { token })).status;
const entriesOf = async (registry: GuardedRegistry): Promise<AuditEntryView[]> => (await listOf(registry.access.audit.entries())).reverse();

describe('tokens', () => {
  it('are made over the API, shown once, and stored only as hashes', () =>
    withRegistry(async (registry, objects) => {
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
    withRegistry(async (registry) => {
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
    await withRegistry(
      (first) =>
        withRegistry(
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
    await withRegistry(
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
    await withRegistry(
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
    await withRegistry(
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
    await withRegistry(
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

describe('guessing', () => {
  const limits = { failuresPerMinute: 5, requestsPerSecond: 1_000_000 };
  const wrong = 'dd_guess';
  const from = (address: string) => ({ 'x-forwarded-for': address });

  it('has to wait after some failures, from one address', async () => {
    const time = movableClock();
    await withRegistry(
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
    await withRegistry(
      async (registry) => {
        const { text, id } = await registry.issue('reader', ['*']);
        const other = await registry.issue('reader', ['*']);
        const guess = `dd_${id}${other.text.slice(`dd_${id}`.length)}`;
        const at = async (address: string, token: string) =>
          (await registry.ask('GET', identity, { token, headers: from(address) })).status;
        expect(await at('198.51.100.1', text)).toBe(200);
        // A guess with a checksum that fits, as a guesser would make it.
        const { crc32 } = await import('node:zlib');
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
    await withRegistry(
      async (registry) => {
        const at = async (address: string) => (await registry.ask('GET', identity, { token: wrong, headers: from(address) })).status;
        for (let tries = 0; tries < 5; tries += 1) expect(await at(`2001:db8::${tries}`)).toBe(401);
        expect(await at('2001:db8:0:0:ffff::1')).toBe(429);
        expect(await at('2001:db8:0:1::1')).toBe(401);
      },
      { limits, clock: time.clock, trustedProxies: ['127.0.0.1'] },
    );
    await withRegistry(
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
    await withRegistry(
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

describe('changes', () => {
  const tagPath = (tag: string) => routePath(routes.moveTag.path, { repository: 'dynamease', tag });
  const secondImage = (registry: GuardedRegistry, content: string) =>
    publishImage(registry, { repository: 'dynamease', layers: [[{ path: 'snapshot/x', bytes: Buffer.from(content) }]] }).then(
      ({ digest }) => digest,
    );

  it('are recorded: who, what, from where to where, when, from which address, in which request', () =>
    withRegistry(async (registry) => {
      const { text: token, id } = await registry.issue('operator', ['dynamease']);
      const before = registry.digests.dynamease ?? '';
      const after = await secondImage(registry, 'another');
      const moved = await registry.ask('PUT', tagPath('may'), { token, body: { digest: after } });
      const removed = await registry.ask('DELETE', tagPath('may'), { token });
      const again = await registry.ask('DELETE', tagPath('may'), { token });
      const snapshot = await registry.ask('POST', routes.createSnapshot.path, { token, body: { environment: 'prod', tag: 'june' } });
      expect([moved.status, removed.status, again.status, snapshot.status]).toEqual([200, 204, 204, 202]);
      const who = { actor: { kind: 'token', tokenId: id, name: 'operator of a test' }, address: '127.0.0.1', at: expect.any(String) };
      const requestId = (answer: { headers: Headers }) => answer.headers.get('x-request-id');
      expect((await entriesOf(registry)).slice(-3)).toMatchObject([
        { ...who, action: 'tag.move', target: 'dynamease:may', from: before, to: after, requestId: requestId(moved) },
        { ...who, action: 'tag.remove', target: 'dynamease:may', from: after, requestId: requestId(removed) },
        { ...who, action: 'snapshot.create', target: 'prod', to: 'dynamease:june', requestId: requestId(snapshot) },
      ]);
      expect((await registry.access.audit.verify()).broken).toBeUndefined();
    }));

  it('are not made where they cannot be recorded', async () => {
    const objects = createMemoryObjects();
    let isDown = false;
    const failing: ObjectStore = {
      ...objects,
      write: (key, bytes, options) =>
        isDown && key.startsWith('audit/')
          ? Promise.reject(new DynDataError('STORAGE_UNREACHABLE', 'The storage is away.'))
          : objects.write(key, bytes, options),
    };
    await withRegistry(
      async (registry) => {
        const { text: token, id } = await registry.issue('admin', ['*']);
        const after = await secondImage(registry, 'another');
        const tokens = await listOf(registry.access.store.list());
        isDown = true;
        for (const [method, path, body] of [
          ['PUT', tagPath('may'), { digest: after }],
          ['DELETE', tagPath('may'), undefined],
          ['POST', routes.createSnapshot.path, { environment: 'prod' }],
          ['POST', routes.createToken.path, { name: 'x', role: 'reader', repositories: ['*'] }],
          ['POST', routePath(routes.rotateToken.path, { token: id }), { overlapSeconds: 0 }],
          ['DELETE', routePath(routes.revokeToken.path, { token: id }), undefined],
        ] as const) {
          const answer = await registry.ask(method, path, { token, body });
          expect([answer.status, (answer.body as { code: string }).code], path).toEqual([503, 'STORAGE_UNREACHABLE']);
        }
        isDown = false;
        expect((await registry.catalog.tag('dynamease', 'may'))?.digest).toBe(registry.digests.dynamease);
        expect(await registry.jobs.list()).toEqual([]);
        expect(await listOf(registry.access.store.list())).toEqual(tokens);
        expect((await registry.ask('PUT', tagPath('may'), { token, body: { digest: after } })).status).toBe(200);
        expect((await registry.access.audit.verify()).broken).toBeUndefined();
      },
      {},
      failing,
    );
  });

  it('that fail after they were recorded are recorded as failed', async () => {
    const objects = createMemoryObjects();
    let isDown = false;
    const failing: ObjectStore = {
      ...objects,
      write: (key, bytes, options) =>
        isDown && key.startsWith('tags/')
          ? Promise.reject(new DynDataError('STORAGE_FAILED', 'The disk is full.'))
          : objects.write(key, bytes, options),
    };
    await withRegistry(
      async (registry) => {
        const { text: token } = await registry.issue('operator', ['*']);
        const after = await secondImage(registry, 'another');
        isDown = true;
        expect((await registry.ask('PUT', tagPath('may'), { token, body: { digest: after } })).status).toBe(502);
        const [announced, failed] = (await entriesOf(registry)).slice(-2);
        expect(announced).toMatchObject({ action: 'tag.move', to: after });
        expect(failed).toMatchObject({ action: 'tag.move', failure: { number: announced?.number, code: 'STORAGE_FAILED' } });
      },
      {},
      failing,
    );
  });

  it('of one tag by two replicas at once form one line, each from where the one before led', async () => {
    const objects = createMemoryObjects();
    await withRegistry(
      (first) =>
        withRegistry(
          async (second) => {
            const { text: token } = await first.issue('operator', ['*']);
            const digests = await Promise.all(Array.from({ length: 8 }, (_nothing, at) => secondImage(first, `image ${at}`)));
            const statuses = await Promise.all(
              digests.map(
                async (digest, at) => (await (at % 2 ? first : second).ask('PUT', tagPath('may'), { token, body: { digest } })).status,
              ),
            );
            expect(statuses.every((status) => status === 200 || status === 409)).toBe(true);
            const entries = await entriesOf(first);
            const failed = new Set(entries.flatMap(({ failure }) => (failure ? [failure.number] : [])));
            const moves = entries.filter(
              ({ action, failure, number, target }) =>
                action === 'tag.move' && target === 'dynamease:may' && !failure && !failed.has(number),
            );
            expect(moves).toHaveLength(statuses.filter((status) => status === 200).length);
            const reached = new Map(moves.map(({ from, to }) => [from, to]));
            let digest: string | undefined = first.digests.dynamease;
            for (let steps = 0; steps < moves.length; steps += 1) digest = reached.get(digest);
            expect((await first.catalog.tag('dynamease', 'may'))?.digest).toBe(digest);
            expect((await first.access.audit.verify()).broken).toBeUndefined();
          },
          {},
          objects,
        ),
      {},
      objects,
    );
  });

  it('of a tag can be made conditional on what was read', () =>
    withRegistry(async (registry) => {
      const { text: token } = await registry.issue('operator', ['*']);
      const [one, two] = [await secondImage(registry, 'one'), await secondImage(registry, 'two')];
      const move = (tag: string, digest: string, headers: Record<string, string>) =>
        registry.ask('PUT', tagPath(tag), { token, body: { digest }, headers });
      const etag = (await registry.ask('GET', tagPath('may'), { token })).headers.get('etag') ?? '';
      // Not by fetch, which would add that no cache may answer.
      const asked = { headers: { authorization: `Bearer ${token}`, 'if-none-match': etag } };
      expect((await rawRequest(registry.port, tagPath('may'), asked)).status).toBe(304);
      const list = routePath(routes.listTags.path, { repository: 'dynamease' });
      const listed = await rawRequest(registry.port, list, { headers: { authorization: `Bearer ${token}` } });
      const known = { headers: { authorization: `Bearer ${token}`, 'if-none-match': String(listed.headers.etag) } };
      expect((await rawRequest(registry.port, list, known)).status).toBe(304);
      const moved = await move('may', one, { 'if-match': etag });
      expect(moved.status).toBe(200);
      const late = await move('may', two, { 'if-match': etag });
      expect([late.status, (late.body as { code: string }).code]).toEqual([412, 'PRECONDITION_FAILED']);
      expect((await move('may', two, { 'if-match': moved.headers.get('etag') ?? '' })).status).toBe(200);
      expect((await move('may', one, { 'if-none-match': '*' })).status).toBe(412);
      expect((await move('fresh', one, { 'if-none-match': '*' })).status).toBe(200);
      expect((await move('may', one, { 'if-match': 'W/"x"' })).status).toBe(412);
      expect((await move('may', one, { 'if-match': '*' })).status).toBe(400);
      expect((await registry.catalog.tag('dynamease', 'may'))?.digest).toBe(two);
    }));
});
