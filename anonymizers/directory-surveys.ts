import type { KeyedLeaves, LiveSource, Survey } from './api.ts';
import { type DirectoryRules, decisionOf } from './directory-rules.ts';
import { canonicalType } from './dn.ts';
import type { MakeRule } from './rule-maker.ts';
import { suggestPathRule } from './suggestions.ts';
import { leavesExcept } from './surveys.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

/**
 * What must be asked of a directory before an entry is taken: of each attribute that any entry's rule replaces value by value, how many values
 * there are, and of documents the paths that no rule decides. An attribute that names entries is left out: its values differ.
 * @param lowCardinality canonical types that may have few values, `type path` for one path of documents
 */
export function directorySurveys(source: LdapSource, rules: DirectoryRules, lowCardinality: ReadonlySet<string>, make: MakeRule): Survey[] {
  const sections = [rules.all, ...rules.special.map(({ decisions }) => decisions)];
  return source.attributes.flatMap((attribute) => {
    const made = sections.flatMap((section) => {
      const decision = decisionOf(section, attribute);
      return decision?.kind === 'made' ? [decision] : [];
    });
    const type = canonicalType(attribute);
    const mayBeFew = lowCardinality.has(type) || rules.dn.has(type);
    const telling = mayBeFew ? undefined : made.find((decision) => decision.made.deterministic === true);
    const documents = made.flatMap((decision) => decision.made.undecidedPaths ?? []);
    const leaves = made.flatMap(
      ({ made: { keyedLeaves } }) => leavesExcept(keyedLeaves, (path) => lowCardinality.has(`${type} ${path}`)) ?? [],
    );
    if (!telling && documents.length === 0) return [];
    return [
      {
        source: source.name,
        schema: '',
        table: '',
        column: attribute,
        place: `${source.name} attribute ${attribute}`,
        suggestFor: (path) => suggestPathRule(path, make),
        // A path is decided where some rule that the attribute can have decides it; which one an entry has is seen when it is read.
        ...(documents.length === 0 ? {} : { undecidedPaths: (value) => inAll(documents.map((pathsOf) => pathsOf(value))) }),
        ...(leaves.length === 0 ? {} : { keyedLeaves: allLeaves(leaves) }),
        ...(telling ? { fewValuesRefused: telling.name } : {}),
      } satisfies Survey,
    ];
  });
}

/** Several rules decide leaves of one document; each path is counted for the first that is keyed there. */
function allLeaves(leaves: readonly KeyedLeaves[]): KeyedLeaves {
  const owners = new Map<string, KeyedLeaves>();
  for (const one of leaves) for (const path of one.rules.keys()) if (!owners.has(path)) owners.set(path, one);
  return {
    rules: new Map([...owners].map(([path, { rules }]) => [path, rules.get(path) ?? ''])),
    visit: (value, see) => {
      for (const one of leaves) one.visit(value, (path, leaf) => (owners.get(path) === one ? see(path, leaf) : undefined));
    },
  };
}

function inAll(lists: readonly (readonly string[])[]): readonly string[] {
  const [first = [], ...others] = lists;
  return first.filter((path) => others.every((list) => list.includes(path)));
}
