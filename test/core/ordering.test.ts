import { describe, expect, it } from 'vitest';
import { dependencyLevels, needsOf } from '../../core/index.ts';

const graph = (edges: Record<string, string[]>): ReadonlyMap<string, readonly string[]> => new Map(Object.entries(edges));

describe('the order of need', () => {
  it('puts the worked example into three levels', () => {
    const stack = graph({
      nginx: ['tomcat', 'aerogear'],
      tomcat: ['mysql', 'ldap'],
      aerogear: ['aerogear-db'],
      'aerogear-db': [],
      ldap: [],
      mysql: [],
    });
    expect(dependencyLevels(stack)).toEqual([['aerogear-db', 'ldap', 'mysql'], ['aerogear', 'tomcat'], ['nginx']]);
    expect([...needsOf(stack, 'nginx')].sort()).toEqual(['aerogear', 'aerogear-db', 'ldap', 'mysql', 'tomcat']);
  });

  it('handles a diamond once per name', () => {
    expect(dependencyLevels(graph({ d: ['b', 'c'], b: ['a'], c: ['a'], a: [] }))).toEqual([['a'], ['b', 'c'], ['d']]);
  });

  it('names a cycle, and only the cycle', () => {
    const cycle = graph({ start: ['a'], a: ['b'], b: ['c'], c: ['a'], free: [] });
    expect(() => dependencyLevels(cycle)).toThrow(
      expect.objectContaining({ code: 'STACK_CYCLE', message: expect.stringContaining('a → b → c → a') }),
    );
  });

  it('names a dependency that does not exist', () => {
    expect(() => dependencyLevels(graph({ a: ['ghost'] }))).toThrow(
      expect.objectContaining({ code: 'STACK_INVALID', message: expect.stringContaining('"ghost"') }),
    );
  });
});
