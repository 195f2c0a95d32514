import { beforeEach, expect, it } from 'vitest';
import { digestOf, type ObjectStore, type TokenRecord, type TokenStore } from '../../core/index.ts';
import { createTokenStore } from '../../storage/index.ts';
import { listOf } from '../support/stream-samples.ts';

const at = '2024-05-01T00:00:00.000Z';
const recordOf = (id: string, changes: Partial<TokenRecord> = {}): TokenRecord => ({
  version: 1,
  id,
  name: 'night build',
  role: 'operator',
  repositories: ['team/*'],
  createdAt: at,
  createdBy: 'ops',
  secrets: [{ hash: digestOf(id), createdAt: at }],
  ...changes,
});
const first = 'AAAAAAAAAAAAA1';
const second = 'AAAAAAAAAAAAA2';

/** Holds the token store, over one adapter, to the contract in core/tokens.ts. `open` gives a new, empty object store. */
export function tokenStoreContract(open: () => Promise<ObjectStore>): void {
  let objects: ObjectStore;
  let tokens: TokenStore;
  beforeEach(async () => {
    objects = await open();
    tokens = createTokenStore(objects);
  });

  it('gives back what was written, by its id and in a list', async () => {
    await tokens.create(recordOf(second));
    await tokens.create(recordOf(first));
    expect((await tokens.get(first))?.record).toEqual(recordOf(first));
    expect(await tokens.get('AAAAAAAAAAAAA3')).toBeUndefined();
    expect((await listOf(tokens.list())).map(({ id }) => id)).toEqual([first, second]);
    expect((await listOf(tokens.list({ after: first }))).map(({ id }) => id)).toEqual([second]);
  });

  it('never takes an id twice', async () => {
    await tokens.create(recordOf(first));
    await expect(tokens.create(recordOf(first, { role: 'admin' }))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await tokens.get(first))?.record.role).toBe('operator');
  });

  it('replaces a record only for who knows its latest state', async () => {
    await tokens.create(recordOf(first));
    const { etag = '' } = (await tokens.get(first)) ?? {};
    await tokens.replace(recordOf(first, { revokedAt: at }), etag);
    await expect(tokens.replace(recordOf(first), etag)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await tokens.get(first))?.record.revokedAt).toBe(at);
  });

  it('shows a change of another process at once', async () => {
    const other = createTokenStore(objects);
    await tokens.create(recordOf(first));
    const { etag = '' } = (await tokens.get(first)) ?? {};
    await other.replace(recordOf(first, { revokedAt: at }), etag);
    expect((await tokens.get(first))?.record.revokedAt).toBe(at);
  });

  it('notes uses apart from the record, and keeps them out of the list', async () => {
    await tokens.create(recordOf(first));
    const before = await tokens.get(first);
    expect(await tokens.lastUse(first)).toBeUndefined();
    await tokens.noteUse(first, at);
    expect(await tokens.lastUse(first)).toBe(at);
    expect(await tokens.get(first)).toEqual(before);
    expect(await listOf(tokens.list())).toHaveLength(1);
  });
}
