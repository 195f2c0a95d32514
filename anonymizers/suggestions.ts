import { Document, isMap, isScalar } from 'yaml';
import { DynDataError } from '../core/index.ts';
import type { Target } from './anonymizer.ts';
import type { LiveColumn } from './api.ts';
import { kindOfName, type NameKind, rulesOfKind, whyNotKept } from './name-kinds.ts';
import type { Policy, Rule } from './policy.ts';
import type { MakeRule } from './rule-maker.ts';

/** What no rule by name fits: what hides every value of the type. */
const byType: Partial<Record<LiveColumn['type'], readonly Rule[]>> = {
  text: ['text', { token: { form: 'uuid' } }, { token: { form: 'same-shape' } }],
  json: [null, { constant: '{}' }],
  binary: [null, { hash: {} }, { constant: '' }],
  date: [null, { constant: '1970-01-02' }],
  other: [null, 'ip', { 'geo-point': 'pair' }],
};

/** A rule for what nothing decides; or why there is none to propose. `look` says why a person must look at the rule more than at others. */
export type Suggested = { readonly rule: Rule; readonly look?: string } | { readonly open: string };

/** The first rule that fits: by name, by type. What cannot be NULL is proposed to be kept only where neither its name nor its type warns. */
export function suggestRule(name: string, target: Target, make: MakeRule): Suggested {
  const kind = kindOfName(name);
  const candidates = [...rulesOf(kind), ...(byType[target.type] ?? [null])];
  const fits = (rule: Rule): boolean => {
    try {
      make(rule, target, () => ({ index: 0, maxLength: undefined }));
      return true;
    } catch (error) {
      if (error instanceof DynDataError) return false;
      throw error;
    }
  };
  const rule = candidates.find(fits);
  if (rule !== undefined) return { rule };
  const isOneOfFew = target.type === 'boolean' || target.type === 'enum' || target.type === 'set';
  const reason = whyNotKept(kind, isOneOfFew);
  if (reason !== undefined) return { open: `cannot be NULL, and by its name ${reason}` };
  if (target.type === 'other') return { open: `cannot be NULL, and nothing is known of values of the type ${target.sqlType}` };
  if (target.unique && kind === 'id') return { rule: 'keep' };
  return { rule: 'keep', look: 'cannot be NULL: this keeps every value; can one tell of a person?' };
}

function rulesOf(kind: NameKind | undefined): readonly Rule[] {
  if (kind === 'password') return [{ password: 'bcrypt' }];
  return (kind && rulesOfKind[kind]) ?? [];
}

/** The rule for a path in a document: by the name of the last member in it, else a text nobody wrote. */
export function suggestPathRule(path: string, make: MakeRule): Rule {
  const name = path.match(/[A-Za-z_][\w-]*/g)?.at(-1) ?? '';
  const target = { type: 'text', sqlType: 'JSON value', nullable: true, unique: false, place: path, sourceKind: 'mysql' } as const;
  const suggested = suggestRule(name, target, make);
  return 'rule' in suggested ? suggested.rule : null;
}

/** Undecided things with the rules that would decide them. */
export type Suggestions = {
  column(source: string, tableKey: string, column: string, suggested: Suggested): void;
  /** Only to be named. */
  table(source: string, tableKey: string): void;
  attribute(source: string, attribute: string, rule: Rule | 'drop', look?: string): void;
  /** What values are in DNs. */
  name(source: string, type: string, rule: Rule, look?: string): void;
  /** As `name`, where the attribute has a rule that cannot stand in DNs. */
  openName(source: string, type: string): void;
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
  dn?: Record<string, Rule>;
  comments?: 'drop';
  programs?: { keep?: string[]; drop?: string[] };
  defaults?: { keep?: string[] };
};

export function createSuggestions(): Suggestions {
  const sources: Record<keyof Policy['sources'], PatchSource> = {};
  /** Comments behind a rule, or at the end of a table. */
  const remarks: { readonly at: readonly string[]; readonly text: string }[] = [];
  const sourceOf = (name: string): PatchSource => (sources[name] ??= {});
  return {
    column(source, tableKey, column, suggested) {
      const patch = sourceOf(source);
      patch.tables ??= {};
      patch.tables[tableKey] ??= { columns: {} };
      const columns = ['sources', source, 'tables', tableKey, 'columns'];
      if ('open' in suggested) {
        remarks.push({ at: columns, text: `${column}: undecided, ${suggested.open}` });
        return;
      }
      patch.tables[tableKey].columns[column] = suggested.rule;
      if (suggested.look !== undefined) remarks.push({ at: [...columns, column], text: `look: ${suggested.look}` });
    },
    table(source, tableKey) {
      const patch = sourceOf(source);
      patch.tables ??= {};
      patch.tables[tableKey] ??= { columns: {} };
    },
    attribute(source, attribute, rule, look) {
      const patch = sourceOf(source);
      if (rule === 'drop') {
        patch.drop ??= [];
        patch.drop.push(attribute);
        return;
      }
      patch.attributes ??= {};
      patch.attributes[attribute] = rule;
      if (look !== undefined) remarks.push({ at: ['sources', source, 'attributes', attribute], text: `look: ${look}` });
    },
    name(source, type, rule, look) {
      const patch = sourceOf(source);
      patch.dn ??= {};
      patch.dn[type] = rule;
      if (look !== undefined) remarks.push({ at: ['sources', source, 'dn', type], text: `look: ${look}` });
    },
    openName(source, type) {
      sourceOf(source).dn ??= {};
      const text = `${type}: undecided, its attribute has a rule that can give two entries one name; give both one that cannot`;
      remarks.push({ at: ['sources', source, 'dn'], text });
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
    lines() {
      const document = new Document({ sources }, { aliasDuplicateObjects: false });
      for (const { at, text } of remarks) {
        const node = document.getIn(at, true);
        if (isScalar(node) || isMap(node)) node.comment = [node.comment, ` ${text}`].filter((line) => typeof line === 'string').join('\n');
      }
      return document.toString().trimEnd().split('\n');
    },
  };
}

function addPathRule(rules: Record<string, Rule>, name: string, path: string, rule: Rule): void {
  const written = rules[name];
  const paths = typeof written === 'object' && written !== null ? (written.json as { paths: Record<string, Rule> }).paths : {};
  rules[name] = { json: { paths: { ...paths, [path]: rule } } };
}
