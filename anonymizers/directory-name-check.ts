import type { DirectoryPlan, LiveSource } from './api.ts';
import type { DecisionsOf, Describe } from './directory-decisions.ts';
import type { DirectoryRules } from './directory-rules.ts';
import { canonicalType } from './dn.ts';
import type { DnMapping } from './dn-mapping.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

/**
 * What only the entries can tell: whether each is named by an attribute whose rule there is the one that it has in DNs. Absent where every
 * rule that an entry can have for such an attribute is that one.
 */
export function createNameCheck(
  source: LdapSource,
  rules: DirectoryRules,
  dns: DnMapping,
  describe: Describe,
  decisionsOf: DecisionsOf,
): DirectoryPlan['names'] {
  const sections = [rules.all, ...rules.special.map(({ decisions }) => decisions)];
  const isSure = ([type, { key }]: readonly [string, { readonly key: string }]): boolean =>
    sections.every((section) => {
      const decision = section.get(type);
      return decision === undefined || (decision.kind === 'made' && decision.key === key);
    });
  if ([...rules.dn].every(isSure)) return undefined;
  return {
    attributes: source.attributes.filter((description) => rules.deciding.has(canonicalType(description))),
    wrong(entry) {
      const own = dns.own(entry.dn);
      if (!own?.isRewritten) return undefined;
      const decide = decisionsOf(entry);
      for (const type of own.rdn.map((attribute) => canonicalType(attribute.type))) {
        const decision = decide(describe(type));
        if (decision.kind === 'made' && decision.key === rules.dn.get(type)?.key) continue;
        const classes = entry.attributes.get('objectClass')?.map((value) => Buffer.from(value).toString()) ?? [];
        return `${source.name} dn ${type}: entries of the classes ${classes.join(', ')} are named by it, and have another rule for the attribute than DNs have; write both alike`;
      }
      return undefined;
    },
  };
}
