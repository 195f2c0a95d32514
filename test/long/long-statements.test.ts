import { consistencySuite } from '../builder/consistency-suite.ts';
import { describeWithEngine } from '../support/engine.ts';
import { sampleForTests } from '../support/sample-for-tests.ts';

describeWithEngine('sources with statements that take longer than anybody waits', () => {
  consistencySuite(sampleForTests({ size: 'tiny', project: 'dyn-data-test-long-statements' }), { patience: true });
});
