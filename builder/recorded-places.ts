import { stringify } from 'yaml';
import type { PlanLine, Rule } from '../anonymizers/index.ts';
import type { ManifestPlace } from '../core/index.ts';

/** A rule on one line, as it is written in a policy. */
export function inlineRule(rule: Rule): string {
  return stringify(rule, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}

/**
 * What a snapshot's manifest says of a plan, by source. It is read by everybody who has a copy, so what a policy writes of the real data to
 * find rows and entries by (`where`, filters, `is` of `when`) is left out of it.
 */
export function recordedPlaces(plan: readonly PlanLine[]): ReadonlyMap<string, ManifestPlace[]> {
  return new Map(
    [...Map.groupBy(plan, ({ source }) => source)].map(([source, lines]) => {
      const filters = [...new Set(lines.flatMap(({ section }) => (section.startsWith(filterMark) ? [section] : [])))];
      const places = lines.flatMap(({ section, name, digest, decision }): ManifestPlace[] => {
        const rule = recordedRule(decision);
        if (rule === undefined) return [];
        const isCarried = digest !== undefined && decision.kind !== 'drop';
        const filter = filters.indexOf(section);
        return [{ section: filter < 0 ? section : `${filterMark}${filter + 1}`, name, rule, ...(isCarried ? { digest } : {}) }];
      });
      return [source, places];
    }),
  );
}

const filterMark = 'filter ';

function recordedRule(decision: PlanLine['decision']): string | undefined {
  switch (decision.kind) {
    case 'rule':
      return inlineRule(withoutConditions(decision.rule) as Rule);
    case 'rows':
      return decision.where === undefined
        ? inlineRule(decision.rows)
        : inlineRule({ ...(typeof decision.rows === 'string' ? {} : decision.rows), where: 'given' } as unknown as Rule);
    case 'drop':
    case 'dn':
      return decision.kind;
    case 'undecided':
      return undefined;
  }
}

/** Without the values that a `when` asks for, wherever it stands in a rule. */
function withoutConditions(rule: unknown): unknown {
  if (Array.isArray(rule)) return rule.map(withoutConditions);
  if (typeof rule !== 'object' || rule === null) return rule;
  return Object.fromEntries(
    Object.entries(rule).map(([key, value]) => {
      if (key !== 'when' || typeof value !== 'object' || value === null) return [key, withoutConditions(value)];
      const { is: _real, ...rest } = value as { readonly is?: unknown };
      return [key, withoutConditions(rest)];
    }),
  );
}
