import { parse, parseDocument } from 'yaml';
import { DynDataError } from '../core/errors.ts';
import type { ManifestPlace } from '../core/manifest.ts';
import { strengthOfAnonymizer, strongest } from '../core/rule-strength.ts';

/** What a policy says of a place. */
export type PolicyPlace = {
  /** In one spelling for one meaning. */
  readonly text: string;
  /** How much of the real data it hides, 0 (nothing) to 3; undefined where that cannot be told. */
  readonly strength?: number | undefined;
  /** The strength of a policy that does not name the place; undefined where nothing decides it then. */
  readonly otherwise?: number;
};

/** What a policy says, place by place: `mysql users.email` → `email`. Two policies that mean the same have the same places. */
export type PolicyPlaces = ReadonlyMap<string, PolicyPlace>;

type Places = Map<string, PolicyPlace>;
type Plain = { readonly [key: string]: unknown };

/**
 * Reads a policy without knowing every key of its language: what it knows (tables, columns, JSON paths, attributes) is named shortly, the
 * rest by its path in the document. Whether the policy is right is the registry's to say.
 * @throws DynDataError POLICY_INVALID for what is no YAML document with keys.
 */
export function readPolicyPlaces(text: string, fileName: string): PolicyPlaces {
  const document = parseDocument(text, { uniqueKeys: true });
  const value: unknown = document.errors.length > 0 ? undefined : document.toJS();
  if (!isPlain(value)) {
    throw new DynDataError(
      'POLICY_INVALID',
      `${fileName} is no policy: a YAML document with keys is expected. Name a policy file, or an environment.`,
    );
  }
  const places = new Map<string, PolicyPlace>();
  const { sources, leak_scan: leakScan, ...rest } = value;
  for (const [key, item] of Object.entries(rest)) addAny(places, key, item);
  for (const allowed of isPlain(leakScan) && Array.isArray(leakScan.allow) ? leakScan.allow : []) {
    if (isPlain(allowed)) addException(places, `leak_scan ${allowed.place} ${allowed.rule}`, allowed.reason);
  }
  for (const [name, source] of Object.entries(isPlain(sources) ? sources : {})) addSource(places, name, isPlain(source) ? source : {});
  return places;
}

/** What snapshots record of the policy they were made by: the rule in force, column by column, which included policies or patterns may have given. */
export function placesOfRecorded(sources: readonly { readonly name: string; readonly places: readonly ManifestPlace[] }[]): PolicyPlaces {
  const places = new Map<string, PolicyPlace>();
  for (const { name: source, places: recorded } of sources) {
    for (const { section, name, rule } of recorded) {
      const value: unknown = parse(rule);
      if (section === 'structure') places.set(`${source} ${name}`, ruled(value));
      else if (section === 'attributes') addRules(places, `${source} attribute `, { [name]: value });
      else if (/^(?:class|filter) /.test(section)) addRules(places, `${source} ${section} attribute `, { [name]: value });
      else if (section === 'dn') addRules(places, `${source} dn `, { [name]: value });
      else if (name === '')
        places.set(`${source} ${section} (rows)`, { text: spelled(value), strength: strengthOfRows(value), otherwise: 0 });
      else addRules(places, `${source} ${section}.`, { [name]: value });
    }
  }
  return places;
}

function addSource(places: Places, name: string, source: Plain): void {
  const { tables, keep, drop, attributes, classes, filters, dn, comments, programs, defaults, ...others } = source;
  const { keep_entries: services, low_cardinality: fewValues, ...rest } = others;
  for (const [key, item] of Object.entries(rest)) addAny(places, `${name} ${key}`, item);
  if (comments !== undefined) places.set(`${name} comments`, ruled(comments));
  for (const [what, lists] of Object.entries({ program: programs, default: defaults })) {
    for (const [decision, listed] of Object.entries(isPlain(lists) ? lists : {}))
      for (const entry of listOf(listed)) places.set(`${name} ${what} ${entry}`, ruled(decision));
  }
  for (const entry of listOf(services)) addException(places, `${name} keep_entries ${entry}`, 'kept');
  addExceptions(places, `${name} low_cardinality `, fewValues);
  for (const [table, body] of Object.entries(isPlain(tables) ? tables : {}))
    addTable(places, `${name} ${table}`, isPlain(body) ? body : {});
  for (const attribute of listOf(keep)) places.set(`${name} attribute ${attribute}`, ruled('keep'));
  for (const attribute of listOf(drop)) places.set(`${name} attribute ${attribute}`, ruled('drop'));
  addRules(places, `${name} attribute `, attributes);
  for (const [kind, sections] of [
    ['class', classes],
    ['filter', filters],
  ] as const) {
    for (const [key, rules] of Object.entries(isPlain(sections) ? sections : {}))
      addRules(places, `${name} ${kind} ${key} attribute `, rules);
  }
  addRules(places, `${name} dn `, dn);
}

