import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithEngine } from '../support/engine.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { type S3Fixture, startS3Fixture } from '../support/s3-store.ts';
import { runWorkload } from '../support/storage-workload.ts';

const awayMs = 60_000;

describeWithEngine('S3 that is away for a minute', () => {
  let fixture: S3Fixture;
  beforeAll(async () => {
    fixture = await startS3Fixture('dyn-data-away');
  });
  afterAll(() => fixture?.stop());

  it('keeps two writers waiting, and loses nothing that it acknowledged', async () => {
    await using proxy = await startFaultProxy({ target: fixture.server.endpoint, seed: 3, share: 0.1 });
    const open = () => fixture.open({ endpoint: proxy.url, requestTimeoutMs: 2_000 });
    const stores = [await open(), await open()];
    let awayAt = 0;
    const onRound = (writer: number, round: number): void => {
      if (writer !== 0 || round !== 10) return;
      awayAt = performance.now();
      proxy.leave();
      setTimeout(() => proxy.comeBack(), awayMs);
    };
    const { blobs } = await runWorkload({ stores, rounds: 40, onRound }, await fixture.open());
    expect(blobs).toBeGreaterThan(300);
    expect(performance.now() - awayAt).toBeGreaterThan(awayMs);
  });
});
