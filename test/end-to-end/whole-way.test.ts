import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { proveQuick } from '../../demo/prove.ts';
import { samplePolicy } from '../../demo/sample-registry.ts';
import { runCommand } from '../../scripts/run-command.ts';
import { describeWithEngine } from '../support/engine.ts';
import { sampleForTests } from '../support/sample-for-tests.ts';
import { openWholeWay, type ProofResult, type WholeWay } from '../support/whole-way.ts';
import { changingPolicySuite } from './changing-policy-suite.ts';
import { emptySuite } from './empty-suite.ts';
import { leakScanSuite } from './leak-scan-suite.ts';
import { fillOtherAccounts, loginsSuite, withOtherAccounts } from './logins-suite.ts';

/**
 * The proofs of the demo, on the small sample system: each result that does not hold fails its test with its text. Those that take longer:
 * test/long/whole-way-interruptions.test.ts. What else needs a sample system with a registry is tested on the same one, from what changes
 * it least to what changes it most.
 */
describeWithEngine('the whole way, from a production-like system to a running copy', () => {
  const size = 'small';
  const sample = sampleForTests({ size, project: 'dyn-data-test-way-production' });
  let way: WholeWay;

  beforeAll(async () => {
    await fillOtherAccounts(sample());
    const policy = withOtherAccounts(await readFile(samplePolicy, 'utf8'));
    way = await openWholeWay({ connections: sample(), stackProject: 'dyn-data-test-way-copy', nginxPort: 8155, policy });
  });

  afterAll(() => way?.[Symbol.asyncDispose]());

  it('goes from the snapshot to a running stack with the two commands', async () => {
    const { developer, tag } = way.context;
    const created = await developer.run(['snapshot', 'create', 'prod', '--tag', tag, '--follow']);
    expect(created.stderr + created.stdout).toContain('sha256:');
    expect(created.exitCode).toBe(0);
    const pulled = await developer.run(['pull', tag]);
    expect(pulled, pulled.stderr).toMatchObject({ exitCode: 0 });
    const up = await developer.run(['up']);
    expect(up, up.stderr).toMatchObject({ exitCode: 0 });
  });

  it('is proven: 1 equality, 2 one identity and no leak, 3 order, 7 errors', async () => {
    const results: ProofResult[] = [];
    const { image } = await proveQuick(way.context, (number, holds, text) => results.push({ number, holds, text }));
    expect(results.filter(({ holds }) => !holds)).toEqual([]);
    expect(new Set(results.map(({ number }) => number))).toEqual(new Set([1, 2, 3, 7]));
    await runCommand('docker', ['rmi', '--force', image]);
  });

  loginsSuite(() => way);

  changingPolicySuite(() => way);
  emptySuite(() => way);
  leakScanSuite({ sample, size, policyFile: () => way.context.policyFile, everyWay: false });
});
