import { afterAll, beforeAll } from 'vitest';
import { restoreToSuite } from '../client/restore-to-suite.ts';
import { describeWithEngine } from '../support/engine.ts';
import { createShopStack, type ShopStack } from '../support/shop-stack.ts';

/** PostgreSQL: test/client/restore.engine.test.ts. */
describeWithEngine('restoring a snapshot into servers that are no containers of a stack', () => {
  let stack: ShopStack;
  beforeAll(async () => {
    stack = await createShopStack('dyn-data-test-restore-to');
  });
  afterAll(() => stack[Symbol.asyncDispose]());
  restoreToSuite(() => stack, ['mysql', 'ldap']);
});
