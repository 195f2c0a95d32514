import { afterAll, beforeAll, expect, it } from 'vitest';
import { proveLong } from '../../demo/prove.ts';
import { describeWithEngine } from '../support/engine.ts';
import { sampleForTests } from '../support/sample-for-tests.ts';
import { openWholeWay, type ProofResult, type WholeWay } from '../support/whole-way.ts';

/** The proofs of the demo that take longer; the others: test/end-to-end/whole-way.test.ts. */
describeWithEngine('the whole way', () => {
  const sample = sampleForTests({ size: 'small', project: 'dyn-data-test-long-way-production' });
  let way: WholeWay;

  beforeAll(async () => {
    way = await openWholeWay({ connections: sample(), stackProject: 'dyn-data-test-long-way-copy', nginxPort: 8156 });
    const { developer, tag } = way.context;
    for (const args of [['snapshot', 'create', 'prod', '--tag', tag, '--follow'], ['pull', tag], ['up']]) {
      const { exitCode, stderr } = await developer.run(args);
      expect(exitCode, stderr).toBe(0);
    }
  });

  afterAll(() => way?.[Symbol.asyncDispose]());

  it('is proven: 4 the same digest for the same data, 6 interruptions', async () => {
    const results: ProofResult[] = [];
    const { registryPid } = await proveLong(way.context, (number, holds, text) => results.push({ number, holds, text }));
    way.registryIs(registryPid);
    expect(results.filter(({ holds }) => !holds)).toEqual([]);
    expect(new Set(results.map(({ number }) => number))).toEqual(new Set([4, 6]));
  });
});
