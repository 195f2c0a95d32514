import { beforeEach, describe, expect, it } from 'vitest';
import { type AuditEvent, type AuditLog, canonicalJson, digestOf, noEntry, type ObjectStore } from '../../core/index.ts';
import { createAuditLog } from '../../storage/index.ts';
import { listOf } from '../support/stream-samples.ts';

const event = (target: string): AuditEvent => ({ actor: { kind: 'local', name: 'local' }, action: 'tag.move', target, from: 'a', to: 'b' });
const keyOf = (number: number): string => `audit/${String(number).padStart(16, '0')}`;

/** Holds the audit log, over one adapter, to the contract in core/audit.ts. `open` gives a new, empty object store. */
export function auditLogContract(open: () => Promise<ObjectStore>): void {
  let objects: ObjectStore;
  let log: AuditLog;
  const openLog = (): AuditLog => createAuditLog(objects, { clock: () => new Date(), random: Math.random });
  beforeEach(async () => {
    objects = await open();
    log = openLog();
  });
  const fill = async (count: number): Promise<void> => {
    for (let number = 1; number <= count; number += 1) await log.append(event(`shop:tag-${number}`));
  };
  const storedText = async (number: number): Promise<string> => {
    const found = await objects.read(keyOf(number));
    let text = '';
    for await (const piece of found?.bytes ?? []) text += Buffer.from(piece).toString();
    return text;
  };
  const store = async (key: string, text: string): Promise<void> => {
    const bytes = Buffer.from(text);
    await objects.write(key, bytes, { sizeBytes: bytes.byteLength });
  };

  it('chains every entry to the one before, as stored', async () => {
    await fill(3);
    let previous = noEntry;
    for (let number = 1; number <= 3; number += 1) {
      const text = await storedText(number);
      expect(JSON.parse(text)).toMatchObject({ version: 1, number, previous, ...event(`shop:tag-${number}`) });
      expect(text).toBe(canonicalJson(JSON.parse(text)));
      previous = digestOf(text);
    }
    expect(await log.verify()).toEqual({ entries: 3, head: { number: 3, hash: previous } });
  });

  it('is empty and whole before anything was changed', async () => {
    expect(await log.verify()).toEqual({ entries: 0 });
    expect(await listOf(log.entries())).toEqual([]);
  });

  it('lists the newest first, from below a number', async () => {
    await fill(5);
    expect((await listOf(log.entries())).map(({ number }) => number)).toEqual([5, 4, 3, 2, 1]);
    expect((await listOf(log.entries({ below: 4 }))).map(({ target }) => target)).toEqual(['shop:tag-3', 'shop:tag-2', 'shop:tag-1']);
    expect((await listOf(openLog().entries({ below: 2 }))).map(({ number }) => number)).toEqual([1]);
  });

  it('gives every number once and none twice while several append at once', async () => {
    const logs = [log, openLog(), openLog(), openLog()];
    const written = await Promise.all(
      logs.flatMap((one, at) => Array.from({ length: 6 }, (_nothing, turn) => one.append(event(`shop:${at}-${turn}`)))),
    );
    expect(written.map(({ number }) => number).sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_nothing, at) => at + 1));
    expect(await log.verify()).toMatchObject({ entries: 24, head: { number: 24 } });
    const targets = new Set((await listOf(log.entries())).map(({ target }) => target));
    expect(targets.size).toBe(24);
  });

  it('goes on after a process that died between an entry and the head', async () => {
    await fill(2);
    const text = canonicalJson({
      version: 1,
      number: 3,
      previous: digestOf(await storedText(2)),
      at: '2024-05-01T00:00:00.000Z',
      ...event('x'),
    });
    await store(keyOf(3), text);
    expect((await openLog().append(event('y'))).number).toBe(4);
    expect(await log.verify()).toMatchObject({ entries: 4 });
    expect((await log.verify()).broken).toBeUndefined();
  });

  describe('says where it was tampered with:', () => {
    beforeEach(() => fill(5));
    const broken = async () => (await openLog().verify()).broken;

    it('an entry was changed', async () => {
      await store(keyOf(3), (await storedText(3)).replace('tag-3', 'tag-9'));
      expect(await broken()).toMatchObject({ number: 4, reason: expect.stringContaining('entry 3') });
    });

    it('an entry was changed and the chain after it made anew', async () => {
      let previous = digestOf(await storedText(2));
      for (let number = 3; number <= 5; number += 1) {
        const entry = JSON.parse(await storedText(number));
        const text = canonicalJson({ ...entry, previous, ...(number === 3 ? { to: 'c' } : {}) });
        await store(keyOf(number), text);
        previous = digestOf(text);
      }
      expect(await broken()).toMatchObject({ number: 5, reason: expect.stringContaining('head of the log') });
    });

    it('an entry was taken out', async () => {
      await objects.remove(keyOf(2));
      expect(await broken()).toMatchObject({ number: 2, reason: expect.stringContaining('gone') });
    });

    it('the beginning was taken out', async () => {
      await objects.remove(keyOf(1));
      expect(await broken()).toMatchObject({ number: 1 });
    });

    it('the end was cut off', async () => {
      await objects.remove(keyOf(5));
      await objects.remove(keyOf(4));
      expect(await broken()).toMatchObject({ number: 4, reason: expect.stringContaining('up to 5') });
    });

    it('the end was cut off together with the head, which only a head kept elsewhere tells', async () => {
      const { head } = await log.verify();
      await objects.remove(keyOf(5));
      await store('audit-head', JSON.stringify({ version: 1, number: 4, hash: digestOf(await storedText(4)) }));
      expect(await broken()).toBeUndefined();
      expect((await openLog().verify(head ? { known: head } : {})).broken).toMatchObject({
        number: 5,
        reason: expect.stringContaining('kept'),
      });
    });

    it('the head was taken away', async () => {
      await objects.remove('audit-head');
      expect(await broken()).toMatchObject({ number: 6, reason: expect.stringContaining('head of the log is gone') });
    });

    it('an entry is no entry', async () => {
      await store(keyOf(3), '{}');
      expect(await broken()).toMatchObject({ number: 3 });
    });

    it('two entries changed places', async () => {
      const [two, three] = [await storedText(2), await storedText(3)];
      await store(keyOf(2), three);
      await store(keyOf(3), two);
      expect(await broken()).toMatchObject({ number: 2, reason: expect.stringContaining('number 3') });
    });

    it('a cut log does not heal by going on', async () => {
      await objects.remove(keyOf(5));
      expect((await openLog().append(event('later'))).number).toBe(6);
      expect(await broken()).toMatchObject({ number: 5 });
    });
  });
}