function addTable(places: Places, table: string, body: Plain): void {
  const { keep, columns, rows, low_cardinality: fewValues, ...rest } = body;
  // So that a table that is named and nothing more is a place too.
  places.set(table, { text: 'named' });
  if (rows !== undefined) places.set(`${table} (rows)`, { text: spelled(rows), strength: strengthOfRows(rows), otherwise: 0 });
  addExceptions(places, `${table} low_cardinality `, fewValues);
  for (const [key, item] of Object.entries(rest)) addAny(places, `${table} (${key})`, item);
  for (const column of listOf(keep)) places.set(`${table}.${column}`, ruled('keep'));
  addRules(places, `${table}.`, columns);
}

function addRules(places: Places, prefix: string, rules: unknown): void {
  for (const [name, rule] of Object.entries(isPlain(rules) ? rules : {})) {
    const json = isPlain(rule) && Object.keys(rule).length === 1 ? rule.json : undefined;
    if (!isPlain(json)) {
      places.set(`${prefix}${name}`, ruled(rule));
      continue;
    }
    const { keep, paths, ...rest } = json;
    places.set(`${prefix}${name}`, { text: 'json' });
    for (const [key, item] of Object.entries(rest)) addAny(places, `${prefix}${name} (${key})`, item);
    for (const path of listOf(keep)) places.set(`${prefix}${name} ${path}`, ruled('keep'));
    addRules(places, `${prefix}${name} `, paths);
  }
}

function addAny(places: Places, place: string, item: unknown): void {
  if (isPlain(item)) for (const [key, below] of Object.entries(item)) addAny(places, `${place}.${key}`, below);
  else places.set(place, { text: spelled(item) });
}

/** What lets something stand that would be refused, with its reason. */
function addException(places: Places, place: string, reason: unknown): void {
  places.set(place, { text: spelled(reason), strength: 0, otherwise: strongest });
}

function addExceptions(places: Places, prefix: string, reasons: unknown): void {
  for (const [name, reason] of Object.entries(isPlain(reasons) ? reasons : {})) addException(places, `${prefix}${name}`, reason);
}

function ruled(rule: unknown): PolicyPlace {
  return { text: spelled(rule), strength: strengthOf(rule) };
}

/** Of the two rules of `when`, the weaker one. */
function strengthOf(rule: unknown): number | undefined {
  if (rule === null) return strongest;
  if (typeof rule === 'string') return strengthOfAnonymizer(rule);
  const [[name, parameters] = ['', undefined]] = isPlain(rule) ? Object.entries(rule) : [];
  if (name !== 'when' || !isPlain(parameters)) return strengthOfAnonymizer(name);
  const [one, other] = [strengthOf(parameters.then), strengthOf(parameters.else)];
  return one === undefined || other === undefined ? undefined : Math.min(one, other);
}

/** Between all rows, which hides none of them, and no rows. */
function strengthOfRows(rows: unknown): number | undefined {
  if (rows === 'all') return 0;
  if (rows === 'none') return strongest;
  const share = isPlain(rows) ? Number(String(rows.sample).replace('%', '')) : Number.NaN;
  return Number.isNaN(share) ? undefined : 1 - share / 100;
}

/** One spelling for one meaning: `{phone: {}}` and `{phone: null}` are `phone`; members in order of their names. */
function spelled(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isPlain(value)) return Array.isArray(value) ? `[${value.map(spelled).join(', ')}]` : String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const [[name, parameters] = ['', undefined]] = entries;
  if (entries.length === 1 && (parameters === null || (isPlain(parameters) && Object.keys(parameters).length === 0))) return name;
  return `{ ${entries.map(([key, item]) => `${key}: ${spelled(item)}`).join(', ')} }`;
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
