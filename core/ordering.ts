import { DynDataError } from './errors.ts';

/** For each name, the names it needs first. A needed name that is no key is an error of the caller's input. */
export type DependencyGraph = ReadonlyMap<string, readonly string[]>;

/**
 * The names in order of need: each level needs only earlier levels, so everything in one level may start at once. Names inside a level
 * are sorted, so the same graph always gives the same order.
 * @throws DynDataError STACK_INVALID for a needed name that does not exist, STACK_CYCLE naming the cycle.
 */
export function dependencyLevels(graph: DependencyGraph): string[][] {
  for (const [name, needs] of graph) {
    const missing = needs.find((need) => !graph.has(need));
    if (missing !== undefined) {
      throw new DynDataError('STACK_INVALID', `"${name}" depends on "${missing}", which does not exist. Correct depends_on.`);
    }
  }
  const levels: string[][] = [];
  const placed = new Set<string>();
  while (placed.size < graph.size) {
    const level = [...graph.keys()].filter((name) => !placed.has(name) && (graph.get(name) ?? []).every((need) => placed.has(need))).sort();
    if (level.length === 0) {
      throw cycleOf(findCycle(graph, placed));
    }
    for (const name of level) placed.add(name);
    levels.push(level);
  }
  return levels;
}

/** @param names on the way round, the first one repeated at the end */
export function cycleOf(names: readonly string[]): DynDataError {
  return new DynDataError('STACK_CYCLE', `Nothing can start first: ${names.join(' → ')}. Remove one of these dependencies.`);
}

/** One cycle among the names not placed, its first name repeated at the end. Exists whenever no name can be placed. */
function findCycle(graph: DependencyGraph, placed: ReadonlySet<string>): string[] {
  const path: string[] = [];
  let name = [...graph.keys()].filter((candidate) => !placed.has(candidate)).sort()[0];
  while (name !== undefined && !path.includes(name)) {
    path.push(name);
    name = (graph.get(name) ?? []).find((need) => !placed.has(need));
  }
  return name === undefined ? path : [...path.slice(path.indexOf(name)), name];
}

/** All names that `name` needs, directly or not, without itself. */
export function needsOf(graph: DependencyGraph, name: string): Set<string> {
  const found = new Set<string>();
  const visit = (current: string): void => {
    for (const need of graph.get(current) ?? []) {
      if (found.has(need)) continue;
      found.add(need);
      visit(need);
    }
  };
  visit(name);
  return found;
}
