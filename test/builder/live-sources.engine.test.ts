import { diskFullSuite } from '../registry/disk-full-suite.ts';
import { seededAnewSuite, seededSuite } from '../sample/seed-suite.ts';
import { describeWithEngine } from '../support/engine.ts';
import { sampleForTests } from '../support/sample-for-tests.ts';
import { consistencySuite } from './consistency-suite.ts';
import { keyRangesSuite } from './key-ranges-suite.ts';
import { keyRotationSuite } from './key-rotation-suite.ts';
import { livePolicySuite } from './live-policy-suite.ts';
import { uniqueKeysSuite } from './unique-keys-suite.ts';

describeWithEngine('sources that live', () => {
  const project = 'dyn-data-test-live-sources';
  const sample = sampleForTests({ size: 'tiny', project });
  // In this order: each adds to the sample what the ones before it do not expect there.
  seededSuite(sample, project);
  keyRotationSuite(sample);
  livePolicySuite(sample);
  uniqueKeysSuite(sample);
  // With patience: test/long/long-statements.test.ts.
  consistencySuite(sample, { patience: false });
  keyRangesSuite(sample);
  diskFullSuite(sample);
  seededAnewSuite(project);
});
