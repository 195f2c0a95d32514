import { isUtf8 } from 'node:buffer';
import { addPath, createPathNode, createPathState, type PathState, parseJsonPath } from './json-paths.ts';
import { createJsonVisitor } from './json-visit.ts';

const plainName = /^[A-Za-z_][\w-]{0,63}$/;
const deepest = 128;
/** Of one document; a document with more undecided paths than these has no form that a policy could name. */
const mostPaths = 100;

/**
 * The paths of a document whose leaves no rule decides, as a policy writes them. A member whose name does not look like a name could be
 * data, so it is written as `*`. None for what is no JSON: the build stops when it gets there.
 */
export function findUndecidedPaths<T>(root: PathState<T>, document: Uint8Array): readonly string[] {
  if (!isUtf8(document)) return [];
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(document.buffer, document.byteOffset, document.byteLength).toString('utf8'));
  } catch {
    return [];
  }
  const found = new Set<string>();
  const visit = (inside: unknown, state: PathState<T>, path: string, depth: number): void => {
    if (inside === null || depth > deepest || found.size >= mostPaths) return;
    if (Array.isArray(inside)) for (const item of inside) visit(item, state.item(), `${path}[*]`, depth + 1);
    else if (typeof inside === 'object') {
      for (const [key, member] of Object.entries(inside))
        visit(member, state.member(key), `${path}.${plainName.test(key) ? key : '*'}`, depth + 1);
    } else if (state.rule === undefined) found.add(path);
  };
  visit(value, root, '$', 0);
  return [...found];
}

/**
 * What there is in documents of some paths: those of them that have a value, and as a policy would write it what else has one.
 * @param paths as a policy writes them
 */
export function documentPaths(
  paths: readonly string[],
  documents: Iterable<Uint8Array>,
): { readonly met: ReadonlySet<string>; readonly others: readonly string[] } {
  const root = createPathNode<string>();
  for (const path of paths) addPath(root, parseJsonPath(path) ?? [], path);
  const states = createPathState([root]);
  const visit = createJsonVisitor(states, () => true);
  const met = new Set<string>();
  const others = new Set<string>();
  for (const document of documents) {
    if (!isUtf8(document)) continue;
    visit(document, (path) => met.add(path));
    for (const path of findUndecidedPaths(states, document)) others.add(path);
  }
  return { met, others: [...others].sort() };
}
