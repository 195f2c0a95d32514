import type { Value } from '../../anonymizers/index.ts';

/** The leaves of sampled documents by their path, as a policy writes it. */
export type JsonLeaves = ReadonlyMap<string, readonly Leaf[]>;
export type Leaf = { readonly text: string; readonly type: 'string' | 'number' | 'boolean' };

const plainName = /^[A-Za-z_$@:][\w$@:-]{0,63}$/;
/** More different members than this in one place are data, not names. */
const mostNames = 40;
const deepest = 64;

type Node = { readonly leaves: Leaf[]; readonly members: Map<string, Node>; items: Node | undefined };
const createNode = (): Node => ({ leaves: [], members: new Map(), items: undefined });

/**
 * Members are named only where they look like names: where one of a place does not (an e-mail address as a key), or there are very many,
 * all of them become `.*`, so that no datum comes out as a path.
 * @returns undefined where a document is no JSON.
 */
export function readLeaves(documents: Iterable<Value>): JsonLeaves | undefined {
  const root = createNode();
  for (const document of documents) {
    if (document === null || document.length === 0) continue;
    try {
      add(root, JSON.parse(Buffer.from(document).toString('utf8')), 0);
    } catch {
      return undefined;
    }
  }
  const leaves = new Map<string, readonly Leaf[]>();
  collect(root, '$', leaves);
  return leaves;
}

function add(node: Node, value: unknown, depth: number): void {
  if (value === null || depth > deepest) return;
  if (Array.isArray(value)) {
    node.items ??= createNode();
    for (const item of value) add(node.items, item, depth + 1);
  } else if (typeof value === 'object') {
    for (const [key, member] of Object.entries(value)) {
      const next = node.members.get(key) ?? createNode();
      node.members.set(key, next);
      add(next, member, depth + 1);
    }
  } else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    node.leaves.push({ text: String(value), type: typeof value as Leaf['type'] });
  }
}

function collect(node: Node, path: string, into: Map<string, readonly Leaf[]>): void {
  if (node.leaves.length > 0) into.set(path, node.leaves);
  if (node.items) collect(node.items, `${path}[*]`, into);
  const keys = [...node.members.keys()];
  if (keys.length <= mostNames && keys.every((key) => plainName.test(key))) {
    for (const [key, member] of [...node.members].sort(([a], [b]) => (a < b ? -1 : 1))) collect(member, `${path}.${key}`, into);
  } else if (keys.length > 0) {
    collect([...node.members.values()].reduce(merged, createNode()), `${path}.*`, into);
  }
}

function merged(a: Node, b: Node): Node {
  const members = new Map(a.members);
  for (const [key, member] of b.members) members.set(key, merged(members.get(key) ?? createNode(), member));
  return {
    leaves: [...a.leaves, ...b.leaves],
    members,
    items: a.items && b.items ? merged(a.items, b.items) : (a.items ?? b.items),
  };
}
