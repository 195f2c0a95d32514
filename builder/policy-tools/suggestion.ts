import type { LiveDefinition, Rule } from '../../anonymizers/index.ts';
import { type Choice, decidedFrom } from './choose.ts';

/** One line of the suggested policy: a place, and the rule chosen for it. */
export type Line = {
  /** As the compiler names it. */
  readonly place: string;
  readonly name: string;
  readonly choice: Choice;
  /** Which of the choice's rules is taken: it moves on where the compiler refuses one, and past the last one nothing is decided. */
  taken: number;
  /** Inside a JSON document: the lines of its paths stand for a rule of its own. */
  readonly paths?: readonly Line[];
  /** Where a foreign key leads: no line is needed, the rule there decides. */
  readonly follows?: string;
  /** Written as `drop`. */
  readonly isDropped?: boolean;
};

export type SuggestedTable = {
  readonly schema: string;
  readonly name: string;
  readonly key: string;
  readonly rows: number;
  readonly lines: readonly Line[];
};

export type SuggestedSource =
  | {
      readonly name: string;
      readonly kind: 'sql';
      readonly include: readonly { readonly name: string; readonly reason: string }[];
      readonly tables: readonly SuggestedTable[];
      /** Texts of the structure, which can hold personal data too. */
      readonly definitions: readonly LiveDefinition[];
    }
  | {
      readonly name: string;
      readonly kind: 'ldap';
      readonly entries: number;
      readonly attributes: readonly Line[];
      readonly classes: readonly { readonly objectClass: string; readonly lines: readonly Line[] }[];
      readonly dn: readonly Line[];
    };

export type Suggestion = { readonly environment: string; readonly sources: readonly SuggestedSource[] };

/** The rule that is written; undefined where a person must decide. */
export function ruleOf(line: Line): { readonly rule: Rule } | undefined {
  if (line.choice.confidence < decidedFrom || line.taken >= line.choice.rules.length) return undefined;
  return { rule: line.choice.rules[line.taken] as Rule };
}

export function isDecided(line: Line): boolean {
  return line.paths ? line.paths.some(isDecided) && line.taken === 0 : ruleOf(line) !== undefined;
}

/** All lines, those of JSON paths in place of their column's. */
export function linesOf({ sources }: Suggestion): Line[] {
  return sources.flatMap((source) => {
    const lines =
      source.kind === 'sql'
        ? source.tables.flatMap((table) => table.lines)
        : [...source.attributes, ...source.classes.flatMap((one) => one.lines), ...source.dn];
    return lines.filter(({ follows }) => follows === undefined).flatMap((line) => line.paths ?? [line]);
  });
}
