import { documentPaths, type LiveSource } from '../../anonymizers/index.ts';
import type { DriftChange, Manifest, ManifestTable } from '../../core/index.ts';
import type { ColumnPlace } from '../extraction.ts';

type What = DriftChange['what'];
type Compare = (what: What, before: Iterable<string>, now: Iterable<string>, placeOf: (name: string) => string) => void;
type TableName = { readonly schema: string; readonly name: string };

const idOf = ({ schema, name }: TableName): string => `${schema}.${name}`;

/**
 * What the live systems have and the snapshot has not, and the other way round; columns, attributes and texts of the structure only where the
 * snapshot records them, columns only of tables that both have.
 */
export function driftOf(manifest: Manifest, sources: readonly LiveSource[]): DriftChange[] {
  const changes: DriftChange[] = [];
  const compare: Compare = (what, before, now, placeOf) => {
    const [old, current] = [new Set(before), new Set(now)];
    for (const name of current) if (!old.has(name)) changes.push({ change: 'new', what, place: placeOf(name) });
    for (const name of old) if (!current.has(name)) changes.push({ change: 'gone', what, place: placeOf(name) });
  };
  compare(
    'source',
    manifest.sources.map(({ name }) => name),
    sources.map(({ name }) => name),
    (name) => name,
  );
  for (const live of sources) {
    const taken = manifest.sources.find(({ name }) => name === live.name);
    if (!taken) continue;
    if (live.kind === 'ldap') {
      const known = taken.tables[0]?.columns;
      if (known) compare('attribute', known, live.attributes, (name) => `${live.name} attribute ${name}`);
      continue;
    }
    compare('table', taken.tables.map(idOf), live.tables.map(idOf), (name) => `${live.name} ${name}`);
    for (const table of live.tables) {
      const known = taken.tables.find((one) => idOf(one) === idOf(table))?.columns;
      if (known)
        compare(
          'column',
          known,
          table.columns.map(({ name }) => name),
          (name) => `${live.name} ${idOf(table)}.${name}`,
        );
    }
    if (!taken.places) continue;
    // A column and an index can have one name, and a comment each.
    const texts = Map.groupBy(
      taken.places.filter(({ section }) => section === 'structure'),
      ({ name }) => name,
    );
    const definitions = Map.groupBy(live.definitions ?? [], ({ kind, name }) => `${kind} ${name}`);
    const placeOf = (name: string): string => `${live.name} ${name}`;
    compare('text', texts.keys(), definitions.keys(), placeOf);
    for (const [name, now] of definitions) {
      // Of a text that was left out the snapshot has no digest.
      const before = texts.get(name)?.flatMap(({ digest }) => digest ?? []) ?? [];
      if (
        before.length > 0 &&
        !sameMembers(
          before,
          now.map(({ digest }) => digest),
        )
      )
        changes.push({ change: 'changed', what: 'text', place: placeOf(name) });
    }
  }
  return changes;
}

/**
 * The same of paths in documents, where the snapshot's policy decided them path by path.
 * @param valuesOf gives some of a column's documents: a path that is rare can be missed, and is then called gone
 */
export async function pathDrift(
  manifest: Manifest,
  sources: readonly LiveSource[],
  valuesOf: (source: string, place: ColumnPlace) => Promise<readonly Uint8Array[]>,
): Promise<DriftChange[]> {
  const changes: DriftChange[] = [];
  for (const live of sources) {
    const taken = manifest.sources.find(({ name }) => name === live.name);
    for (const table of taken?.tables ?? []) {
      for (const { column, met, unmet } of table.documents ?? []) {
        const found = placesOf(live, table, column);
        if (!found) continue;
        const now = documentPaths([...met, ...unmet], await valuesOf(live.name, found.column));
        const add = (change: DriftChange['change'], path: string): unknown =>
          changes.push({ change, what: 'path', place: `${found.place} ${path}` });
        for (const path of now.others) add('new', path);
        for (const path of met) if (!now.met.has(path)) add('gone', path);
      }
    }
  }
  return changes;
}

/** How the live system has a column, or an attribute, of the snapshot; undefined where it has not. */
function placesOf(
  live: LiveSource,
  table: ManifestTable,
  column: string,
): { readonly column: ColumnPlace; readonly place: string } | undefined {
  if (live.kind === 'ldap') {
    return live.attributes.includes(column)
      ? { column: { schema: '', table: '', column }, place: `${live.name} attribute ${column}` }
      : undefined;
  }
  const current = live.tables.find((one) => idOf(one) === idOf(table));
  return current?.columns.some(({ name }) => name === column)
    ? { column: { schema: table.schema, table: table.name, column }, place: `${live.name} ${idOf(table)}.${column}` }
    : undefined;
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === new Set(a).size;
}
