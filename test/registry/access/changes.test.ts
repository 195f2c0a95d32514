import { describe, expect, it } from 'vitest';
import { type AuditEntryView, DynDataError, type ObjectStore, routePath, routes } from '../../../core/index.ts';
import { createMemoryObjects } from '../../../storage/index.ts';
import { type GuardedRegistry, withGuardedRegistry } from '../../support/guarded-registry.ts';
import { publishImage } from '../../support/published-image.ts';
import { rawRequest } from '../../support/raw-http.ts';
import { listOf } from '../../support/stream-samples.ts';

const entriesOf = async (registry: GuardedRegistry): Promise<AuditEntryView[]> => (await listOf(registry.access.audit.entries())).reverse();

describe('changes', () => {
  const tagPath = (tag: string) => routePath(routes.moveTag.path, { repository: 'dynamease', tag });
  const secondImage = (registry: GuardedRegistry, content: string) =>
    publishImage(registry, { repository: 'dynamease', layers: [[{ path: 'snapshot/x', bytes: Buffer.from(content) }]] }).then(
      ({ digest }) => digest,
    );

  it('are recorded: who, what, from where to where, when, from which address, in which request', () =>
    withGuardedRegistry(async (registry) => {
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

  it('are recorded of pins, removals, retention and the collector, each in the name of who makes it', () =>
    withGuardedRegistry(async (registry) => {
      const { text: token, id } = await registry.issue('operator', ['*']);
      const who = { actor: { kind: 'token', tokenId: id, name: 'operator of a test' } };
      const { dynamease: digest = '' } = registry.digests;
      const of = { repository: 'dynamease', digest };
      const target = `dynamease@${digest}`;
      const pinned = await registry.ask('POST', routePath(routes.pinSnapshot.path, of), { token, body: { why: 'bug 17' } });
      expect(pinned).toMatchObject({ status: 201, body: { by: 'operator of a test', why: 'bug 17' } });
      // Who pins is not for him to say.
      const claimed = { token, body: { why: 'bug 17', by: 'somebody else' } };
      expect((await registry.ask('POST', routePath(routes.pinSnapshot.path, of), claimed)).status).toBe(400);
      const pin = (pinned.body as { id: string }).id;
      const remove = () => registry.ask('POST', routePath(routes.removeSnapshot.path, of), { token, body: { tags: ['may'], pins: [] } });
      expect(await remove()).toMatchObject({ status: 409, body: { code: 'SNAPSHOT_HELD' } });
      const deleted = await registry.ask('DELETE', `/v2/dynamease/manifests/${digest}`, { token });
      expect(deleted).toMatchObject({ status: 409, body: { errors: [{ code: 'DENIED', message: expect.stringContaining('bug 17') }] } });
      expect(await registry.catalog.tag('dynamease', 'may')).toBeDefined();
      expect((await registry.ask('DELETE', routePath(routes.unpinSnapshot.path, { ...of, pin }), { token })).status).toBe(204);
      expect((await registry.ask('DELETE', routePath(routes.unpinSnapshot.path, { ...of, pin }), { token })).status).toBe(404);
      expect((await remove()).status).toBe(204);
      const apply = routePath(routes.applyRetention.path, { environment: 'prod' });
      expect((await registry.ask('POST', apply, { token, body: { dryRun: true } })).status).toBe(202);
      expect((await registry.ask('POST', routes.collect.path, { token, body: { dryRun: false } })).status).toBe(202);
      const entries = (await entriesOf(registry)).filter(({ actor }) => actor.kind === 'token');
      expect(entries).toMatchObject([
        { ...who, action: 'pin.create', target, to: pin },
        { ...who, action: 'manifest.remove', target },
        { ...who, action: 'manifest.remove', target, failure: { code: 'SNAPSHOT_HELD' } },
        { ...who, action: 'pin.remove', target, from: pin },
        { ...who, action: 'manifest.remove', target },
        { ...who, action: 'job.create', target: 'retention prod, dry run' },
        { ...who, action: 'job.create', target: 'collect' },
      ]);
    }));

  it('are the same one for the same idempotency key of the same token, and of no other', () =>
    withGuardedRegistry(async (registry) => {
      const create = async (token: string): Promise<string> => {
        const headers = { 'idempotency-key': 'once' };
        const answer = await registry.ask('POST', routes.createSnapshot.path, { token, headers, body: { environment: 'prod' } });
        expect(answer.status).toBe(202);
        return (answer.body as { id: string }).id;
      };
      const { text: one } = await registry.issue('operator', ['dynamease']);
      const { text: another } = await registry.issue('operator', ['dynamease']);
      const first = await create(one);
      expect(await create(one)).toBe(first);
      expect(await create(another)).not.toBe(first);
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
    await withGuardedRegistry(
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
        expect(await listOf(registry.jobs.list())).toEqual([]);
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
    await withGuardedRegistry(
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
    await withGuardedRegistry(
      (first) =>
        withGuardedRegistry(
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
    withGuardedRegistry(async (registry) => {
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
