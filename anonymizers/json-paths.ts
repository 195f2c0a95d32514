/** `key` names one member, `anyKey` any member of an object, `anyItem` any element of a list. */
export type PathStep = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'anyKey' } | { readonly kind: 'anyItem' };

const stepPattern = /^(?:\.([\p{L}\p{N}_$@:-]+)|\.(\*)|\[(\*)\]|\[("(?:[^"\\]|\\.)*"|'[^'\\]*')\])/u;

/**
 * Reads a path such as `$.criteria.alias[*]`, `$.message.*`, `$['a b'].c` or `$`.
 * @returns undefined for what is no path; indexes other than `[*]` are none, since what a list holds does not depend on the place.
 */
export function parseJsonPath(path: string): PathStep[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: PathStep[] = [];
  let rest = path.slice(1);
  while (rest !== '') {
    const match = stepPattern.exec(rest);
    if (!match) return undefined;
    const [whole, name, anyKey, anyItem, quoted] = match;
    if (name !== undefined) steps.push({ kind: 'key', key: name });
    else if (anyKey !== undefined) steps.push({ kind: 'anyKey' });
    else if (anyItem !== undefined) steps.push({ kind: 'anyItem' });
    else if (quoted !== undefined) {
      const key = unquote(quoted);
      if (key === undefined) return undefined;
      steps.push({ kind: 'key', key });
    }
    rest = rest.slice(whole.length);
  }
  return steps;
}

function unquote(quoted: string): string | undefined {
  if (quoted.startsWith("'")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

/** What the rules say of one place and of those below it. */
export type PathNode<T> = {
  rule: T | undefined;
  readonly keys: Map<string, PathNode<T>>;
  anyKey: PathNode<T> | undefined;
  anyItem: PathNode<T> | undefined;
};

export function createPathNode<T>(): PathNode<T> {
  return { rule: undefined, keys: new Map(), anyKey: undefined, anyItem: undefined };
}

/** Adds a rule; false where the path has one already. */
export function addPath<T>(root: PathNode<T>, steps: readonly PathStep[], rule: T): boolean {
  let node = root;
  for (const step of steps) {
    if (step.kind === 'anyItem') node = node.anyItem ??= createPathNode();
    else if (step.kind === 'anyKey') node = node.anyKey ??= createPathNode();
    else {
      const next = node.keys.get(step.key) ?? createPathNode<T>();
      node.keys.set(step.key, next);
      node = next;
    }
  }
  if (node.rule !== undefined) return false;
  node.rule = rule;
  return true;
}

/** One place in a document, with all that the rules say of it. States are made when they are first reached, and kept: there are few. */
export type PathState<T> = {
  /** Of the rules whose path leads here, the one that names most: members named before any member. */
  readonly rule: T | undefined;
  member(key: string): PathState<T>;
  /** The member whose name is `bytes[start, end)`. */
  memberAt(bytes: Uint8Array, start: number, end: number): PathState<T>;
  item(): PathState<T>;
  /** The members that rules name, and what all others are. */
  readonly named: readonly { readonly key: Uint8Array; readonly state: PathState<T> }[];
  other(): PathState<T>;
  /** All rules for this place and those below it. */
  readonly rules: readonly T[];
};

export function createPathState<T>(nodes: readonly PathNode<T>[]): PathState<T> {
  const byName = new Map<string, PathState<T>>();
  for (const node of nodes) {
    for (const key of node.keys.keys()) if (!byName.has(key)) byName.set(key, createPathState(memberNodes(nodes, key)));
  }
  const any = nodes.flatMap(({ anyKey }) => anyKey ?? []);
  const items = nodes.flatMap(({ anyItem }) => anyItem ?? []);
  const named = [...byName].map(([key, state]) => ({ key: new TextEncoder().encode(key), state }));
  let otherMember: PathState<T> | undefined;
  const other = (): PathState<T> => {
    otherMember ??= createPathState(any);
    return otherMember;
  };
  let item: PathState<T> | undefined;
  return {
    rule: nodes.find(({ rule }) => rule !== undefined)?.rule,
    rules: nodes.flatMap(rulesOf),
    named,
    other,
    member: (key) => byName.get(key) ?? other(),
    memberAt(bytes, start, end) {
      return memberNamed(named, bytes, start, end)?.state ?? other();
    },
    item() {
      item ??= createPathState(items);
      return item;
    },
  };
}

/** Of some members, the one whose name is `bytes[start, end)`. */
export function memberNamed<M extends { readonly key: Uint8Array }>(
  members: readonly M[],
  bytes: Uint8Array,
  start: number,
  end: number,
): M | undefined {
  for (const member of members) {
    const { key } = member;
    if (key.length !== end - start) continue;
    let at = 0;
    while (at < key.length && key[at] === bytes[start + at]) at += 1;
    if (at === key.length) return member;
  }
  return undefined;
}

function rulesOf<T>({ rule, keys, anyKey, anyItem }: PathNode<T>): T[] {
  const below = [...keys.values(), ...(anyKey ? [anyKey] : []), ...(anyItem ? [anyItem] : [])].flatMap(rulesOf);
  return rule === undefined ? below : [rule, ...below];
}

/** The nodes of a member, those that name it before those that take any. */
function memberNodes<T>(nodes: readonly PathNode<T>[], key: string): PathNode<T>[] {
  return [...nodes.flatMap(({ keys }) => keys.get(key) ?? []), ...nodes.flatMap(({ anyKey }) => anyKey ?? [])];
}

/** Of several rules for the same documents: what any of them decides, and has met. */
export function allMetPaths(rules: readonly (() => ReadonlyMap<string, boolean>)[]): Map<string, boolean> {
  const all = new Map<string, boolean>();
  for (const metPaths of rules) for (const [path, isMet] of metPaths()) all.set(path, isMet || all.get(path) === true);
  return all;
}
