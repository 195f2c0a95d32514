import { afterAll, beforeAll, describe } from 'vitest';
import { auditLogContract } from '../contracts/audit-log.ts';
import { catalogContract } from '../contracts/catalog.ts';
import { tokenStoreContract } from '../contracts/token-store.ts';
import { describeWithEngine } from '../support/engine.ts';
import { type S3Fixture, s3Stores, startS3Fixture } from '../support/s3-store.ts';

/** What asks no more of a store than test/storage/s3.engine.test.ts shows of S3, and is tested in a folder and in memory. */
describeWithEngine('in an S3 bucket', () => {
  let fixture: S3Fixture;
  const { openFolder } = s3Stores(() => fixture);
  beforeAll(async () => {
    fixture = await startS3Fixture('dyn-data-contracts');
  });
  afterAll(() => fixture?.stop());

  describe('a catalog', () => catalogContract(openFolder));
  describe('tokens', () => tokenStoreContract(openFolder));
  describe('an audit log', () => auditLogContract(openFolder));
});
