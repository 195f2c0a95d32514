import { expect, test } from 'vitest';
import { catalogue } from '../../anonymizers/index.ts';
import { strengthOfAnonymizer } from '../../core/rule-strength.ts';

test('the client orders anonymizers as the catalogue does', () => {
  const order = ['kept', 'partly', 'with-key', 'no'];
  // What a document hides is what its paths hide.
  const said = catalogue.filter(({ name }) => name !== 'json');
  expect(Object.fromEntries(said.map(({ name }) => [name, strengthOfAnonymizer(name)]))).toEqual(
    Object.fromEntries(said.map(({ name, facts }) => [name, order.indexOf(facts.enumerable)])),
  );
  expect(strengthOfAnonymizer('json')).toBeUndefined();
});
