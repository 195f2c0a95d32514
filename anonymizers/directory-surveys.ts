import type { LiveSource, Survey } from './api.ts';
import { type DirectoryRules, decisionOf } from './directory-rules.ts';
import { canonicalType } from './dn.ts';
import type { MakeRule } from './rule-maker.ts';
import { suggestPathRule } from './suggestions.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

/**
 * What must be asked of a directory before an entry is taken: of each attribute that any entry's rule replaces value by value, how many values
 * there are, and of documents the paths that no rule decides. An attribute that names entries is left out: its values differ.
 * @param lowCardinality canonical types that may have few values
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
        ...(telling ? { fewValuesRefused: telling.name } : {}),
      } satisfies Survey,
    ];
  });
}

function inAll(lists: readonly (readonly string[])[]): readonly string[] {
  const [first = [], ...others] = lists;
  return first.filter((path) => others.every((list) => list.includes(path)));
}
