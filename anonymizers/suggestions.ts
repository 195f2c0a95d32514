import { stringify } from 'yaml';
import { DynDataError } from '../core/index.ts';
import type { Target } from './anonymizer.ts';
import type { LiveColumn } from './api.ts';
import type { Policy, Rule } from './policy.ts';
import type { MakeRule } from './rule-maker.ts';

/** What the name of a column or attribute says of it; French and English. */
const byName: readonly (readonly [pattern: RegExp, rule: Rule])[] = [
  [/mail|courriel/i, 'email'],
  [/phone|mobile|portable|^tel|_tel$|fax|caller|callee|msisdn/i, 'phone'],
  [/pass(?:word|wd)|pwd|mot_?de_?passe/i, { password: 'bcrypt' }],
  [/first_?name|given_?name|prenom/i, 'first-name'],
  [/last_?name|sur_?name|^nom$|^sn$/i, 'last-name'],
  [/full_?name|display_?name/i, 'full-name'],
  [/company|societe|organi[sz]ation/i, 'company-name'],
  [/login|user_?name|^uid$|identifiant/i, 'login'],
  [/(?:^|_)ip(?:_|$)/i, 'ip'],
  [/device_?token|push_?token/i, 'device-token'],
  [/secret|token|key$/i, { token: { form: 'same-shape' } }],
  [/photo|avatar|picture|image/i, 'image'],
];

const byType: Partial<Record<LiveColumn['type'], readonly Rule[]>> = {
  text: ['text', { token: { form: 'uuid' } }, { token: { form: 'same-shape' } }],
  json: ['null', { constant: '{}' }],
  binary: ['null', { hash: {} }, { constant: '' }],
  date: ['null', { constant: '1970-01-02' }],
  datetime: ['null'],
  other: ['null', 'ip', { 'geo-point': 'pair' }],
};

/** The first rule that fits: by name, by type, and only then `keep`, which a person must look at. */
export function suggestRule(name: string, target: Target, make: MakeRule): Rule {
  const candidates = [...byName.flatMap(([pattern, rule]) => (pattern.test(name) ? [rule] : [])), ...(byType[target.type] ?? [])];
  const fits = (rule: Rule): boolean => {
    try {
      make(rule, target, () => ({ index: 0, maxLength: undefined }));
      return true;
    } catch (error) {
      if (error instanceof DynDataError) return false;
      throw error;
    }
  };
  return candidates.find(fits) ?? 'keep';
}

/** The rule for a path in a document: by the name of the last member in it, else a text nobody wrote. */
export function suggestPathRule(path: string, make: MakeRule): Rule {
  const name = path.match(/[A-Za-z_][\w-]*/g)?.at(-1) ?? '';
  return suggestRule(name, { type: 'text', sqlType: 'JSON value', nullable: true, unique: false, place: path, sourceKind: 'mysql' }, make);
}

/** Undecided things with the rules that would decide them. */
export type Suggestions = {
  column(source: string, tableKey: string, column: string, rule: Rule): void;
  /** Only to be named. */
  table(source: string, tableKey: string): void;
  attribute(source: string, attribute: string, rule: Rule | 'drop'): void;
  /** Comments are left out: nothing works less without them. */
  comments(source: string): void;
  path(source: string, tableKey: string, column: string, path: string, rule: Rule): void;
  attributePath(source: string, attribute: string, path: string, rule: Rule): void;
  /** Kept by name, once somebody has looked at it. */
  listed(source: string, section: 'programs' | 'defaults', name: string): void;
  /** Of the programs: what no snapshot can hold. */
  dropped(source: string, name: string): void;
  /** The lines of a YAML document to be merged into the policy. */
  lines(): string[];
};

type PatchSource = {
  tables?: Record<string, { columns: Record<string, Rule> }>;
  attributes?: Record<string, Rule>;
  drop?: string[];
  comments?: 'drop';
  programs?: { keep?: string[]; drop?: string[] };
  defaults?: { keep?: string[] };
};

export function createSuggestions(): Suggestions {
  const sources: Record<keyof Policy['sources'], PatchSource> = {};
  const sourceOf = (name: string): PatchSource => (sources[name] ??= {});
  return {
    column(source, tableKey, column, rule) {
      const patch = sourceOf(source);
      patch.tables ??= {};
      patch.tables[tableKey] ??= { columns: {} };
      patch.tables[tableKey].columns[column] = rule;
    },
    table(source, tableKey) {
      const patch = sourceOf(source);
      patch.tables ??= {};
      patch.tables[tableKey] ??= { columns: {} };
    },
    attribute(source, attribute, rule) {
      const patch = sourceOf(source);
      if (rule === 'drop') {
        patch.drop ??= [];
        patch.drop.push(attribute);
        return;
      }
      patch.attributes ??= {};
      patch.attributes[attribute] = rule;
    },
    comments(source) {
      sourceOf(source).comments = 'drop';
    },
    path(source, tableKey, column, path, rule) {
      const patch = sourceOf(source);
      patch.tables ??= {};
      patch.tables[tableKey] ??= { columns: {} };
      addPathRule(patch.tables[tableKey].columns, column, path, rule);
    },
    attributePath(source, attribute, path, rule) {
      const patch = sourceOf(source);
      patch.attributes ??= {};
      addPathRule(patch.attributes, attribute, path, rule);
    },
    listed(source, section, name) {
      const patch = sourceOf(source);
      patch[section] ??= {};
      patch[section].keep ??= [];
      patch[section].keep.push(name);
    },
    dropped(source, name) {
      const patch = sourceOf(source);
      patch.programs ??= {};
      patch.programs.drop ??= [];
      patch.programs.drop.push(name);
    },
    lines: () => stringify({ sources }).trimEnd().split('\n'),
  };
}

function addPathRule(rules: Record<string, Rule>, name: string, path: string, rule: Rule): void {
  const written = rules[name];
  const paths = typeof written === 'object' && written !== null ? (written.json as { paths: Record<string, Rule> }).paths : {};
  rules[name] = { json: { paths: { ...paths, [path]: rule } } };
}
