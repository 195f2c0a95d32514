import { leakScanSuite } from '../end-to-end/leak-scan-suite.ts';
import { describeWithEngine } from '../support/engine.ts';
import { samplePolicyFile } from '../support/sample-build.ts';
import { sampleForTests } from '../support/sample-for-tests.ts';

/** All leaks at once: test/end-to-end/whole-way.test.ts. */
describeWithEngine('the leak scan on leaks that are each the only one', () => {
  const size = 'tiny';
  const sample = sampleForTests({ size, project: 'dyn-data-test-leaks' });
  leakScanSuite({ sample, size, policyFile: () => samplePolicyFile, everyWay: true });
});
