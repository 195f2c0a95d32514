import { expect, test } from 'vitest';
import { createLending } from '../../builder/lending.ts';

test('an item has one borrower at a time, and who finds none has the next one in the order of asking', async () => {
  const borrow = createLending(['only']);
  const order: string[] = [];
  const first = await borrow();
  const others = ['second', 'third'].map(async (name) => {
    await using lent = await borrow();
    order.push(`${name} has ${lent.item}`);
    await Promise.resolve();
    order.push(`${name} gives it back`);
  });
  await new Promise(setImmediate);
  expect(order).toEqual([]);
  await first[Symbol.asyncDispose]();
  await Promise.all(others);
  expect(order).toEqual(['second has only', 'second gives it back', 'third has only', 'third gives it back']);
  expect((await borrow()).item).toBe('only');
});
