import { parseDocument } from 'yaml';
import { DynDataError } from '../core/errors.ts';

/** What a policy says, place by place: `mysql users.email` → `email`. Two policies that mean the same have the same places. */
export type PolicyPlaces = ReadonlyMap<string, string>;

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
  const places = new Map<string, string>();
  const { sources, ...rest } = value;
  for (const [key, item] of Object.entries(rest)) addAny(places, key, item);
  for (const [name, source] of Object.entries(isPlain(sources) ? sources : {})) addSource(places, name, isPlain(source) ? source : {});
  return places;
}

function addSource(places: Map<string, string>, name: string, source: Plain): void {
  const { tables, keep, drop, attributes, classes, filters, dn, ...rest } = source;
  for (const [key, item] of Object.entries(rest)) addAny(places, `${name} ${key}`, item);
  for (const [table, body] of Object.entries(isPlain(tables) ? tables : {}))
    addTable(places, `${name} ${table}`, isPlain(body) ? body : {});
  for (const attribute of listOf(keep)) places.set(`${name} attribute ${attribute}`, 'keep');
  for (const attribute of listOf(drop)) places.set(`${name} attribute ${attribute}`, 'drop');
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

function addTable(places: Map<string, string>, table: string, body: Plain): void {
  const { keep, columns, ...rest } = body;
  // So that a table that is named and nothing more is a place too.
  places.set(table, 'named');
  for (const [key, item] of Object.entries(rest)) addAny(places, `${table} (${key})`, item);
  for (const column of listOf(keep)) places.set(`${table}.${column}`, 'keep');
  addRules(places, `${table}.`, columns);
}

function addRules(places: Map<string, string>, prefix: string, rules: unknown): void {
  for (const [name, rule] of Object.entries(isPlain(rules) ? rules : {})) {
    const json = isPlain(rule) && Object.keys(rule).length === 1 ? rule.json : undefined;
    if (!isPlain(json)) {
      places.set(`${prefix}${name}`, spelled(rule));
      continue;
    }
    const { keep, paths, ...rest } = json;
    places.set(`${prefix}${name}`, 'json');
    for (const [key, item] of Object.entries(rest)) addAny(places, `${prefix}${name} (${key})`, item);
    for (const path of listOf(keep)) places.set(`${prefix}${name} ${path}`, 'keep');
    addRules(places, `${prefix}${name} `, paths);
  }
}

function addAny(places: Map<string, string>, place: string, item: unknown): void {
  if (isPlain(item)) for (const [key, below] of Object.entries(item)) addAny(places, `${place}.${key}`, below);
  else places.set(place, spelled(item));
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
